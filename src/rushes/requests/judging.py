"""Judges the bytes of a media input against a model's limits."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rushes.catalog.lint import shape
from rushes.catalog.schema import MediaLimits, Param
from rushes.errors import Problem
from rushes.requests.describing import describe_media
from rushes.requests.facts import MediaFacts, UnreadableError, read_facts
from rushes.requests.words import listed

_Fault = tuple[str, Any, Any]
"""What to say after the parameter's name, the value, what is allowed."""


def judge(
    param: Param, data: bytes, *, index: int = 0, full_id: str = ""
) -> tuple[MediaFacts | None, tuple[Problem, ...]]:
    """Return what the bytes are, and a problem for each limit that they do not keep.

    `index` tells which of a list of inputs it is. The facts are None where the bytes cannot be
    read; a limit on what a format does not say is not judged.
    """
    if param.media is None:
        raise ValueError(f"{param.name} is no media input")
    name = f"{param.name}[{index}]" if param.kind == "medias" else param.name
    limits = param.media
    facts: MediaFacts | None = None
    faults: list[_Fault] = []
    if limits.max_megabytes is not None and len(data) > limits.max_megabytes * 1_000_000:
        # Too large for the model: said without unpacking it.
        faults.append(_too_large(limits.max_megabytes, len(data)))
    else:
        try:
            facts = read_facts(data)
        except UnreadableError as error:
            faults.append((str(error), None, limits.formats))
        else:
            faults += _faults(limits, facts)
    whose = f" {full_id} takes: {describe_media(limits)}" if full_id else ""
    problems = [
        Problem(
            name,
            f"{name} {said}.{whose}",
            value,
            tuple(allowed) if isinstance(allowed, tuple | list) else (allowed,),
            None,
            "INVALID_MEDIA",
        )
        for said, value, allowed in faults
    ]
    return facts, tuple(problems)


def _too_large(megabytes: float, size: int) -> _Fault:
    limit = f"at most {megabytes:g} MB"
    return f"has {size:,} bytes, the limit is {limit}", size, limit


def _faults(limits: MediaLimits, facts: MediaFacts) -> Iterator[_Fault]:
    if facts.kind != limits.kind:
        article = "an" if facts.kind[0] in "aei" else "a"
        said = f"is {article} {facts.kind} ({facts.format}), not {limits.kind}"
        yield said, facts.kind, limits.kind
        return
    formats = {"jpeg" if each == "jpg" else each for each in limits.formats}
    if formats and facts.format not in formats:
        yield f"is {facts.format}, not {listed(sorted(formats))}", facts.format, limits.formats
    if facts.width and facts.height:
        yield from _size_faults(limits, facts.width, facts.height)
    if facts.frames_per_second is not None and limits.frames_per_second:
        rate = round(facts.frames_per_second, 3)
        yield from _span_fault("frames a second", rate, limits.frames_per_second)
    if facts.seconds is not None and limits.seconds:
        yield from _span_fault("seconds", facts.seconds, limits.seconds)


def _size_faults(limits: MediaLimits, width: int, height: int) -> Iterator[_Fault]:
    size = f"{width}x{height}"
    if limits.min_pixels:
        least = limits.min_pixels
        if width < least[0] or height < least[1]:
            limit = "at least {}x{} pixels".format(*least)
            yield f"has {size} pixels, the limit is {limit}", size, limit
    if limits.max_pixels:
        most = limits.max_pixels
        if width > most[0] or height > most[1]:
            limit = "at most {}x{} pixels".format(*most)
            yield f"has {size} pixels, the limit is {limit}", size, limit
    if limits.aspect_ratio:
        low, high = limits.aspect_ratio
        if not shape(low) <= Fraction(width, height) <= shape(high):
            limit = f"from {low} to {high}"
            yield f"has the shape {size}, width to height must be {limit}", size, limit


def _span_fault(what: str, value: float, span: tuple[float, float]) -> Iterator[_Fault]:
    low, high = span
    if not low <= value <= high:
        limit = f"from {low:g} to {high:g} {what}"
        yield f"has {value:g} {what}, the limit is {limit}", value, limit
