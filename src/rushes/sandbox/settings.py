"""The sandbox's settings: one record that flags, the control API and the docs are made from."""

import math
import typing
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from rushes.errors import SetupError
from rushes.providers.world import Rules

__all__ = ["SettingInfo", "Settings", "changed", "parse_setting", "setting_infos"]


class Settings(Rules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. A change holds for requests and tasks after it."""

    seed: Annotated[
        int, Meta(description="what pictures, clips and the spread of durations follow from")
    ] = 0
    default_credits: Annotated[
        int, Meta(ge=0, description="credits of an account at its first use")
    ] = 10_000
    queued_seconds: Annotated[float, Meta(ge=0, description="how long a task waits")] = 0.4
    image_seconds: Annotated[float, Meta(ge=0, description="how long an image is worked on")] = 1.2
    video_seconds: Annotated[float, Meta(ge=0, description="how long a video is worked on")] = 3.0
    jitter: Annotated[
        float, Meta(ge=0, lt=1, description="spread of these times: 0.2 is 20 % either way")
    ] = 0.2
    pace: Annotated[
        Literal["steady", "realistic"],
        Meta(description="realistic: minutes with a long tail, as busy providers take"),
    ] = "steady"
    after_polls: Annotated[
        int, Meta(ge=0, description="a task ends at its Nth look instead of by time; 0: by time")
    ] = 0
    callbacks: Annotated[
        bool, Meta(description="post to a task's webhookUrl when it ends (loopback addresses only)")
    ] = False
    expired_status: Annotated[
        Literal[403, 404, 410], Meta(description="HTTP status of an output's link that has died")
    ] = 403
    max_body_bytes: Annotated[
        int, Meta(ge=1024, description="largest request body, more is answered 413")
    ] = 64_000_000
    max_media_bytes: Annotated[
        int, Meta(ge=1024, description="largest file that the media host takes")
    ] = 200_000_000
    record_requests: Annotated[
        int, Meta(ge=0, description="how many requests the record keeps, the newest")
    ] = 20_000
    record_body_bytes: Annotated[
        int, Meta(ge=0, description="how much of each body the record keeps")
    ] = 16_384


class SettingInfo(NamedTuple):
    """One setting as help and docs show it."""

    name: str
    kind: str
    default: str
    help: str
    bounds: str


def setting_infos() -> tuple[SettingInfo, ...]:
    """List all settings, in the order in which help shows them."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    return tuple(_info(field, hints[field.name]) for field in msgspec.structs.fields(Settings))


def _info(field: msgspec.structs.FieldInfo, hint: Any) -> SettingInfo:
    kind, meta = typing.get_args(hint)
    limits, text = meta, ""
    if typing.get_origin(kind) is Literal:
        text = " | ".join(str(choice) for choice in typing.get_args(kind))
    elif type(None) in typing.get_args(kind):
        kind, limits = typing.get_args(typing.get_args(kind)[0])
        text = f"{kind.__name__} | none"
    signs = (("≥", limits.ge), ("≤", limits.le), (">", limits.gt), ("<", limits.lt))
    bounds = ", ".join(f"{sign} {bound:g}" for sign, bound in signs if bound is not None)
    name = text or kind.__name__
    return SettingInfo(field.name, name, _shown(field.default), meta.description, bounds)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if value == "" else str(value)


def parse_setting(text: str) -> tuple[str, Any]:
    """Read `name=value`; raises SetupError naming what is wrong and what is allowed."""
    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals:
        raise SetupError(f"Sandbox setting {text!r} is not name=value.", next_step=_NEXT)
    plain: Any = value.strip()
    if plain.lower() in ("none", "never", "null"):
        plain = None
    settings = changed(Settings(), {name: plain})
    return name, getattr(settings, name)


_NEXT = "See the list in docs/reference/sandbox.md."


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Return the settings with the changes made; values may be text, as flags give them.

    Raises SetupError for a name or value that is not allowed.
    """
    import difflib

    known = Settings.__struct_fields__
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SetupError(f"The sandbox has no setting {name!r}.{hint}", next_step=_NEXT)
    merged = msgspec.structs.asdict(settings) | changes
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
        for name in changes:
            value = getattr(settings, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise msgspec.ValidationError(f"{name} must be a finite number")
        return settings
    except msgspec.ValidationError as error:
        raise SetupError(f"Sandbox setting: {error}.", next_step=_NEXT) from None
