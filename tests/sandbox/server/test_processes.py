import json
import subprocess
import sys
from pathlib import Path

from rushes.sandbox import Sandbox, Settings

from .calling import Client

WORKER = """
import json, sys
from pathlib import Path
from rushes.sandbox import Sandbox
import http.client
from urllib.parse import urlsplit

path, key, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
body = json.dumps({"prompt": "a", "aspectRatio": "16:9", "duration": "5"})
with Sandbox(path=path) as sandbox:
    print("ready", flush=True)
    sys.stdin.readline()
    where = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(where.hostname, where.port)
    for number in range(count):
        headers = {"key": key, "Content-Type": "application/json"}
        headers["Idempotency-Key"] = f"the-key-of-{number}"
        connection.request("POST", "/api/v1/generate/t2v", body, headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        print(json.loads(answer.read())["taskId"], flush=True)
"""


def test_later_process_finds_its_tasks(tmp_path: Path) -> None:
    """A world in a file keeps tasks, accounts, media and settings, under another port."""
    path = tmp_path / "sandbox" / "world.sqlite3"
    with Sandbox(Settings(list_cap=7), path) as sandbox:
        client = Client(sandbox)
        task = client.imagine()
        media = sandbox.put_media(b"GIF89a")
    with Sandbox(path=path) as later:
        client = Client(later)
        later.advance(60)
        (output,) = client.result(task).data["result"]
        assert output["preview"].startswith(later.url)
        drawn = client.get(output["preview"]).body
        params = {"prompt": "a", "images": [media]}
        answer = client.mediaio("/generation/banana/i2i-banana", {"data": params})
        assert answer.json()["code"] == 0
        assert (later.settings.list_cap, later.balance("a-key-of-mine", "mediaio")) == (7, 9990)
        assert next(entry.action for entry in later.requests()) == "create"
    with Sandbox(path=path) as last:
        link = output["preview"].replace(later_port(output["preview"]), later_port(last.url))
        assert Client(last).get(link).body == drawn


def later_port(url: str) -> str:
    """Return the port of a URL."""
    return url.split(":")[2].split("/")[0]


def test_two_processes_share_a_world(tmp_path: Path) -> None:
    """What one charges the other sees; one idempotency key makes one task in both together."""
    path, count = tmp_path / "world.sqlite3", 25
    with Sandbox(path=path) as sandbox:
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(path), key, str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for key in ("shared", "shared", "own")
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        outputs = [worker.communicate("go\n", timeout=60)[0].split() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0, 0]
        assert [len(tasks) for tasks in outputs] == [count] * 3
        assert set(outputs[0]) == set(outputs[1])
        assert (sandbox.creates("shared"), sandbox.creates("own")) == (count, count)
        assert sandbox.charged() == 2 * count * 15
        assert sandbox.balance("shared", "aivideomaker") == 10_000 - count * 15
        assert len(sandbox.requests()) == 3 * count
        assert Client(sandbox, "own").avm("GET", "tasks").json()["tasks"][0]["id"] in outputs[2]


def test_settings_clock_and_faults_are_shared(tmp_path: Path) -> None:
    """What is set in one sandbox over a world holds in the other at its next request."""
    path = tmp_path / "world.sqlite3"
    with Sandbox(path=path) as one, Sandbox(path=path) as other:
        client = Client(other)
        assert client.create().status == 200
        one.set(money_headers=False)
        one.fault("create:status:status=500:times=1")
        one.freeze()
        now = one.advance(5_000)
        assert [client.create(X_Max_Credits="1").status for _ in range(2)] == [500, 200]
        assert other.now() == now
        assert one.creates() == 2


def test_unusable_file_is_said(tmp_path: Path) -> None:
    """A file that is no world is named, with what to do about it."""
    import pytest

    from rushes.errors import StoreError

    path = tmp_path / "world.sqlite3"
    path.write_text(json.dumps({"not": "a world"}) * 100)
    with pytest.raises(StoreError, match="Remove"):
        Sandbox(path=path)
