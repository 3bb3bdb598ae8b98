"""What the engine and the sandbox log, as a few lines beside the command's own."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

from rushes.cli.failures import say

REMEMBERED = 1000
"""How many texts a command that runs for weeks knows that it has said."""


@contextlib.contextmanager
def told_once(
    clear: Callable[[], None], followed: Callable[[], set[str]], *, quiet: bool
) -> Iterator[None]:
    """Say each warning and error of Rushes once, without its traceback, while the body runs.

    Left out is that a job of `followed` waits, which the progress says; and with `quiet` all
    warnings. `clear` takes a live line off the terminal. With RUSHES_DEBUG the log goes its way.
    """
    if os.environ.get("RUSHES_DEBUG"):
        yield
        return
    log = logging.getLogger("rushes")
    handler = _Teller(clear, followed, logging.ERROR if quiet else logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Teller(logging.Handler):
    def __init__(
        self, clear: Callable[[], None], followed: Callable[[], set[str]], level: int
    ) -> None:
        super().__init__(level)
        self._clear = clear
        self._followed = followed
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        first: Any = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if record.levelno < logging.ERROR and first in self._followed():
            return
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            # Not the exception's own text, which may hold anything.
            name = type(record.exc_info[1]).__name__
            text += f": {name} (for the traceback, set RUSHES_DEBUG=1)"
        if len(self._said) > REMEMBERED:
            self._said.clear()
        if text not in self._said:
            self._said.add(text)
            self._clear()
            say(text)
