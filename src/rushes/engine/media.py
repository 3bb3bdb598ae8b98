"""Input media: looked at before anything is paid, kept by what they hold, sent as taken.

In a job's request a local file stands as `sha256:...`; its bytes lie in the archive, so that a
job can be submitted later, and by another process.
"""

import asyncio
import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from rushes.addresses import is_private
from rushes.catalog.schema import Model, Param
from rushes.engine.archive_layout import type_of
from rushes.engine.credentials import Credential
from rushes.engine.failures import AnswerLost, NeverMade
from rushes.engine.house import House
from rushes.errors import InvalidMedia, NetworkError, Problem
from rushes.providers.base import Call
from rushes.requests import Checked, judge

REFERENCE = "sha256:"
UNKNOWN_TYPE = "application/octet-stream"
MAX_BYTES = 512 * 1024 * 1024

Media = str | bytes | os.PathLike[str]


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """A local file's bytes, and their type by content."""

    media_type: str
    data: bytes


class TakenIn(msgspec.Struct, frozen=True, kw_only=True):
    """A request's values with every local file replaced by its reference, and what is wrong."""

    values: dict[str, Any]
    problems: tuple[Problem, ...]
    blobs: dict[str, Blob] = {}
    """Each local file by its digest, not yet stored."""


def source_kind(source: Media) -> Literal["url", "data", "local"]:
    """Say what a media value is by its beginning."""
    if isinstance(source, str):
        scheme = source[:8].lower()
        if scheme.startswith(("http://", "https://")):
            return "url"
        if scheme.startswith("data:"):
            return "data"
    return "local"


async def take_in(checked: Checked, *, can_publish: bool) -> TakenIn:
    """Look into every media input of a request; nothing is stored or sent."""
    values = dict(checked.values)
    problems: list[Problem] = []
    blobs: dict[str, Blob] = {}
    for param in checked.model.params:
        given = values.get(param.name)
        if param.media is None or given is None:
            continue
        sources = given if isinstance(given, list | tuple) else [given]
        taken: list[str] = []
        for index, source in enumerate(sources):
            reference, blob, found = await asyncio.to_thread(
                _look, checked.model, param, source, index, can_publish
            )
            problems.extend(found)
            taken.append(reference)
            if blob is not None:
                blobs[reference.removeprefix(REFERENCE)] = blob
        values[param.name] = taken if isinstance(given, list | tuple) else taken[0]
    return TakenIn(values=values, problems=tuple(problems), blobs=blobs)


