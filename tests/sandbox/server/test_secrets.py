import json
from pathlib import Path

from rushes.sandbox import Sandbox

from .calling import T2V, Client, create_bytes, raw

KEY = "sk-very-secret-0123456789"


def test_no_key_is_kept_or_shown(tmp_path: Path) -> None:
    """A key is in no file of the world, no record, no answer of the control."""
    path = tmp_path / "world.sqlite3"
    with Sandbox(path=path) as sandbox:
        client = Client(sandbox, KEY)
        client.create(Authorization=f"Bearer {KEY}", X_Api_Key=KEY)
        client.create(value=T2V | {"prompt": f"my key is {KEY}"})
        client.avm("GET", f"tasks?key={KEY}")
        client.balance()
        sandbox.fault("create:status:status=500", key=KEY)
        assert client.create().status == 500
        Client(sandbox, "another").create()
        sandbox.add_credits(KEY, 5)
        raw(sandbox, create_bytes(KEY))
        names = ("requests", "accounts", "charges", "faults", "settings")
        answers = [client.send("GET", f"/_sandbox/{name}").body.decode() for name in names]
        shown = [json.dumps(sandbox.har()), repr(sandbox.requests()), *answers]
        assert len(sandbox.requests(key=KEY)) == 6
    assert [text for text in shown if KEY in text] == []
    record = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    # The prompt itself is the user's text and stands in the task, as at the provider.
    assert record.count(KEY.encode()) == record.count(b"my key is " + KEY.encode())
