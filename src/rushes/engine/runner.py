"""Drives jobs through their steps in this process, from whatever state they are in."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from rushes.engine import absence, keyring, refunds, settle, submit
from rushes.engine.archive import archive
from rushes.engine.fetch import TryLater
from rushes.engine.house import House
from rushes.engine.ownership import HEARTBEAT, Ownership
from rushes.engine.view import WATCHED
from rushes.engine.waiting import Gate, until
from rushes.engine.watch import Watch
from rushes.errors import MissingCredential, RushesError, StoreError
from rushes.store.job import NEVER, Change, Job, State
from rushes.store.protocol import Stale

CLAIM_EVERY = 2.0
CLAIM_MOST = 500
SUBMITS_AT_ONCE = 16
ARCHIVES_AT_ONCE = 4
AGAIN_AFTER_TROUBLE = 10.0
WORTH_A_LOOK = 1.0
DRIVEN: frozenset[State] = frozenset({"queued", "submitting", "uncertain", "archiving"})

_log = logging.getLogger(__name__)


class Runner:
    """Takes up due jobs of the known credentials and brings each to its end.

    `trouble` holds, for a job that waits because of this machine (a full disk, an unreachable
    link), what is wrong.
    """

    def __init__(self, house: House, ownership: Ownership) -> None:
        self._house = house
        self._ownership = ownership
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._sending: set[str] = set()
        self._watches: dict[str, tuple[Watch, asyncio.Task[None]]] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._submits = Gate(SUBMITS_AT_ONCE)
        self._archives = Gate(ARCHIVES_AT_ONCE)
        self._stopping = False
        self._credentials: set[str] = set()
        self._kinds: set[bool] = set()
        self._here: set[str] = set()
        self._tended_at = 0.0
        self.trouble: dict[str, str] = {}

    @property
    def running(self) -> bool:
        """Whether the loops are under way."""
        return bool(self._loops)

    async def start(self) -> None:
        """Begin to heartbeat and to take up jobs."""
        if self._loops:
            return
        self._loops = [
            asyncio.create_task(self._heartbeats(), name="rushes-heartbeat"),
            asyncio.create_task(self._claims(), name="rushes-claims"),
            asyncio.create_task(self._refunds(), name="rushes-refunds"),
        ]

    def serve(self, fingerprint: str) -> None:
        """Take up this credential's jobs too."""
        if fingerprint not in self._credentials:
            self._credentials.add(fingerprint)
            self._wake.set()

    def serve_all(self, *, sandbox: bool) -> None:
        """Take up the jobs of all keys of the real providers, or of the sandbox; later ones too."""
        if sandbox in self._kinds:
            return
        self._kinds.add(sandbox)
        for credential in self._house.credentials.available(sandbox=sandbox):
            self.serve(credential.fingerprint)

    def take(self, job: Job) -> None:
        """Drive a job that this process holds; one that it does not hold is left alone."""
        if self._stopping or job.ended or job.owner != self._house.owner:
            return
        if job.state in DRIVEN:
            if job.id not in self._driving:
                task = asyncio.create_task(self._drive(job), name=f"rushes-{job.id}")
                self._driving[job.id] = task
                task.add_done_callback(lambda done: self._driven(job.id, done))
        else:
            try:
                self._watch(job).add(job)
            except MissingCredential as error:
                self._note(job, error)
                self._driving[job.id] = asyncio.create_task(self._let_go(job))
                self._driving[job.id].add_done_callback(lambda done: self._driven(job.id, done))

    def _driven(self, job_id: str, task: asyncio.Task[None]) -> None:
        self._driving.pop(job_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.trouble[job_id] = f"a fault in Rushes itself: {error!r}"
            _log.error("job %s is left where it is", job_id, exc_info=error)

    def wake(self) -> None:
        """Look at once for jobs to take up."""
        self._wake.set()

    def update(self, job: Job) -> None:
        """Take note that a person has changed a job that this process may be watching."""
        if (found := self._watches.get(job.credential)) is not None:
            found[0].update(job)

    async def stop(self) -> None:
        """Stop; answers in flight are waited for, all else can be taken up by anyone."""
        self._stopping = True
        sending = [self._driving[job_id] for job_id in self._sending if job_id in self._driving]
        others = [task for job_id, task in self._driving.items() if job_id not in self._sending]
        others += self._loops[1:] + [task for _, task in self._watches.values()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if sending:
            # Shielded: a second interrupt may end this wait, but not an exchange in flight.
            await asyncio.wait([asyncio.shield(task) for task in sending])
        for task in self._loops[:1]:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops = []
        if False in self._kinds:
            with contextlib.suppress(RushesError, OSError):
                await keyring.drop_retired(self._house)
        await self._ownership.leave()

    async def _heartbeats(self) -> None:
        while True:
            await self._house.clock.sleep(HEARTBEAT)
            with contextlib.suppress(RushesError):
                await self._ownership.renew()

    async def _claims(self) -> None:
        while True:
            try:
                await self._ownership.bury()
                await self._claim()
            except RushesError as error:
                _log.warning("jobs cannot be taken up: %s", error.message)
            except Exception:  # noqa: BLE001 - logged whole; the loop goes on
                _log.exception("a fault in Rushes itself: jobs cannot be taken up")
            await until(self._house.clock, self._wake, CLAIM_EVERY)

    async def _look_at_keys(self) -> None:
        """Take up the jobs of keys that have come, and let go of those whose key is gone."""
        known, store, now = self._house.credentials, self._house.store, self._house.clock.now()
        for sandbox in self._kinds:
            found = known.available(sandbox=sandbox, look=False)
            self._credentials.update(one.fingerprint for one in found)
        here = {one for one in self._credentials if known.by_fingerprint(one) is not None}
        for fingerprint in self._credentials - here:
            await absence.begin(store, fingerprint, now)
            await self._stop_watching(fingerprint)
        for fingerprint in here - self._here:
            await absence.end(store, fingerprint, now)
        self._credentials, self._here = set(here), here
        if False in self._kinds and now - self._tended_at >= keyring.LOOK_EVERY:
            self._tended_at = now
            await keyring.tend(self._house)

    async def _stop_watching(self, fingerprint: str) -> None:
        if fingerprint in self._watches:
            watch, task = self._watches.pop(fingerprint)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for job in watch.jobs():
                await self._let_go(job)

    async def _let_go(self, job: Job) -> None:
        """Leave a job to whoever has its key, or will have it."""
        with contextlib.suppress(Stale, StoreError):
            await self._house.store.apply(
                Change(
                    job_id=job.id,
                    fence=self._house.fence(job),
                    fields={"owner": None},
                    at=self._house.clock.now(),
                )
            )

    async def _claim(self) -> None:
        await self._look_at_keys()
        if not self._credentials:
            return
        jobs = await self._house.store.claim(
            self._house.owner,
            now=self._house.clock.now(),
            states=DRIVEN | WATCHED,
            credentials=self._credentials,
            limit=CLAIM_MOST,
        )
        absent = {
            one: await absence.absences(self._house.store, one)
            for one in {job.credential for job in jobs}
        }
        for job in jobs:
            if job.state == "submitting":
                job = await settle.orphan(self._house, job)
            elif job.state in WATCHED:
                job = await absence.catch_up(self._house, job, absent[job.credential])
            self.take(job)

    async def _refunds(self) -> None:
        while True:
            for fingerprint in list(self._credentials):
                credential = self._house.credentials.by_fingerprint(fingerprint)
                if credential is not None:
                    with contextlib.suppress(RushesError):
                        await refunds.look(self._house, credential)
            await self._house.clock.sleep(refunds.LOOK_EVERY)

    def _watch(self, job: Job) -> Watch:
        if job.credential not in self._watches:
            credential = self._house.credential(job)
            watch = Watch(self._house, credential, self.take)
            task = asyncio.create_task(self._kept_going(watch.run), name="rushes-watch")
            self._watches[job.credential] = watch, task
        return self._watches[job.credential][0]

    async def _kept_going(self, run: Callable[[], Any]) -> None:
        while True:
            try:
                await run()
            except RushesError as error:
                _log.warning("watching is interrupted: %s", error.message)
            except Exception:  # noqa: BLE001 - logged whole; the loop goes on
                _log.exception("a fault in Rushes itself: watching is interrupted")
            await self._house.clock.sleep(AGAIN_AFTER_TROUBLE)

    async def _drive(self, job: Job) -> None:
        inquiry = settle.Inquiry()
        while not job.ended and not self._stopping:
            try:
                wait = job.next_at - self._house.clock.now()
                if job.next_at >= NEVER:
                    return
                if wait > 0:
                    await self._house.clock.sleep(wait)
                match job.state:
                    case "queued":
                        job = await self._submit(job)
                    case "submitting":
                        # Only a fault of ours leaves it so, and then nobody knows what was sent.
                        job = await settle.orphan(self._house, job)
                    case "uncertain":
                        job = await settle.settle(self._house, job, inquiry)
                    case "archiving":
                        async with self._archives.turn(job.expires_at or 0.0):
                            job = await archive(self._house, job)
                    case _:
                        self.take(job)
                        return
                self.trouble.pop(job.id, None)
            except Stale as stale:
                job = stale.job
            except MissingCredential as error:
                self._note(job, error)
                await self._let_go(job)
                return
            except Exception as error:  # noqa: BLE001 - no job is given up for a fault of ours
                self._note(job, error)
                await self._house.clock.sleep(AGAIN_AFTER_TROUBLE)
                with contextlib.suppress(StoreError):
                    job = await self._house.store.job(job.id)
            if job.owner != self._house.owner and not job.ended:
                return

    def _note(self, job: Job, error: Exception) -> None:
        """Say why a job waits."""
        if isinstance(error, RushesError | TryLater | OSError):
            message = error.message if isinstance(error, RushesError) else str(error)
            _log.warning("job %s waits: %s", job.id, message)
        else:
            message = f"a fault in Rushes itself: {error!r}"
            _log.error("job %s waits", job.id, exc_info=error)
        self.trouble[job.id] = message

    async def _submit(self, job: Job) -> Job:
        asked = self._house.clock.elapsed()
        async with self._submits.turn(job.created_at):
            if self._stopping:
                return job
            # Whatever changed meanwhile, the commit of the intent finds out; a long wait is worth
            # a look before media are prepared for nothing.
            if self._house.clock.elapsed() - asked > WORTH_A_LOOK:
                job = await self._house.store.job(job.id)
            if job.state != "queued":
                return job
            self._sending.add(job.id)
            try:
                return await submit.submit(self._house, job)
            finally:
                self._sending.discard(job.id)