def _look(
    model: Model, param: Param, source: Media, index: int, can_publish: bool
) -> tuple[str, Blob | None, tuple[Problem, ...]]:
    kind = source_kind(source)
    if kind == "url":
        assert isinstance(source, str)  # noqa: S101 - told by source_kind
        return source, None, _judge_url(param, source, can_publish=can_publish)
    shown = _shown(source)
    try:
        data = _data_uri(str(source)) if kind == "data" else _read(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = Problem(
            param.name,
            f"{param.name} cannot be read ({shown}): {reason}.",
            shown,
            code="INVALID_MEDIA",
        )
        return "", None, (problem,)
    facts, found = judge(param, data, index=index, full_id=model.full_id)
    problems = [_naming(one, source, kind) for one in found]
    if not can_publish and param.media and "data" not in param.media.transports:
        problems.append(
            Problem(
                param.name,
                f"{param.name} is a local file ({shown}), and {model.full_id} takes only a public "
                "https URL: put the file where the provider can reach it and give that address.",
                shown,
                code="INVALID_MEDIA",
            )
        )
    blob = Blob(media_type=facts.media_type if facts else UNKNOWN_TYPE, data=data)
    return REFERENCE + hashlib.sha256(data).hexdigest(), blob, tuple(problems)


def _naming(problem: Problem, source: Media, kind: str) -> Problem:
    """Say which file it is; a request may have several."""
    if kind == "data" or isinstance(source, bytes):
        return problem
    return problem._replace(message=f"{problem.message} (The file is {_shown(source)}.)")


def _judge_url(param: Param, url: str, *, can_publish: bool) -> tuple[Problem, ...]:
    host = urlsplit(url).hostname
    if not host:
        return (
            Problem(
                param.name, f"{param.name} is not an address: {url}.", url, code="INVALID_MEDIA"
            ),
        )
    if is_private(host) and not can_publish:
        message = (
            f"{param.name} is at {host}, which the provider's servers cannot reach: "
            "give a public address."
        )
        return (Problem(param.name, message, url, code="INVALID_MEDIA"),)
    return ()


def _shown(source: Media) -> str:
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    text = os.fspath(source)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _read(source: Media) -> bytes:
    if isinstance(source, bytes):
        return source
    path = Path(source).expanduser()
    if not path.is_file():
        raise ValueError("there is no such file" if not path.exists() else "it is not a file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes are more than the {MAX_BYTES} that are read")
    return path.read_bytes()


def _data_uri(text: str) -> bytes:
    head, comma, body = text.partition(",")
    if not comma:
        raise ValueError("a data URI needs a comma before its data")
    if len(body) > MAX_BYTES:
        raise ValueError(f"more than the {MAX_BYTES} bytes that are read")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its base64 is broken: {error}") from None


async def keep(house: House, blobs: Mapping[str, Blob]) -> None:
    """Store input media in the archive, each once."""
    for digest, blob in blobs.items():
        if house.archive.held(digest) is None:
            path = house.archive.object(digest, blob.media_type)
            await house.work(house.files.write_whole, path, blob.data)


async def wire_values(
    house: House,
    credential: Credential,
    model: Model,
    request: Mapping[str, Any],
    blobs: Mapping[str, Blob] | None = None,
) -> dict[str, Any]:
    """Give every reference the form in which the provider takes it: data URI, or URL.

    Bytes are taken from `blobs`, else from the archive. Raises InvalidMedia when they are in
    neither, NetworkError when they cannot be published.
    """
    values = dict(request)
    for param in model.params:
        given = values.get(param.name)
        if param.media is None or given is None:
            continue
        sent = [
            await _send_form(house, credential, param, one, blobs or {})
            for one in (given if isinstance(given, list) else [given])
        ]
        values[param.name] = sent if isinstance(given, list) else sent[0]
    return values


async def _send_form(
    house: House,
    credential: Credential,
    param: Param,
    value: str,
    blobs: Mapping[str, Blob],
) -> str:
    if not value.startswith(REFERENCE):
        return value
    digest = value.removeprefix(REFERENCE)
    blob = blobs.get(digest)
    if blob is None:
        blob = await house.work(_from_archive, house, param, digest)
    if param.media and "data" in param.media.transports:
        return await house.work(data_uri, blob)
    return await publish_to_sandbox(house, credential, blob)


def _from_archive(house: House, param: Param, digest: str) -> Blob:
    try:
        path = house.archive.held(digest)
        if path is not None:
            return Blob(media_type=type_of(path), data=path.read_bytes())
        gone = "it is not there"
    except OSError as error:
        gone = error.strerror or str(error)
    raise InvalidMedia(
        f"The {param.name} of this job cannot be read from the archive ({digest}): {gone}.",
        next_step="Generate again with the file.",
    )


def data_uri(blob: Blob) -> str:
    """Write bytes as a data URI."""
    return f"data:{blob.media_type};base64,{base64.b64encode(blob.data).decode()}"


async def publish_to_sandbox(house: House, credential: Credential, blob: Blob) -> str:
    """Put bytes on the sandbox's media host and return their URL."""
    call = Call(
        method="PUT",
        path="/_sandbox/media",
        headers=(("Content-Type", blob.media_type),),
        body=blob.data,
    )
    try:
        answer = await house.transport.send(credential.base_url, call)
        url = msgspec.json.decode(answer.body, type=dict[str, Any])["url"]
    except (NeverMade, AnswerLost, msgspec.DecodeError, KeyError) as error:
        raise NetworkError(
            f"The sandbox's media host did not take the file: {error}",
            next_step="Run the command again.",
        ) from None
    return str(url)
