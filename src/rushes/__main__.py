"""`python -m rushes` is the command `rushes`."""

from rushes.cli.entry import main

main()
