"""Compares the archive with `curl`, then `sha256sum`, then `sync`, of the same bytes.

    python benchmarks/archive.py [--mib 1024] [--rounds 5] [--folder DIR]

A server in a process of its own sends a real MP4, made long by an empty box, over loopback. Each
round is a pair, in turns of who goes first; each fetch is a process of its own: its peak of
memory is the kernel's. Goal: at least 0.8 of the tools' throughput, and as much memory for a
large file as for a small one.
"""

import argparse
import asyncio
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20
SMALL_MIB = 64
GOAL = 0.8


class Fetched(NamedTuple):
    """What one fetch took: seconds, and the highest resident memory in MB."""

    seconds: float
    peak: float


def short_clip() -> bytes:
    """Return a short MP4."""
    from rushes.sandbox.render import Scene, render

    scene = Scene(
        model="benchmark",
        kind="video",
        prompt=("a boat",),
        width=1280,
        height=720,
        seconds=5.0,
    )
    return render(scene)


def serve() -> None:
    """Send the file of `GET /MIB.mp4` until killed; prints the port first."""
    clip, noise = short_clip(), random.Random(1).randbytes(MIB)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def answer(peer: socket.socket) -> None:
        with peer:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += peer.recv(65536)
            total = int(asked.split(b" ")[1].strip(b"/").split(b".")[0]) * MIB
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n"
                f'ETag: "{total}"\r\nContent-Length: {total}\r\n\r\n'
            )
            padding = total - len(clip)
            box = (1).to_bytes(4, "big") + b"free" + padding.to_bytes(8, "big")
            peer.sendall(head.encode() + clip + box)
            left = padding - len(box)
            while left:
                left -= peer.send(memoryview(noise)[: min(left, MIB)])

    while True:
        peer, _ = listener.accept()
        threading.Thread(target=answer, args=(peer,), daemon=True).start()


async def fetch_one(url: str, folder: Path) -> float:
    """Bring one file into an archive of its own; returns the seconds from the link to the end."""
    from rushes.client.session import Session
    from rushes.config import Config
    from rushes.engine.fetch import fetch
    from rushes.store.job import Job, Output

    base = url.rpartition("/")[0]
    session = Session(Config(home=folder, archive=folder / "archive", sandbox=base))
    await session.open()
    house = session.house
    # What a process that archives has long loaded.
    _ = house.transport
    import av  # noqa: F401

    credential = house.credentials.get("mediaio", sandbox=True)
    at = house.clock.now()
    output = Output(position=0, url=url)
    job = Job(
        id="job-benchmark",
        state="archiving",
        provider="mediaio",
        model="mediaio/kling-3.0",
        sandbox=True,
        credential=credential.fingerprint,
        request={},
        digest="0" * 64,
        idempotency_key="benchmark",
        created_at=at,
        owner=house.owner,
        claim=1,
        outputs=(output,),
    )
    await house.store.insert(job)
    begun = time.perf_counter()
    done = await fetch(house, job, output, credential)
    seconds = time.perf_counter() - begun
    if done.archived_at is None:
        raise SystemExit("the file was not archived")
    await session.close()
    return seconds


def ours(url: str, folder: Path) -> Fetched:
    """Fetch in a process of its own."""
    command = [sys.executable, __file__, "--fetch", url, "--folder", str(folder)]
    seconds, peak = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.split()
    return Fetched(float(seconds), float(peak))


def theirs(url: str, folder: Path) -> float:
    """Do the same with the tools, one after the other."""
    file = str(folder / "file.mp4")
    begun = time.perf_counter()
    for command in (["curl", "-sf", "-o", file, url], ["sha256sum", file], ["sync", file]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def compare(base: str, mib: int, rounds: int, parent: Path | None) -> None:
    """Print each round, and the medians."""
    url = f"{base}/{mib}.mp4"
    ratios, peaks = [], []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            home, other = Path(folder, "home"), Path(folder, "other")
            other.mkdir()
            if number % 2:
                tools, found = theirs(url, other), ours(url, home)
            else:
                found, tools = ours(url, home), theirs(url, other)
        ratios.append(tools / found.seconds)
        peaks.append(found.peak)
        print(
            f"{mib} MiB, round {number + 1}: archive {found.seconds:5.2f} s"
            f" ({mib / found.seconds:5.0f} MiB/s), curl+sha256sum+sync {tools:5.2f} s"
            f" ({mib / tools:5.0f} MiB/s), ratio {ratios[-1]:.2f}, peak {found.peak:.0f} MB"
        )
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        small = ours(f"{base}/{SMALL_MIB}.mp4", Path(folder))
    middle = statistics.median(ratios)
    print(
        f"median ratio {middle:.2f} (goal {GOAL}); peak memory {max(peaks):.0f} MB at {mib} MiB,"
        f" {small.peak:.0f} MB at {SMALL_MIB} MiB"
    )


def peak_megabytes() -> float:
    """Read this process's highest resident memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="the file's size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fetch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.fetch:
        seconds = asyncio.run(fetch_one(options.fetch, options.folder))
        print(seconds, peak_megabytes())
    else:
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            compare(base, options.mib, options.rounds, options.folder)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
