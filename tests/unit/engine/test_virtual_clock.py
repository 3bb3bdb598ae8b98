import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rushes.engine.virtual import VirtualClock


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    """Nobody waits really, and each finds the time that it asked for."""

    async def scenario() -> None:
        clock, woken = VirtualClock(), []

        async def sleep(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((seconds, clock.elapsed()))

        await asyncio.gather(*(sleep(seconds) for seconds in (3600.0, 1.0, 60.0)))
        assert woken == [(1.0, 1.0), (60.0, 60.0), (3600.0, 3600.0)]

    run(scenario)


def test_no_time_passes_while_real_work_is_held() -> None:
    """Also work in a thread; afterwards it goes on."""

    async def scenario() -> None:
        clock = VirtualClock()
        sleeping = asyncio.create_task(clock.sleep(1.0))
        with clock.hold(), clock.hold():
            await asyncio.sleep(0.02)
            assert clock.elapsed() == 0.0
        await sleeping
        assert clock.elapsed() == 1.0

    run(scenario)


def test_the_sandbox_hears_of_every_second() -> None:
    """What `on_advance` is told adds up to the time that passed."""

    async def scenario() -> None:
        told: list[float] = []
        clock = VirtualClock(on_advance=told.append)
        await clock.sleep(2.0)
        clock.leap(100.0)
        await clock.sleep(0.5)
        assert sum(told) == clock.elapsed() == 102.5

    run(scenario)


def test_one_who_is_canceled_moves_no_time() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        sleeping = asyncio.create_task(clock.sleep(1000.0))
        await asyncio.sleep(0)
        sleeping.cancel()
        await asyncio.gather(sleeping, return_exceptions=True)
        await clock.sleep(1.0)
        assert clock.elapsed() == 1.0

    run(scenario)


def test_who_was_asleep_during_a_leap_wakes_once_and_late() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        sleeping = asyncio.create_task(clock.sleep(5.0))
        await asyncio.sleep(0)
        clock.leap(3600.0)
        await sleeping
        assert clock.elapsed() == 3600.0

    run(scenario)
