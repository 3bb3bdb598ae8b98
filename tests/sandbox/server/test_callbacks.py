import http.server
import json
import queue
import threading
from collections.abc import Iterator

import pytest

from rushes.sandbox import Sandbox

from .calling import Client


@pytest.fixture
def posts() -> Iterator[tuple[str, "queue.Queue[tuple[str, bytes]]"]]:
    got: queue.Queue[tuple[str, bytes]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()
    thread.join()


def test_callbacks_are_posted_where_switched_on(
    client: Client, sandbox: Sandbox, posts: tuple[str, "queue.Queue[tuple[str, bytes]]"]
) -> None:
    """A loopback webhookUrl is told once that its task ended; other addresses never are."""
    origin, got = posts
    sandbox.set(callbacks=True)
    client.task(webhookUrl="http://192.0.2.1:9/never")
    client.task(webhookUrl="https://127.0.0.1:9/never")
    client.task(webhookUrl="no link")
    ended = client.task(webhookUrl=f"{origin}/hook?a=1")
    canceled = client.task(webhookUrl=f"{origin}/canceled")
    client.avm("PUT", f"tasks/{canceled}/cancel")
    sandbox.advance(60)
    seen = dict(got.get(timeout=20) for _ in range(2))
    assert {path: json.loads(body)["taskId"] for path, body in seen.items()} == {
        "/hook?a=1": ended,
        "/canceled": canceled,
    }


def test_callbacks_are_only_recorded_by_default(client: Client, sandbox: Sandbox) -> None:
    """The header is on record, and nothing is posted."""
    client.task(webhookUrl="http://127.0.0.1:9/hook")
    headers = {name.lower(): value for name, value in sandbox.requests()[0].headers}
    assert headers["webhookurl"] == "http://127.0.0.1:9/hook"
    assert sandbox.settings.callbacks is False
