"""The key is nowhere but where it is kept: not in files, logs, events, errors or tracebacks."""

import json
import logging
import traceback
from typing import Any

import pytest

from rushes.errors import RushesError

from .lab import IMAGE, KEY, VIDEO, Lab, asynchronous

FAULTS = {
    "good": "",
    "lost": "create:drop-answer:times=1",
    "refused": "create:refuse-content",
    "status": "create:status:status=500",
    "odd": "create:not-json",
    "late": "query:status:status=500:times=3",
    "unlike": "query:html:times=2",
    "failed": "create:fail",
    "expired": "download:expired-link",
    "corrupt": "download:corrupt",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("model", [IMAGE, VIDEO])
@asynchronous
async def test_the_key_turns_up_nowhere(
    lab: Lab, caplog: pytest.LogCaptureFixture, model: str, fault: str
) -> None:
    """Whatever happens to a job, with all loggers at DEBUG."""
    caplog.set_level(logging.DEBUG)
    if fault:
        lab.sandbox.fault(fault)
    given: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"} if model == VIDEO else {}
    told = []
    async with lab.client() as client:
        job = await client.generate(model, "a boat", **given)
        try:
            await job.wait_submitted()
            if job.status == "uncertain" and model == VIDEO:
                await client.session.clock.sleep(10.0)
            else:
                await job.wait()
        except RushesError as error:
            told.append("".join(traceback.format_exception(error)))
            told.append(json.dumps(error.as_dict()))
        told += [str(event) for event in await client.events_of(job)]
        told += [str(one) for one in await client.submissions(job)]
        told.append(json.dumps(job.as_dict()))
        told.append(repr(await client.credits()))
        told.append(repr(client.session.house.credentials.available(sandbox=False)))
    told += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert KEY not in "\n".join(told)
    kept = [path for path in lab.home.rglob("*") if path.is_file()]
    assert len(kept) >= 1
    for path in kept:
        assert KEY.encode() not in path.read_bytes(), path


@asynchronous
async def test_a_key_that_a_provider_echoes_is_not_passed_on(lab: Lab) -> None:
    """A provider that quotes the key in its message: what is kept and shown has it masked."""
    lab.sandbox.fault(f"create:status:status=500:reason=bad key {KEY}")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        with pytest.raises(RushesError) as caught:
            await job.wait()
        told = str(caught.value) + str(await client.submissions(job)) + str(job.as_dict())
        assert KEY not in told
    for path in lab.home.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
