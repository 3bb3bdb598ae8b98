"""Requests: one vocabulary for all models, judged whole before anything is paid.

Judges only what it is given; it opens no file, fetches nothing, and loads a media package only
to look at the bytes of a media input.
"""

from rushes.requests.checking import Checked, check
from rushes.requests.describing import describe, describe_media
from rushes.requests.facts import MediaFacts
from rushes.requests.judging import judge
from rushes.requests.pricing import price
from rushes.requests.schemas import json_schema
from rushes.requests.values import allowed_text
from rushes.requests.wire import from_wire, to_wire

__all__ = [
    "Checked",
    "MediaFacts",
    "allowed_text",
    "check",
    "describe",
    "describe_media",
    "from_wire",
    "json_schema",
    "judge",
    "price",
    "to_wire",
]
