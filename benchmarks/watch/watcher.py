"""The process that is measured: a client that watches all jobs of its home, and no more."""

import argparse
import asyncio
import signal

import msgspec

from rushes import AsyncRushes


async def watch(usual: float | None) -> None:
    """Work on everything until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with AsyncRushes() as client:
        if usual is not None:
            credential = client.session.house.credentials.get("mediaio", sandbox=False)
            plan = msgspec.structs.replace(credential.provider.poll, usual=usual)
            credential.provider = msgspec.structs.replace(credential.provider, poll=plan)
        await client.session.work_on(sandbox=False)
        await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--usual", type=float, help="the poll plan's usual pause, in seconds")
    asyncio.run(watch(parser.parse_args().usual))
