"""What jobs were seen to cost where nobody publishes prices, and whether a job was alone."""

import apsw

from rushes.store import rows
from rushes.store.protocol import PriceSample

KEPT_SAMPLES = 200
LATE_REFUND = 3600.0
"""Seconds after its bad end for which a job may still move the balance: credits come back."""

_OTHERS = "provider = ?1 AND NOT sandbox AND seq <> ?2"
_SENT = "(attempt > 0 OR task_id IS NOT NULL)"
_NOT_ALONE = f"""
SELECT 1 FROM jobs WHERE {_OTHERS}
    AND state IN ('submitting', 'uncertain', 'running', 'timed_out', 'archiving')
UNION ALL
SELECT 1 FROM jobs WHERE {_OTHERS} AND {_SENT} AND finished_at >= ?4
    AND (finished_at > ?3 OR state <> 'succeeded')
UNION ALL
SELECT 1 FROM jobs WHERE {_OTHERS} AND state = 'queued' AND attempt > 0
LIMIT 1
"""  # noqa: S608 - text of our own


def is_alone(connection: apsw.Connection, job_id: str, *, since: float) -> bool:
    """Say whether no other job can have moved the balance between `since` and now.

    All jobs of the provider count, whichever their credential: two keys may be one account's.
    A sandbox job is never alone.
    """
    seq, job = rows.load(connection, job_id)
    if job.sandbox:
        return False
    return not connection.execute(
        _NOT_ALONE, (job.provider, seq, since, since - LATE_REFUND)
    ).fetchone()


def learn(connection: apsw.Connection, sample: PriceSample, *, alone_since: float) -> bool:
    """Keep a sample if its job was alone since then; says whether it was kept.

    A job has one sample: a later one takes the place of an earlier one.
    """
    if not is_alone(connection, sample.job_id, since=alone_since):
        return False
    seq, _ = rows.load(connection, sample.job_id)
    connection.execute(
        "INSERT INTO price_samples (job, model, terms, credits, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET credits = excluded.credits, at = excluded.at",
        (seq, sample.model, sample.terms, sample.credits, sample.at),
    )
    connection.execute(
        "DELETE FROM price_samples WHERE job IN (SELECT job FROM price_samples"
        " WHERE model = ? AND terms = ? ORDER BY at DESC, job DESC LIMIT -1 OFFSET ?)",
        (sample.model, sample.terms, KEPT_SAMPLES),
    )
    return True


def samples(connection: apsw.Connection, model: str, terms: str) -> list[PriceSample]:
    """Return what such a request of a model was seen to cost, newest first."""
    return [
        PriceSample(job_id=job_id, model=model, terms=terms, credits=credits_, at=at)
        for job_id, credits_, at in connection.execute(
            "SELECT j.id, p.credits, p.at FROM price_samples p JOIN jobs j ON j.seq = p.job"
            " WHERE p.model = ? AND p.terms = ? ORDER BY p.at DESC, p.job DESC",
            (model, terms),
        )
    ]
