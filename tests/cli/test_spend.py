import csv
import io
from pathlib import Path

import pytest

from .conftest import IMAGE, VIDEO, Commands


def test_nothing_spent(rushes: Commands) -> None:
    """Without a job: nothing on stdout, a word on stderr, an empty list as JSON."""
    done = rushes("spend")
    assert (done.code, done.out) == (0, "")
    assert "Nothing was spent." in done.err
    assert rushes("spend", "--json").json == []


def test_what_the_provider_said(keyed: Commands) -> None:
    """Charged, by whom, and its worth; a row for each model."""
    assert keyed(*VIDEO, "--quiet").code == 0
    (row,) = keyed("spend", "--by", "model", "--json").json
    assert row == {
        "model": "aivideomaker/t2v-v3",
        "provider": "aivideomaker",
        "jobs": 1,
        "reserved": 0,
        "charged": 20,
        "refunded": 0,
        "net": 20,
        "provider_said": 20,
        "by_quote": 0,
        "learned": 0,
        "assumed": 0,
        "unknown": 0,
        "usd": 0.2,
    }
    done = keyed("spend", "--by", "model")
    head, values = done.out.splitlines()
    assert head.split()[:3] == ["model", "provider", "jobs"]
    assert " ".join(values.split()) == "aivideomaker/t2v-v3 aivideomaker 1 0 20 0 20 $0.20"
    assert done.err == ""


def test_which_figures_are_not_the_providers(keyed: Commands) -> None:
    """A measured price is told apart, and that it is not exact is said."""
    assert keyed(*IMAGE, "--allow-unpriced", "--quiet").code == 0
    (row,) = keyed("spend", "--json").json
    assert (row["charged"], row["learned"], row["provider_said"]) == (5, 5, 0)
    assert "Only what the provider said is exact" in keyed("spend").err


def test_a_cost_that_nobody_knows(rushes: Commands) -> None:
    """Counted and said, and in no sum."""
    assert rushes(*IMAGE, "--quiet").code == 0
    done = rushes("spend")
    assert "1 job succeeded at a cost that nobody knows" in done.err
    (row,) = rushes("spend", "--json").json
    assert (row["charged"], row["unknown"], row["usd"]) == (0, 1, None)


def test_sandbox_jobs_are_apart(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """They show with --sandbox only, and then alone."""
    monkeypatch.setenv("RUSHES_SANDBOX", keyed.sandbox.url)
    assert keyed(*VIDEO, "--quiet").code == 0
    assert len(keyed("spend", "--json").json) == 1
    assert keyed("spend", "--no-sandbox", "--json").json == []
    monkeypatch.delenv("RUSHES_SANDBOX")
    assert keyed("spend", "--json").json == []


def test_csv(rushes: Commands) -> None:
    """A head and a row for each group, on stdout alone."""
    for _ in range(2):
        assert rushes(*VIDEO, "--quiet").code == 0
    done = rushes("spend", "--by", "credential", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["provider"], row["jobs"], row["charged"]) for row in rows] == [
        ("aivideomaker", "2", "40")
    ]
    assert rows[0]["credential"]
    assert rows[0]["usd"] == ""


def test_since(rushes: Commands) -> None:
    """Only jobs asked for on that day or later; what is no day is refused."""
    assert rushes(*VIDEO, "--quiet").code == 0
    (row,) = rushes("spend", "--json").json
    assert len(rushes("spend", "--since", row["day"], "--json").json) == 1
    assert rushes("spend", "--since", "2999-01-01", "--json").json == []
    assert rushes("spend", "--since", "yesterday").code == 2


def test_json_or_csv(rushes: Commands) -> None:
    """Both at once cannot be printed."""
    done = rushes("spend", "--json", "--csv")
    assert done.code == 2
    assert "only one of them" in done.out + done.err


def test_a_cap_refuses(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a cap: 4, with limit, used, asked and the setting; the dry run says so beforehand."""
    monkeypatch.setenv("RUSHES_MAX_CREDITS_PER_DAY", "30")
    assert keyed(*VIDEO, "--quiet").code == 0
    dry = keyed(*VIDEO, "--dry-run")
    assert dry.code == 4
    assert "limit 30 credits, used 20, asked 20" in dry.out
    done = keyed(*VIDEO)
    assert done.code == 4
    assert "limit 30 credits, used 20, asked 20" in done.err
    assert "RUSHES_MAX_CREDITS_PER_DAY" in done.err
    assert keyed.sandbox.creates() == 1


OTHER_PRICE = """\
schema = 1
[provider]
id = "aivideomaker"
[[price]]
model = "t2v-v3"
price = { per = "second", rate = 5, as_of = "2026-11-01" }
"""


def test_drift_is_shown_with_the_quote_and_the_job(keyed: Commands, tmp_path: Path) -> None:
    """A table that the provider does not keep to is told in both places."""
    folder = tmp_path / "home" / "catalog"
    folder.mkdir(parents=True)
    (folder / "own.toml").write_text(OTHER_PRICE, encoding="utf-8")
    home = ("--home", str(tmp_path / "home"))
    quoted = keyed("quote", *VIDEO[1:], *home)
    assert "20 credits" in quoted.out
    assert "price drift: the catalog's table says 25" in quoted.err
    assert keyed(*VIDEO, "--quiet", *home).code == 0
    shown = keyed("jobs", "show", "last", *home).out
    assert "quoted      25 credits, by the price table" in shown
    assert "price drift: 25 quoted, and the provider took 20" in shown


def test_no_drift_is_no_word(keyed: Commands) -> None:
    """Where table and provider agree, nothing is said."""
    assert keyed("quote", *VIDEO[1:]).err == ""
    assert keyed(*VIDEO, "--quiet").code == 0
    assert "price drift" not in keyed("jobs", "show", "last").out


def test_a_learned_price_says_how_it_was_learned(keyed: Commands) -> None:
    """With count and date, in the quote and on the job's page."""
    for _ in range(3):
        assert keyed(*IMAGE, "--allow-unpriced", "--quiet").code == 0
    done = keyed("quote", *IMAGE[1:])
    assert done.out == "mediaio/imagen-4: 5 credits, by what earlier jobs cost\n"
    assert "measured 3 times, last on 20" in done.err
    shown = keyed("jobs", "show", "last")
    assert "5 credits, by what earlier jobs cost; measured 2 times, last on 20" in shown.out
    note = keyed("jobs", "show", "last", "--json").json["quote"]["note"]
    assert note.startswith("measured 2 times")
