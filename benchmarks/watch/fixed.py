"""What the seed skill does: each task is asked for every five seconds until it has ended."""

import argparse
import asyncio
import time
from pathlib import Path

import aiohttp
import msgspec

PAUSE = 5.0
AT_ONCE = 16
ENDS = {"completed", "succeeded", "failed", "timeout"}


async def poll(url: str, key: str, made: list[tuple[str, float]], out: Path) -> None:
    """Write when each task was seen done."""
    seen: dict[str, float] = {}
    places = asyncio.Semaphore(AT_ONCE)

    async def follow(session: aiohttp.ClientSession, task: str, begun: float) -> None:
        at = begun + PAUSE
        while True:
            await asyncio.sleep(at - time.time())
            async with (
                places,
                session.post(f"{url}/generation/result/{task}", json={}) as answer,
            ):
                said = await answer.json()
            if said["data"]["status"] in ENDS:
                seen[task] = time.time()
                return
            at = time.time() + PAUSE

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"X-API-KEY": key}) as session:
        await asyncio.gather(*(follow(session, task, begun) for task, begun in made))
    out.write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("url", "key", "made", "out"):
        parser.add_argument(name)
    given = parser.parse_args()
    tasks = msgspec.json.decode(Path(given.made).read_bytes(), type=list[tuple[str, float]])
    asyncio.run(poll(given.url, given.key, tasks, Path(given.out)))
