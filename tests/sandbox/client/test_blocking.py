"""The blocking client over its background loop: threads, interrupts, ends, forks."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rushes import ForkedClient, Job, Rushes, SetupError
from rushes.sandbox import Sandbox

IMAGE = "mediaio/imagen-4"


def make(sandbox: Sandbox, home: Path) -> Rushes:
    return Rushes(home=home, sandbox=sandbox.url)


def test_asked_for_and_waited_for_without_await(sandbox: Sandbox, tmp_path: Path) -> None:
    """The same job as in the asynchronous client: events, outputs, one create."""
    with make(sandbox, tmp_path) as client:
        job = client.generate(IMAGE, "a boat")
        kinds = [event.kind for event in job.events()]
        assert (kinds[0], kinds[-1]) == ("queued", "succeeded")
        job.wait()
        (output,) = job.outputs
        assert hashlib.sha256(output.bytes()).hexdigest() == output.sha256
        with output.open() as file:
            assert file.read(4) == b"\x89PNG"
        assert "image/png" in output._repr_mimebundle_()
        assert sandbox.creates() == 1
        assert [each.id for each in client.jobs()] == [job.id]
        assert client.job(job.id[-6:]).id == job.id


def test_several_threads_share_one_client(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each gets its own job; twins under one request id get one between them."""
    jobs: list[Job] = []
    with make(sandbox, tmp_path) as client:

        def ask(number: int) -> None:
            job = client.generate(IMAGE, "a boat", idempotency_key=f"pair {number // 2}")
            jobs.append(job.wait())

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(jobs) == 8
        assert len({job.id for job in jobs}) == sandbox.creates() == 4


def test_files_are_verified_without_await(sandbox: Sandbox, tmp_path: Path) -> None:
    """The same findings as from the asynchronous client; progress is told meanwhile."""
    told: list[tuple[int, int]] = []
    with make(sandbox, tmp_path) as client:
        job = client.generate(IMAGE, "a boat").wait()
        (output,) = job.outputs
        output.path.unlink()
        found = client.verify(job.id, progress=lambda files, size: told.append((files, size)))
        assert [(one.role, one.mended) for one in found.damages] == [("name", True)]
        assert told == [(1, output.bytes_count)]
        assert output.path.is_file()


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_an_interrupt_ends_the_wait_and_not_the_job(sandbox: Sandbox, tmp_path: Path) -> None:
    """KeyboardInterrupt comes out of wait; the job goes on, and the client can be used on."""
    sandbox.set(image_seconds=1.5)
    with make(sandbox, tmp_path) as client:
        job = client.generate(IMAGE, "a boat")
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert not job.refresh().done
        assert job.wait().status == "succeeded"
        assert sandbox.creates() == 1


SCRIPT = """
import sys
from rushes import Rushes
client = Rushes(home=sys.argv[2], base_urls={"mediaio": sys.argv[1]}, allow_unpriced=True)
job = client.generate("mediaio/imagen-4", "a boat")
while job.refresh().status == "queued":
    pass
print(job.id, job.status)
"""


def test_the_end_of_the_process_waits_for_the_create_in_flight(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A program that just ends, without closing, forgets no task and leaves nothing uncertain."""
    sandbox.fault("create:slow:seconds=0.4")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, sandbox.url, str(tmp_path)],
        env={**os.environ, "MEDIAIO_API_KEY": "key-of-a-program"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    job_id, status = done.stdout.split()
    assert (status, done.stderr) == ("submitting", "")
    assert list((tmp_path / "run").iterdir()) == []
    with Rushes(home=tmp_path, base_urls={"mediaio": sandbox.url}) as client:
        job = client.job(job_id)
        assert job.status == "running"
        assert job.task_id is not None
        assert sandbox.creates() == 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_in_a_forked_child_the_client_refuses(sandbox: Sandbox, tmp_path: Path) -> None:
    """ForkedClient names the remedy; ending the child disturbs nothing of the parent."""
    with make(sandbox, tmp_path) as client:
        job = client.generate(IMAGE, "a boat")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                client.generate(IMAGE, "a boat")
            except ForkedClient as error:
                code = 0 if "Rushes()" in str(error) else 2
            finally:
                client.close()
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert job.wait().status == "succeeded"
        assert sandbox.creates() == 1


def test_a_closed_client_lets_everything_go(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its thread ends, its lock file is gone, and using it opens it anew."""
    client = make(sandbox, tmp_path)
    job = client.generate(IMAGE, "a boat")
    client.close()
    client.close()
    until(lambda: not any(thread.name == "rushes-client" for thread in threading.enumerate()))
    assert list((tmp_path / "run").iterdir()) == []
    assert client.job(job.id).wait().status == "succeeded"
    client.close()


def test_nothing_is_touched_before_the_first_use(tmp_path: Path) -> None:
    """Making a client writes nothing; a wrong setting is refused at once."""
    Rushes(home=tmp_path / "home", sandbox=True)
    assert not (tmp_path / "home").exists()
    with pytest.raises(SetupError):
        Rushes(home=tmp_path, sandbox="http://sandbox.example:80")
