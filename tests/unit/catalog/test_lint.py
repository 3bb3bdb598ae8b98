"""The linter: one fault at a time, each said with its entry."""

from typing import Any

import msgspec
import pytest

from rushes.catalog.lint import lint_endpoints, lint_model
from rushes.catalog.schema import Endpoint, Model

PROMPT = {"name": "prompt", "wire": "prompt", "kind": "text", "form": "string", "required": True}
IMAGE = {
    "name": "image",
    "wire": "image",
    "kind": "media",
    "form": "string",
    "media": {"kind": "image"},
}
DURATION = {
    "name": "duration",
    "wire": "duration",
    "kind": "choice",
    "form": "seconds",
    "choices": [5, 10],
    "default": 5,
}
LENGTH = {
    "name": "duration",
    "wire": "duration",
    "kind": "integer",
    "form": "integer",
    "minimum": 3,
    "maximum": 15,
}
SOUND = {"name": "generate_audio", "wire": "sound", "kind": "boolean", "form": "word"}
PRICE: dict[str, Any] = {"per": "second", "rate": 2, "as_of": "2026-09-13"}


def model(*params: dict[str, Any], **changes: Any) -> Model:
    table = {
        "id": "paper-boat",
        "name": "Paper Boat",
        "capabilities": ["text-to-video"],
        "path": "/generation/boat",
        "params": list(params) or [PROMPT, IMAGE, DURATION],
        **changes,
    }
    return msgspec.convert(table, Model)


def image(**media: Any) -> dict[str, Any]:
    return IMAGE | {"media": {"kind": "image", **media}}


def test_a_sound_model_has_no_fault() -> None:
    """The model that the other tests alter is sound."""
    assert lint_model(model(prices=[PRICE])) == []


