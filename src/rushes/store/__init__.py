"""Where jobs are kept: what a job is, what the engine asks of a store, and SQLite below it."""
