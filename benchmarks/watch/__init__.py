"""Measures watching: queries, delay, memory and CPU with thousands of tasks in flight."""