FAULTS = [
    (model(id="Paper Boat"), "an id is lower case"),
    (model(capabilities=[]), "no capability"),
    (model(PROMPT, PROMPT), "parameter prompt stands twice"),
    (model(PROMPT | {"name": "Prompt"}), "a name is lower case"),
    (model(PROMPT | {"form": "seconds"}), "kind text cannot have the form seconds"),
    (model(PROMPT | {"choices": ["a"]}), "go together"),
    (model(PROMPT | {"media": {"kind": "image"}}), "go together"),
    (model(PROMPT | {"required": False, "default": "a cat"}), "the kind text has no default"),
    (model(DURATION | {"choices": []}), "go together"),
    (model(DURATION | {"default": 7}), "default 7 is not among its choices"),
    (model(DURATION | {"default": "5"}), "default '5' is not among its choices"),
    (model(DURATION | {"required": True}), "what is required has no default"),
    (model(DURATION | {"choices": [5, 5]}), "a choice stands twice"),
    (model(DURATION | {"choices": ["5s"], "default": "5s"}), "'5s' cannot be written in the form"),
    (model(LENGTH | {"default": 16}), "default 16 is outside its limits"),
    (model(LENGTH | {"default": True}), "default True is not a whole number"),
    (model(LENGTH | {"minimum": 16}), "minimum is above its maximum"),
    (model(SOUND | {"default": "True"}), "default 'True' is not true or false"),
    (
        model(IMAGE | {"kind": "medias", "form": "strings", "min_items": 3, "max_items": 2}),
        "min_items is above its maximum",
    ),
    (
        model(DURATION | {"name": "resolution", "form": "upper", "choices": ["720P"]}),
        "choice '720P' is not canonical for resolution",
    ),
    (
        model(DURATION | {"name": "resolution", "form": "pixels", "choices": ["1k"]}),
        "choice '1k' is not pixels",
    ),
    (
        model(DURATION | {"name": "aspect_ratio", "form": "string", "choices": ["wide"]}),
        "choice 'wide' is not canonical for aspect_ratio",
    ),
    (model(image(transports=[])), "no transport"),
    (
        model(image(min_pixels=[300, 300], max_pixels=[200, 400])),
        "min_pixels is above max_pixels",
    ),
    (model(image(seconds=[30, 3])), "a lower limit is above its upper one"),
    (model(image(aspect_ratio=["1:2", "2"])), "is not two of width:height"),
    (model(image(aspect_ratio=["2:1", "1:2"])), "the narrowest shape is wider"),
    (
        model(PROMPT, DURATION | {"wire": "prompt"}),
        "parameters prompt and duration share the wire name prompt",
    ),
    (
        model(PROMPT | {"wire": "image"}, IMAGE | {"wire": "imageUrl"}),
        "a wire name of prompt or image is the other's name",
    ),
    (
        model(
            IMAGE,
            IMAGE | {"name": "last_image"},
            rules=[{"rule": "exclusive", "groups": [["image"], ["last_image"]]}],
        ),
        "not one media and one list of media",
    ),
    (model(rules=[{"rule": "exclusive", "groups": [["image"]]}]), "two groups or more"),
    (
        model(rules=[{"rule": "exclusive", "groups": [["image"], ["duration"]]}]),
        "duration is always sent",
    ),
    (model(rules=[{"rule": "any-of", "params": ["video"]}]), "there is no parameter video"),
    (
        model(rules=[{"rule": "only-with", "param": "audio", "others": ["image"]}]),
        "there is no parameter audio",
    ),
    (
        model(rules=[{"rule": "unused", "param": "duration", "given": "video"}]),
        "there is no parameter video",
    ),
    (
        model(
            rules=[
                {
                    "rule": "only-when",
                    "param": "duration",
                    "value": 7,
                    "other": "image",
                    "values": ["a"],
                }
            ]
        ),
        "7 is not a choice of duration",
    ),
    (model(path="/generation/{boat}"), "the path names {boat}"),
    (model(prices=[PRICE | {"as_of": "lately"}]), "as_of is not a day or month"),
    (model(prices=[PRICE | {"rate": None}]), "either `rate`, or `by`"),
    (model(prices=[PRICE | {"rates": {"5": 1.0}}]), "`by` and `rates` go together"),
    (model(prices=[PRICE | {"rate": -1}]), "negative or absurd"),
    (
        model(prices=[PRICE | {"rate": None, "by": "duration", "rates": {"5": 1.0}}]),
        "rates must name every choice of duration: 10, 5",
    ),
    (
        model(prices=[PRICE | {"rate": None, "by": "tier", "rates": {"5": 1.0}}]),
        "there is no parameter tier with choices",
    ),
    (model(PROMPT, prices=[PRICE]), "per second, but the model has no duration"),
    (model(PROMPT, prices=[PRICE | {"per": "segment"}]), "per segment, but the model has no list"),
    (
        model(prices=[PRICE | {"surcharges": [{"param": "tier", "value": "x", "credits": 1}]}]),
        "there is no parameter tier",
    ),
    (
        model(prices=[PRICE | {"surcharges": [{"param": "duration", "value": 7, "credits": 1}]}]),
        "7 is not a choice of duration",
    ),
]


@pytest.mark.parametrize(("faulty", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
def test_each_fault_is_said_with_its_entry(faulty: Model, fault: str) -> None:
    """A fault names the model, and no fault hides behind another."""
    faults = lint_model(faulty)
    assert any(fault in each for each in faults), faults
    assert all(each.startswith(f"model {faulty.id}: ") for each in faults)


def test_two_parameters_may_share_a_wire_name_that_a_rule_keeps_apart() -> None:
    """One image or several under one name is allowed where the two exclude each other."""
    shared = model(
        IMAGE | {"form": "string-or-strings"},
        IMAGE
        | {
            "name": "reference_images",
            "kind": "medias",
            "form": "string-or-strings",
            "min_items": 2,
        },
        rules=[{"rule": "exclusive", "groups": [["image"], ["reference_images"]]}],
    )
    assert lint_model(shared) == []


def test_an_endpoint_stands_once() -> None:
    """Two endpoints with one action are a fault."""
    one = Endpoint(action="credits", method="POST", path="/user/credits")
    assert lint_endpoints((one, one)) == ["endpoint credits stands twice"]
