"""Submit, settle, watch, archive, money: the life of a job, driven by the store."""
