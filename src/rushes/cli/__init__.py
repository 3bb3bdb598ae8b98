"""The command `rushes`. Each command's module is loaded only when that command is run."""
