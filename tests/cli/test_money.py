import pytest

from .conftest import Commands


def test_quote_of_the_table(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the table's price is said, with its source and worth."""
    monkeypatch.delenv("AIVIDEO_API_KEY")
    request = ("quote", "x", "-m", "minimax", "-d", "7", "-r", "1080p", "--set", "tier=base")
    done = keyed(*request)
    assert done.code == 0
    assert done.out == "aivideomaker/minimax: 35 credits (about $0.35), by the price table\n"
    assert keyed(*request, "--json").json == {
        "model": "aivideomaker/minimax",
        "provider": "aivideomaker",
        "credits": 35,
        "source": "table",
        "note": "",
        "usd": 0.35,
    }


def test_quote_of_the_provider(rushes: Commands) -> None:
    """Where the provider quotes, it is asked, and nothing is created."""
    done = rushes("quote", "x", "-m", "t2v", "-d", "5", "-a", "1:1", "--json").json
    assert (done["credits"], done["source"]) == (15, "provider")
    assert [entry.action for entry in rushes.sandbox.requests()] == ["quote"]


def test_quote_that_nobody_knows(rushes: Commands) -> None:
    """An unknown price is said to be unknown, never 0."""
    assert rushes("quote", "x", "-m", "imagen-4", "--json").json["credits"] is None
    assert rushes("quote", "x", "-m", "imagen-4").out.startswith("mediaio/imagen-4: unknown")


def test_quote_of_a_wrong_request(rushes: Commands) -> None:
    """A wrong request has no price: 2, with all its problems."""
    done = rushes("quote", "x", "-m", "t2v-v3", "-d", "7", "--json")
    assert done.code == 2
    assert len(done.json["error"]["problems"]) == 2


def test_credits(rushes: Commands) -> None:
    """Each provider's balance, and where the key was found; the key is not shown."""
    found = rushes("credits", "--json").json
    assert [(one["provider"], one["credits"]) for one in found] == [
        ("mediaio", 10_000),
        ("aivideomaker", 10_000),
    ]
    assert "10,000" in rushes("credits", "aivideomaker").out


def test_credits_with_one_key(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider without a key is shown so, and is no failure while another has one."""
    monkeypatch.delenv("MEDIAIO_API_KEY")
    done = keyed("credits")
    assert done.code == 0
    assert "no key" in done.out
    assert keyed("credits", "mediaio", "--json").json["error"]["code"] == "MISSING_CREDENTIAL"


def test_credits_without_any_key(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key at all: 5, naming each variable and page."""
    monkeypatch.delenv("MEDIAIO_API_KEY")
    monkeypatch.delenv("AIVIDEO_API_KEY")
    done = keyed("credits")
    assert done.code == 5
    assert "MEDIAIO_API_KEY" in done.err
    assert "https://aivideomaker.ai" in done.err


def test_credits_with_a_refused_key(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused key: 5, and the other balance is shown all the same."""
    monkeypatch.setenv("MEDIAIO_API_KEY", "bad-key-of-a-test")
    done = keyed("credits")
    assert done.code == 5
    assert "error AUTH_FAILED" in done.err
    assert "10,000" in done.out
    assert "bad-key-of-a-test" not in done.out + done.err
