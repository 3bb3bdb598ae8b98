"""The SQLite store: files in temporary folders, no sockets."""
