"""The clients: asynchronous, and blocking over one background loop."""
