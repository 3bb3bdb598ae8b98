from typing import get_args

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import RushesError
from rushes.store import changes, rows
from rushes.store.job import ARROWS, State, is_arrow
from rushes.store.protocol import Stale

from .making import change, in_memory, make_job

STATES: tuple[State, ...] = get_args(State)
CODES = (None, "OUTPUT_EXPIRED", "OUTPUT_INVALID", "GENERATION_FAILED", RushesError.code, "")

# The arrows once more, by hand: the drawing in the design, not the table in the code.
DRAWN = {
    "queued": {"submitting", "canceled", "failed"},
    "submitting": {"running", "uncertain", "queued", "failed", "canceled"},
    "uncertain": {"running", "queued", "failed", "canceled"},
    "running": {"archiving", "failed", "canceled", "timed_out"},
    "timed_out": {"archiving", "failed", "canceled"},
    "archiving": {"succeeded", "failed"},
    "succeeded": set(),
    "failed": {"archiving"},
    "canceled": set(),
}


def attempt(connection: apsw.Connection, old: State, new: State, code: str | None) -> bool:
    """Try one arrow on a fresh job; say whether it went, having checked what it left behind."""
    error = None if code is None else {"code": code}
    made = changes.insert(connection, make_job(state=old, error=error), (), ()).job
    try:
        after = changes.apply(connection, change(to=new))
    except Stale as stale:
        after = stale.job
    assert rows.load(connection, made.id)[1] == after
    assert after.state == new or after == made
    return after != made


@pytest.mark.parametrize("new", STATES)
@pytest.mark.parametrize("old", STATES)
def test_only_drawn_arrows_pass(old: State, new: State) -> None:
    """Of all pairs of states only the drawn arrows are let through."""
    code = "OUTPUT_EXPIRED" if old == "failed" else None
    assert attempt(in_memory(), old, new, code) == (new in DRAWN[old])


@pytest.mark.parametrize("code", CODES)
def test_only_a_bad_output_is_archived_again(code: str | None) -> None:
    """A failed job goes back to archiving only after OUTPUT_EXPIRED or OUTPUT_INVALID."""
    allowed = code in {"OUTPUT_EXPIRED", "OUTPUT_INVALID"}
    assert attempt(in_memory(), "failed", "archiving", code) == allowed


@given(st.sampled_from(STATES), st.sampled_from(STATES), st.sampled_from(CODES) | st.text())
def test_store_and_table_agree(old: State, new: State, code: str | None) -> None:
    """The store lets through what the table calls an arrow, whatever the error."""
    assert attempt(in_memory(), old, new, code) == is_arrow(old, new, error_code=code)


@given(st.lists(st.sampled_from(STATES), max_size=8))
def test_events_tell_the_way_of_a_job(way: list[State]) -> None:
    """Whatever is tried, the events are exactly the arrows taken, in order."""
    connection = in_memory()
    state = changes.insert(connection, make_job(), (), ()).job.state
    taken = [state]
    for new in way:
        try:
            state = changes.apply(connection, change(to=new)).state
        except Stale:
            assert new not in ARROWS[state] or state == "failed"
        else:
            taken.append(state)
    told = connection.execute("SELECT kind FROM events ORDER BY seq").fetchall()
    assert [kind for (kind,) in told] == taken
