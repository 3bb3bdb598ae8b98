"""Sums of the ledger: by local day, model and credential."""

import apsw

from rushes.store.protocol import Spent

_SPENT = """
WITH booked AS (
    SELECT l.job,
        sum(l.credits) FILTER (WHERE l.source = 'provider') AS provider,
        sum(l.credits) FILTER (WHERE l.source = 'quote') AS quote,
        sum(l.credits) FILTER (WHERE l.source = 'learned') AS learned,
        sum(l.credits) FILTER (WHERE l.source = 'assumed') AS assumed
    FROM ledger l JOIN jobs j ON j.seq = l.job
    WHERE l.kind = 'charge' AND j.sandbox = ?1 AND j.created_at >= ?2
    GROUP BY l.job
)
SELECT date(j.created_at, 'unixepoch', 'localtime') AS day, j.provider, j.model, j.credential,
    count(*),
    sum(j.reserved), sum(coalesce(j.charged, 0)), sum(j.refunded),
    sum(coalesce(b.provider, 0)), sum(coalesce(b.quote, 0)),
    sum(coalesce(b.learned, 0)), sum(coalesce(b.assumed, 0)),
    count(*) FILTER (WHERE j.state = 'succeeded' AND j.charged IS NULL)
FROM jobs j LEFT JOIN booked b ON b.job = j.seq
WHERE j.sandbox = ?1 AND j.created_at >= ?2
GROUP BY day, j.provider, j.model, j.credential
ORDER BY day, j.provider, j.model, j.credential
"""


def spend(connection: apsw.Connection, *, since: float, sandbox: bool) -> list[Spent]:
    """Sum the jobs that were asked for since then; the day is that of this machine's clock."""
    names = tuple(name for name in Spent.__struct_fields__ if name != "sandbox")
    return [
        Spent(sandbox=sandbox, **dict(zip(names, row, strict=True)))
        for row in connection.execute(_SPENT, (sandbox, since))
    ]
