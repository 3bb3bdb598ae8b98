"""What the kill matrix is run over: a generation, and what the contracts leave open about it.

Settings are crossed where one can change what another does. What only a list shows is crossed
with what only a list can prove; what only a failure shows, among tasks that fail.
"""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

PROMPT = "a paper boat"
IMAGE = {"model": "mediaio/imagen-4", "prompt": PROMPT, "idempotency_key": "mine"}
CLIP = {
    "model": "mediaio/vidu-q3-text-to-video",
    "prompt": PROMPT,
    "duration": 4,
    "resolution": "540p",
    "aspect_ratio": "16:9",
    "idempotency_key": "mine",
}
VIDEO = {
    "model": "aivideomaker/t2v-v3",
    "prompt": PROMPT,
    "duration": 5,
    "aspect_ratio": "16:9",
    "idempotency_key": "mine",
}
QUICK = {"queued_seconds": 0.2, "image_seconds": 0.5, "video_seconds": 0.5, "jitter": 0.0}
REFUNDS = {"refund_seconds": (0.0, 600.0, None)}
LISTS = {
    "list_cap": (None, 20, 100),
    "list_delay_seconds": (0.0, 90.0),
    "money_headers": (True, False),
    "new_fields": (True, False),
}
OF_MEDIAIO = {
    "charge_at": ("create", "completion"),
    "older_names": (False, True),
    "mediaio_result": ("list", "object"),
}
OF_FAILURES = {
    "charge_at": ("create", "completion"),
    "older_names": (False, True),
    "mediaio_refunds": (True, False),
}


class Case(NamedTuple):
    """One generation in one world. `fails`: the provider accepts its task, which then fails."""

    request: dict[str, Any]
    settings: dict[str, Any]
    fails: bool = False

    @property
    def provider(self) -> str:
        """The provider's id."""
        return str(self.request["model"]).partition("/")[0]

    @property
    def name(self) -> str:
        """The case in words."""
        words = [f"{name}={value}" for name, value in self.settings.items()]
        return " ".join([str(self.request["model"]), *(["fails"] if self.fails else []), *words])


def cases() -> list[Case]:
    """Return all cases, in an order that never changes."""
    found = [Case(VIDEO, settings) for settings in _crossed(LISTS)]
    found += [
        Case(VIDEO, settings, fails=True)
        for settings in _crossed(REFUNDS | {"new_fields": (True, False)})
    ]
    for request in (IMAGE, CLIP):
        found += [Case(request, settings) for settings in _crossed(OF_MEDIAIO)]
        found += [
            Case(request, settings, fails=True) for settings in _crossed(REFUNDS | OF_FAILURES)
        ]
    return found


def _crossed(choices: dict[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))
