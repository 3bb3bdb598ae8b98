import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.engine.ranges import Span, range_headers, span, strong_validator

DATE = "Tue, 03 Nov 2026 10:00:05 GMT"
EARLIER = "Tue, 03 Nov 2026 10:00:04 GMT"


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"a-1"', "last-modified": EARLIER, "date": DATE}, '"a-1"'),
        ({"etag": 'W/"a-1"'}, None),
        ({"etag": 'W/"a-1"', "last-modified": EARLIER, "date": DATE}, EARLIER),
        ({"etag": "a-1"}, None),
        ({"etag": '"a"b"'}, None),
        ({"last-modified": EARLIER, "date": DATE}, EARLIER),
        ({"last-modified": DATE, "date": DATE}, None),
        ({"last-modified": EARLIER}, None),
        ({"last-modified": "yesterday", "date": DATE}, None),
        ({"last-modified": "Tue, 03 Nov 2026 10:00:04", "date": DATE}, None),
        ({}, None),
    ],
)
def test_only_a_strong_validator_is_kept(headers: dict[str, str], validator: str | None) -> None:
    """What could be the same for two files would join halves of both."""
    assert strong_validator(headers) == validator


def test_a_range_is_asked_for_only_with_start_and_validator() -> None:
    """Else the whole file is asked for."""
    assert range_headers(9, '"a"') == {"Range": "bytes=9-", "If-Range": '"a"'}
    assert range_headers(0, '"a"') == range_headers(9, None) == {}


@pytest.mark.parametrize(
    ("status", "headers", "start", "found"),
    [
        (200, {"content-length": "70"}, 0, Span(start=0, length=70)),
        (200, {"content-length": "70"}, 9, Span(start=0, length=70)),
        (200, {}, 0, Span(start=0, length=None)),
        (200, {"content-length": "-7"}, 0, Span(start=0, length=None)),
        (206, {"content-range": "bytes 9-69/70"}, 9, Span(start=9, length=70)),
        (206, {"content-range": "bytes 9-69/*"}, 9, Span(start=9, length=None)),
        (206, {"content-range": "Bytes 0-69/70"}, 0, Span(start=0, length=70)),
        (206, {"content-range": "bytes 8-69/70"}, 9, None),
        (206, {"content-range": "bytes */70"}, 9, None),
        (206, {"content-type": "multipart/byteranges"}, 9, None),
        (206, {"content-range": "bytes 9-69/70", "etag": '"a"'}, 9, Span(start=9, length=70)),
        (206, {"content-range": "bytes 9-69/70", "etag": '"b"'}, 9, None),
        (416, {"content-range": "bytes */9"}, 9, Span(start=9, length=9)),
        (416, {"content-range": "bytes */8"}, 9, None),
        (416, {}, 9, None),
        (416, {}, 0, Span(start=0, length=None)),
        (404, {"content-length": "70"}, 9, Span(start=0, length=None)),
    ],
)
def test_an_answer_says_where_its_bytes_stand(
    status: int, headers: dict[str, str], start: int, found: Span | None
) -> None:
    """None: these bytes cannot follow those that are here."""
    assert span(status, headers, start=start, validator='"a"') == found


def test_a_changed_date_is_another_file() -> None:
    """A Last-Modified is compared where that was the validator."""
    headers = {"content-range": "bytes 9-69/70", "last-modified": DATE, "etag": '"any"'}
    assert span(206, headers, start=9, validator=EARLIER) is None
    assert span(206, headers, start=9, validator=DATE) == Span(start=9, length=70)


names = st.sampled_from(["etag", "last-modified", "date", "content-range", "content-length"])


@given(st.sampled_from([200, 206, 416]), st.dictionaries(names, st.text()), st.integers(0, 99))
def test_no_header_is_too_odd(status: int, headers: dict[str, str], start: int) -> None:
    """Whatever a server says, the start is 0 or the one asked for."""
    found = span(status, headers, start=start, validator=strong_validator(headers))
    assert found is None or found.start in (0, start)
