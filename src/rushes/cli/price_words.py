"""Words for what a job was to cost, and for a provider that took something else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rushes.cli.output import amount

if TYPE_CHECKING:
    from rushes.store.job import Entry, Job

SOURCES = {
    "table": "the price table",
    "provider": "the provider's own quote",
    "learned": "what earlier jobs cost",
    "unknown": "nobody knows",
}


def quoted_words(job: "Job") -> str:
    """Say a job's quote, who said so, and its note; "" where nobody did."""
    if job.quote.credits is None:
        return ""
    note = f"; {job.quote.note}" if job.quote.note else ""
    return f"{amount(job.quote.credits)}, by {SOURCES[job.quote.source]}{note}"


def drift_words(job: "Job", entries: Sequence["Entry"]) -> str:
    """Say where the provider took another amount than was quoted; "" where it did not."""
    taken = [one.credits for one in entries if (one.kind, one.source) == ("charge", "provider")]
    if not taken or job.quote.credits in (None, sum(taken)):
        return ""
    return f"price drift: {job.quote.credits} quoted, and the provider took {sum(taken)}"
