from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.errors import CatalogError
from rushes.providers.base import Answer
from rushes.providers.reading import (
    fill,
    json_object,
    link,
    moment,
    retry_after,
    shown,
    task_id,
    text,
    whole,
)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("a  b\n\tc", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("left\u202eright\u200b", "leftright"),
        ("a\u2028b", "a b"),
        ("lone \ud800", "lone"),
        (404, "404"),
        (True, ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_text_is_one_clean_line(value: object, read: str) -> None:
    """Control, direction and half characters go; numbers are text, other things are nothing."""
    assert text(value) == read


@settings(deadline=None)
@given(st.text(max_size=3000), st.integers(1, 600))
def test_text_is_bounded(value: str, limit: int) -> None:
    """However long a provider talks, the line is printable and no longer than its limit."""
    line = text(value, limit)

    assert len(line) <= limit
    assert line.isprintable()


@pytest.mark.parametrize("value", ["ck1", "tv_7f3a9c", "7F3A-01.b:2", "x" * 200])
def test_a_plausible_task_id(value: str) -> None:
    """Letters, digits and a few marks, to 200 characters."""
    assert task_id(value) == value


@pytest.mark.parametrize(
    "value", ["", " ", "..", "../x", "-a", "a b", "a/b", "a\n", "ä", "١", "x" * 201, 7, None, True]
)
def test_no_task_id(value: object) -> None:
    """What could climb in a path, break a line, or is no text at all is no task id."""
    assert task_id(value) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [(24, 24), (0, 0), (24.0, 24), (24.5, None), (-1, None), (True, None), ("24", None)],
)
def test_whole_numbers_of_credits(value: object, read: int | None) -> None:
    """Only whole numbers from 0 are credits."""
    assert whole(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("https://cdn.example/a.mp4?x=1#y", "https://cdn.example/a.mp4?x=1#y"),
        ("http://127.0.0.1:8080/a.png", "http://127.0.0.1:8080/a.png"),
        ("file:///etc/passwd", None),
        ("ftp://cdn.example/a", None),
        ("/bucket/a.png", None),
        ("https://cdn.example/a b", None),
        ("https://cdn.example/a\r\nX: y", None),
        ("https://cdn.example/" + "a" * 9000, None),
        ("", None),
        (None, None),
    ],
)
def test_links(value: object, read: str | None) -> None:
    """Only http(s) URLs without spaces or control characters are links."""
    assert link(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-09-13T10:00:00Z", 1789293600.0),
        ("2026-09-13T12:00:00+02:00", 1789293600.0),
        ("2026-09-13T10:00:00.250", 1789293600.25),
        ("yesterday", None),
        ("", None),
        (1789293600, None),
        (None, None),
    ],
)
def test_moments(value: object, read: float | None) -> None:
    """ISO 8601 with any offset; without one it is UTC; anything else is no time."""
    assert moment(value) == read


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.datetimes(timezones=offsets))
def test_every_moment_is_read(time: datetime) -> None:
    """Any time in any zone is read as the seconds that it is, to the ends of the calendar."""
    assert moment(time.isoformat()) in (time.timestamp(), None)
    if 1970 < time.year < 9999:
        assert moment(time.isoformat()) == time.timestamp()


@pytest.mark.parametrize(
    ("headers", "at", "seconds"),
    [
        ({"retry-after": "17"}, 0.0, 17.0),
        ({"retry-after": " 1.5 "}, 0.0, 1.5),
        ({"retry-after": "0"}, 0.0, 0.0),
        ({"retry-after": "999999999"}, 0.0, 86_400.0),
        ({"retry-after": "-5"}, 0.0, None),
        ({"retry-after": "١٧"}, 0.0, None),
        ({"retry-after": "soon"}, 1.0, None),
        ({"retry-after": ""}, 1.0, None),
        ({}, 1.0, None),
        ({"retry-after": "Sun, 13 Sep 2026 10:00:00 GMT"}, 1789293590.0, 10.0),
        ({"retry-after": "Sun, 13 Sep 2026 10:00:00 GMT"}, 1789293690.0, 0.0),
        ({"retry-after": "Sun, 13 Sep 2026 10:00:00 GMT"}, 0.0, None),
        (
            {
                "retry-after": "Sun, 13 Sep 2026 10:00:00 GMT",
                "date": "Sun, 13 Sep 2026 09:59:00 GMT",
            },
            1.0,
            60.0,
        ),
        (
            {"retry-after": "Sun, 13 Sep 2026 10:00:00 GMT", "date": "now"},
            1789293590.0,
            10.0,
        ),
    ],
)
def test_retry_after(headers: dict[str, str], at: float, seconds: float | None) -> None:
    """Seconds or a date, by the provider's own clock where it shows one; at most a day."""
    assert retry_after(Answer(status=429, headers=headers, at=at)) == seconds


def test_fill_escapes_and_takes_out() -> None:
    """A value that the path names goes there, escaped, and is not left for the body."""
    assert fill("/r/{task_id}", {"task_id": "a/b {x}", "n": 1}) == ("/r/a%2Fb%20%7Bx%7D", {"n": 1})
    assert fill("/r/{task_id}", {"task_id": ".."}) == ("/r/%2E%2E", {})
    assert fill("/r/{a}/{a}", {"a": 1}) == ("/r/1/1", {})
    assert fill("/r", {"n": 1}) == ("/r", {"n": 1})


def test_fill_needs_what_the_path_names() -> None:
    """A path that names what is not there is the catalog's fault, and says so."""
    with pytest.raises(CatalogError, match="task_id"):
        fill("/r/{task_id}", {})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"<html>", b"\xff"])
def test_what_is_no_json_object(body: bytes) -> None:
    """Only a JSON object is one."""
    assert json_object(body) is None


def test_an_undocumented_answer_is_shown_in_short() -> None:
    """The sentence names the HTTP status and the answer's beginning."""
    page = shown(Answer(status=502, body=b"<h1>Bad\nGateway</h1>" + b"x" * 9000))

    assert "HTTP 502" in page
    assert "<h1>Bad Gateway</h1>" in page
    assert len(page) < 300
    assert "empty" in shown(Answer(status=504))
