"""Thousands of jobs through faults of every kind and deaths of the engine, and then the books."""
