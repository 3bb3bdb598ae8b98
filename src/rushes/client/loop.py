"""One event loop in a thread of its own, which ends before the process does."""

import asyncio
import concurrent.futures.thread  # noqa: F401 - its end must be registered before ours
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from rushes.errors import ForkedClient

T = TypeVar("T")

at_exit: set[Callable[[], None]] = set()
"""What is called when the main thread has ended, while threads can still be used."""


def _close_all() -> None:
    for close in list(at_exit):
        close()


# `atexit` comes too late: by then no thread pool takes work any more, and the answer to a create
# in flight could not be recorded.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]  # noqa: SLF001


class Loop:
    """One event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="rushes-client", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; an interrupt cancels the waiting, never a create in flight."""
        if os.getpid() != self._pid:
            work.close()
            raise ForkedClient(
                "This client was made before a fork, and its thread did not survive it.",
                next_step="Make a new client in the child: Rushes()",
            )
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Iterate, one item at a time."""
        end = object()
        while (item := self.run(_next(items, end))) is not end:
            yield item  # type: ignore[misc]

    def stop(self) -> None:
        """Stop the thread."""
        if os.getpid() == self._pid and self._thread.is_alive():
            self.run(_cancel_the_rest())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _next(items: AsyncIterator[T], end: object) -> T | object:
    return await anext(items, end)
