"""Posts to the webhookUrl of tasks that ended, where that is switched on, on loopback only.

What AIVideoMaker posts is not published; the sandbox posts {"taskId": ...} and nothing to trust.
"""

import asyncio
import ipaddress
from urllib.parse import SplitResult, urlsplit

from .state import State

__all__ = ["Callbacks"]

_BETWEEN_LOOKS = 0.05
_PATIENCE = 2.0


class Callbacks:
    """Looks for tasks that ended, and posts once for each, whatever is answered."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def run(self) -> None:
        """Go on until canceled."""
        while True:
            for task_id, link in self._due():
                await _post(task_id, link)
            await asyncio.sleep(_BETWEEN_LOOKS)

    def _due(self) -> list[tuple[str, str]]:
        self._state.refresh()
        if not self._state.settings.callbacks:
            return []
        with self._state.writing() as state:
            now = state.clock.now()
            due = state.ask(
                "SELECT number, id, callback FROM tasks WHERE callback IS NOT NULL "
                "AND called = 0 AND (ends <= ? OR canceled IS NOT NULL)",
                (now,),
            )
            for number, _, _ in due:
                state.db.execute("UPDATE tasks SET called = 1 WHERE number = ?", (number,))
        return [(task_id, link) for _, task_id, link in due]


def _loopback(link: str) -> SplitResult | None:
    """Return the link's parts where it goes to this machine by its spelling, else None."""
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
        good = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return None
    plain = link.isascii() and link.isprintable() and " " not in link
    return parts if good and plain and port != 0 and parts.scheme == "http" else None


async def _post(task_id: str, link: str) -> None:
    parts = _loopback(link)
    if parts is None:
        return
    body = f'{{"taskId":"{task_id}"}}'.encode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(head.encode("ascii") + body)
                await reader.read(1024)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return
