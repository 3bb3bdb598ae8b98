import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SetupError
from rushes.sandbox import ACTIONS, EFFECTS, Fault, parse_fault
from rushes.sandbox.faults import Met, met

NEEDED: dict[str, dict[str, Any]] = {
    "status": {"status": 500},
    "redirect": {"location": "/x"},
    "slow": {"seconds": 1},
}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("create:drop-answer", Fault(action="create", effect="drop-answer")),
        ("create:drop-answer:times=2", Fault(action="create", effect="drop-answer", times=2)),
        (
            "any:status:status=429:retry-after=1.5:retry_after_form=date",
            Fault(
                action="any",
                effect="status",
                status=429,
                retry_after=1.5,
                retry_after_form="date",
            ),
        ),
        (
            "create:redirect:location=http://127.0.0.1:9/x?a=b:c",
            Fault(action="create", effect="redirect", location="http://127.0.0.1:9/x?a=b:c"),
        ),
        (
            "create:unknown-code:processed=true:probability=0.5:seed=3",
            Fault(action="create", effect="unknown-code", processed=True, probability=0.5, seed=3),
        ),
    ],
)
def test_text_is_read(text: str, fault: Fault) -> None:
    """A flag's text says the same as the fields."""
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no effect"),
        ("create", "names no effect"),
        ("creat:drop-answer", "no action 'creat'"),
        ("create:drop-anwser", "did you mean drop-answer"),
        ("create:corrupt", "is for download, not for create"),
        ("create:drop-answer:time=2", "has no option 'time'"),
        ("create:drop-answer:status=500", "has no option 'status'"),
        ("create:drop-answer:times=two", "times"),
        ("create:drop-answer:times=0", "times must be a number of at least 1"),
        ("create:drop-answer:probability=2", "from 0 to 1"),
        ("create:drop-answer:seconds=nan", "seconds"),
        ("create:drop-answer:seconds=inf", "seconds"),
        ("create:status", "needs status="),
        ("create:status:status=199", "from 200 to 599"),
        ("create:unknown-code:status=600", "from 200 to 599"),
        ("create:redirect:location=/a b", "without spaces"),
        ("create:redirect", "needs location="),
        ("create:slow", "needs seconds="),
        ("download:slow:bytes_per_second=0", "needs seconds="),
        ("download:slow:bytes_per_second=-1", "more than 0"),
        ("create:drop-answer:processed=perhaps", "processed"),
    ],
)
def test_wrong_text_is_explained(text: str, said: str) -> None:
    """The error says what is wrong, and how a fault is written."""
    with pytest.raises(SetupError) as caught:
        parse_fault(text)
    assert said in caught.value.message
    assert "action:effect" in caught.value.next_step


@given(st.text(max_size=60))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No text breaks the reader."""
    with contextlib.suppress(SetupError):
        parse_fault(text)


@given(st.lists(st.sampled_from(["create", "status", ":", "=", "times", "1", "-", "\n"])))
def test_near_text_is_read_or_explained(pieces: list[str]) -> None:
    """No text made of the right pieces breaks it either."""
    with contextlib.suppress(SetupError):
        parse_fault("".join(pieces))


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("action", [action for action in ACTIONS if action != "any"])
def test_any_means_the_actions_of_the_effect(action: str, effect: str) -> None:
    """`any` meets a request exactly where the effect could be asked for by its action."""
    options = NEEDED.get(effect, {})
    request = Met(action, "mediaio", "mediaio/imagen-4", "f", "t")
    broad = parse_fault(f"any:{effect}", **options)
    try:
        narrow = met(parse_fault(f"{action}:{effect}", **options), request)
    except SetupError:
        narrow = False
    assert met(broad, request) is narrow


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"times": 2}, [1, 2]),
        ({"nth": 3}, [3]),
        ({"nth": 3, "times": 2}, [3, 4]),
        ({"probability": 0.0}, []),
        ({"probability": 1.0}, [1, 2, 3, 4, 5]),
    ],
)
def test_for_which_requests_it_holds(options: dict[str, float], held: list[int]) -> None:
    """`nth` is the first, `times` how many, and `nth` alone just that one."""
    fault = parse_fault("create:drop-answer", **options)
    chosen: list[int] = []
    for seen in range(1, 6):
        if fault.chooses(seen, len(chosen)):
            chosen.append(seen)
    assert chosen == held


def test_every_effect_says_what_it_does() -> None:
    """Each effect has help and actions that exist."""
    for effect in EFFECTS.values():
        assert effect.help
        assert set(effect.actions) < set(ACTIONS)
