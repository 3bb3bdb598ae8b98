"""A plain client, no cleverer than curl: one connection for each call, nothing sent twice."""

import http.client
import json
import socket
import struct
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rushes.sandbox import Sandbox

T2V = {"prompt": "a paper boat", "aspectRatio": "16:9", "duration": "5"}
IMAGEN = {"prompt": "a paper boat"}
IMAGEN_PATH = "/generation/imagen/t2i-imagen-4"
WAN_PATH = "/generation/wan/t2v-wan-v2-6"
SAMPLES = Path(__file__).parents[3] / "src" / "rushes" / "providers"


class Got(NamedTuple):
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json()["data"]


class Client:
    """Speaks to a sandbox under one key; a key of None sends none."""

    def __init__(self, sandbox: Sandbox, key: str | None = "a-key-of-mine") -> None:
        self.sandbox = sandbox
        self.key = key

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Got:
        where = urlsplit(self.sandbox.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
        try:
            connection.request(method, path.removeprefix(self.sandbox.url), body, headers or {})
            answer = connection.getresponse()
            return Got(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Got:
        return self.send("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def control(self, method: str, name: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        return self.send(method, f"/_sandbox/{name}", body).json()

    # Media.io

    def mediaio(self, path: str, value: Any, **headers: str) -> Got:
        sent = {"Content-Type": "application/json"} | headers
        if self.key is not None:
            sent.setdefault("X-API-KEY", self.key)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.send("POST", path, body, sent)

    def balance(self) -> int:
        held: int = self.mediaio("/user/credits", {}).data["credits"]
        return held

    def imagine(self, path: str = IMAGEN_PATH, **params: Any) -> str:
        task: str = self.mediaio(path, {"data": IMAGEN | params}).data["task_id"]
        return task

    def result(self, task: str) -> Got:
        return self.mediaio(f"/generation/result/{task}", {})

    # AIVideoMaker

    def avm(self, method: str, path: str, value: Any = None, **headers: str) -> Got:
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.key is not None:
            sent.setdefault("key", self.key)
        body = None
        if value is not None:
            sent.setdefault("Content-Type", "application/json")
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.send(method, f"/api/v1/{path}", body, sent)

    def create(self, model: str = "t2v", value: Any = None, **headers: str) -> Got:
        return self.avm("POST", f"generate/{model}", T2V if value is None else value, **headers)

    def task(self, **headers: str) -> str:
        task: str = self.create(**headers).json()["taskId"]
        return task

    def status(self, task: str) -> str:
        status: str = self.avm("GET", f"tasks/{task}/status").json()["status"]
        return status

    def output(self) -> str:
        """Make a small finished picture, and return its link."""
        task = self.imagine()
        self.sandbox.advance(60)
        link: str = self.result(task).data["result"][0]["preview"]
        return link


class Raw(NamedTuple):
    """What a bare socket saw: the bytes, and how the connection ended."""

    content: bytes
    ending: str

    @property
    def body(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[2]


def raw(sandbox: Sandbox, sent: bytes, *, most: int = 1 << 30, ended: bool = False) -> Raw:
    """Send bytes and read until the server closes, resets, or `most` bytes have come.

    `ended`: say that nothing more will be sent.
    """
    where = urlsplit(sandbox.url)
    got = b""
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        try:
            connection.sendall(sent)
            if ended:
                connection.shutdown(socket.SHUT_WR)
            while len(got) < most:
                piece = connection.recv(65536)
                if not piece:
                    return Raw(got, "closed")
                got += piece
        except ConnectionResetError:
            return Raw(got, "reset")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return Raw(got, "enough")


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Write a request as bytes that asks for the connection to be closed."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def create_bytes(key: str = "a-key-of-mine") -> bytes:
    """Write a good create of AIVideoMaker as bytes."""
    body = json.dumps(T2V).encode()
    headers = {"key": key, "Content-Type": "application/json"}
    return request("POST", "/api/v1/generate/t2v", body, **headers)


def sample_calls() -> list[tuple[str, dict[str, Any]]]:
    """Return the create of every request sample, with the sample's name."""
    calls = []
    for path in sorted(SAMPLES.glob("*/samples/requests/*.json")):
        for number, sample in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            name = f"{path.parents[2].name}/{path.stem}/{number}"
            calls.append((name, sample["call"]))
    return calls
