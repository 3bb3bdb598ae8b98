import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SetupError
from rushes.sandbox import Settings, parse_setting, setting_infos
from rushes.sandbox.settings import changed


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("list_cap=20", "list_cap", 20),
        ("list-cap=none", "list_cap", None),
        ("refund_seconds=never", "refund_seconds", None),
        ("refund_seconds=2.5", "refund_seconds", 2.5),
        ("new_fields=false", "new_fields", False),
        ("charge_at=completion", "charge_at", "completion"),
        ("expired_status=410", "expired_status", 410),
        ("later_links_origin=", "later_links_origin", ""),
    ],
)
def test_text_is_read(text: str, name: str, value: object) -> None:
    """A flag's text becomes a value of the setting's own type."""
    assert parse_setting(text) == (name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("list_cap", "is not name=value"),
        ("list_kap=3", "Did you mean list_cap?"),
        ("list_cap=0", "list_cap"),
        ("charge_at=later", "charge_at"),
        ("new_fields=perhaps", "new_fields"),
        ("video_seconds=-1", "video_seconds"),
        ("video_seconds=inf", "finite"),
        ("seed=1.5", "seed"),
    ],
)
def test_wrong_text_is_explained(text: str, said: str) -> None:
    """The error names the setting and what is wrong with it."""
    with pytest.raises(SetupError) as caught:
        parse_setting(text)
    assert said in caught.value.message


@given(st.text(max_size=30))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No text breaks the reader."""
    with contextlib.suppress(SetupError):
        parse_setting(text)


def test_every_setting_explains_itself() -> None:
    """Each has help; its default, written down, is read as itself."""
    assert [info.name for info in setting_infos()] == list(Settings.__struct_fields__)
    for info in setting_infos():
        assert info.help
        plain = info.default.strip('"')
        assert parse_setting(f"{info.name}={plain}") == (
            info.name,
            getattr(Settings(), info.name),
        )


def test_settings_survive_json() -> None:
    """They are kept as JSON and read back the same."""
    settings = changed(Settings(), {"list_cap": "3", "refund_seconds": None})
    assert msgspec.json.decode(msgspec.json.encode(settings), type=Settings) == settings
