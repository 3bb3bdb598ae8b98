import pytest

from .conftest import VIDEO, Commands


def test_shows_the_exact_request_and_sends_nothing(
    keyed: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, address, masked key and where it came from, body, quote and checks; no request."""
    monkeypatch.setenv("AIVIDEO_API_KEY", "a-long-secret-key-9876")
    done = keyed(*VIDEO, "--dry-run")
    assert done.code == 0
    lines = done.out.splitlines()
    assert f"POST {keyed.sandbox.url}/api/v1/generate/t2v_v3" in lines
    assert "key: ****9876" in lines
    assert "(the key comes from AIVIDEO_API_KEY)" in lines
    assert '  "duration": "5"' in lines
    assert "X-Max-Credits: 20" in lines
    assert any(line.startswith("ok      price       20 credits") for line in lines)
    assert "a-long-secret" not in done.out + done.err
    assert keyed.sandbox.requests() == ()
    assert keyed("jobs", "--json").json == []


def test_what_is_sent_is_what_was_shown(rushes: Commands) -> None:
    """The body of the dry run is, byte for byte as JSON, that of the create."""
    import json

    shown = rushes(*VIDEO, "--dry-run", "--json").json
    assert rushes(*VIDEO, "--no-wait", "--quiet").code == 0
    (sent,) = rushes.sandbox.requests(action="create")
    assert (sent.method, sent.url) == (shown["method"], shown["url"])
    assert json.loads(sent.body) == shown["body"]
    told = {name.lower(): value for name, value in sent.headers}
    for name, value in shown["headers"].items():
        if name not in {"key", "Idempotency-Key"}:
            assert told[name.lower()] == value


@pytest.mark.parametrize(
    ("more", "key", "code", "failed"),
    [
        ([], "a-long-secret-key-9876", 0, set()),
        (["--set", "seed=1"], "a-long-secret-key-9876", 2, {"parameters", "price"}),
        (["--max-credits", "1"], "a-long-secret-key-9876", 4, {"price"}),
        ([], "", 5, {"key"}),
    ],
)
def test_every_check_and_its_exit_code(
    keyed: Commands,
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    key: str,
    code: int,
    failed: set[str],
) -> None:
    """Each check is told with ok or not ok; the exit code is that of the first which failed."""
    monkeypatch.setenv("AIVIDEO_API_KEY", key)
    done = keyed(*VIDEO, *more, "--dry-run", "--json")
    assert done.code == code
    assert {check["name"] for check in done.json["checks"] if not check["ok"]} == failed
    assert done.json["ok"] is (code == 0)
    assert keyed.sandbox.requests() == ()


def test_missing_picture(rushes: Commands) -> None:
    """A file that is not there is a media problem: 2."""
    done = rushes("generate", "x", "-m", "kling-3.0", "--image", "none.png", "--dry-run")
    assert done.code == 2
    assert "NOT OK  media       image cannot be read (none.png)" in done.out


def test_long_data_uris_are_cut_for_people_only(rushes: Commands, picture: object) -> None:
    """People see the beginning and length of a data URI; --json has it whole."""
    request = ("generate", "x", "-m", "i2v", "-d", "5", "--image", str(picture), "--dry-run")
    people = rushes(*request)
    assert people.code == 0, people.out
    assert max(map(len, people.out.splitlines())) < 200
    assert "characters)" in people.out
    whole = rushes(*request, "--json").json["body"]["image"]
    assert whole.startswith("data:image/png;base64,")
    assert len(whole) > 10_000
