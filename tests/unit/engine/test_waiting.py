import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from rushes.engine.virtual import VirtualClock
from rushes.engine.waiting import Gate, until


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 10))


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_the_most_urgent_of_those_who_wait_goes_first() -> None:
    """By urgency, then by arrival; never more at once than there are places."""

    async def scenario() -> None:
        gate, order, inside = Gate(1), [], 0

        async def work(name: str, urgency: float) -> None:
            nonlocal inside
            async with gate.turn(urgency):
                inside += 1
                assert inside == 1
                await turns()
                order.append(name)
                inside -= 1

        names = [("first", 9.0), ("late", 5.0), ("soon", 1.0), ("also soon", 1.0)]
        tasks = []
        for name, urgency in names:
            tasks.append(asyncio.create_task(work(name, urgency)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert order == ["first", "soon", "also soon", "late"]

    run(scenario)


@pytest.mark.parametrize("patience", range(8))
def test_one_who_stops_waiting_takes_no_place_along(patience: int) -> None:
    """Canceled while waiting, or just as the place was given: it goes to the next."""

    async def scenario() -> None:
        gate = Gate(1)
        go = asyncio.Event()

        async def hold() -> None:
            async with gate.turn(0):
                await go.wait()

        async def pass_through() -> None:
            async with gate.turn(0):
                pass

        holder = asyncio.create_task(hold())
        await turns()
        waiter = asyncio.create_task(pass_through())
        await turns()
        go.set()
        await turns(patience)
        waiter.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)
        await asyncio.wait_for(pass_through(), 1)
        assert gate._free == 1

    run(scenario)


def test_a_place_is_given_back_by_one_who_fails() -> None:
    async def scenario() -> None:
        gate = Gate(1)
        with contextlib.suppress(ValueError):
            async with gate.turn(0):
                raise ValueError
        assert gate._free == 1

    run(scenario)


def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    """It says which, and clears the event."""

    async def scenario() -> None:
        clock, event = VirtualClock(), asyncio.Event()
        assert not await until(clock, event, 5.0)
        assert clock.elapsed() == 5.0
        event.set()
        assert await until(clock, event, 5.0)
        assert not event.is_set()
        asyncio.get_running_loop().call_soon(event.set)
        assert await until(clock, event, 1e9)
        assert clock.elapsed() == 5.0
        assert not await until(clock, event, 0.0)

    run(scenario)
