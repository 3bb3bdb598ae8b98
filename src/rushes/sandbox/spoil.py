"""What a fault does to an answer."""

import http
from email.utils import formatdate

from rushes.providers.world import NO_TWIST, Reply, Twist

from .faults import Fault
from .http import Outgoing, Wire

__all__ = ["TWISTS", "page", "spoiled", "trouble_message", "twist_of"]

TWISTS = frozenset(
    {
        "no-task-id",
        "unknown-code",
        "unknown-status",
        "lost-task",
        "no-link",
        "refuse-content",
        "fail",
        "timeout",
        "never-ends",
        "fewer-outputs",
        "other-output",
    }
)
"""Effects that the provider's own side, or the task, shows."""

_JSON = (("Content-Type", "application/json"),)
_HTML = (("Content-Type", "text/html; charset=utf-8"),)
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
_ENDINGS: dict[str, Wire] = {
    "drop-answer": Wire(ending="close"),
    "drop-request": Wire(ending="close"),
    "reset-answer": Wire(ending="reset"),
    "reset-request": Wire(ending="reset"),
    "reset-early": Wire(ending="reset"),
}


def twist_of(fault: Fault | None) -> Twist:
    """Return what the fault asks of the provider's side."""
    if fault is None or fault.effect not in TWISTS:
        return NO_TWIST
    return Twist(fault.effect, fault.word, fault.code or 0, fault.status or 0, fault.reason)


def trouble_message(fault: Fault) -> str:
    """Return the message of an error that a fault makes."""
    if fault.reason:
        return fault.reason
    try:
        return http.HTTPStatus(fault.status or 500).phrase
    except ValueError:
        return "Error"


def page(title: str) -> bytes:
    """Return a small page of HTML, as gateways answer with."""
    return f"<!doctype html><html><head><title>{title}</title></head></html>\n".encode()


def spoiled(reply: Reply, fault: Fault | None, trouble: Reply | None, now: float) -> Outgoing:
    """Return the answer as it goes out. `trouble` is the provider's own envelope of a status."""
    if fault is None:
        return Outgoing(status=reply.status, headers=reply.headers, body=reply.body)
    status, headers, body = reply.status, reply.headers, reply.body
    wire = _ENDINGS.get(fault.effect, Wire())
    match fault.effect:
        case "status":
            status = fault.status or 500
            headers, body = _status_body(fault, trouble)
            headers += _retry_after(fault, now)
        case "redirect":
            status = fault.status or 307
            headers, body = (("Location", fault.location or ""),), b""
        case "not-json":
            status, headers, body = 200, _JSON, b"The service is being upgraded, see you soon"
        case "html":
            status, headers, body = 200, _HTML, page("One moment")
        case "empty":
            status, headers, body = 200, _JSON, b""
        case "slow":
            wire = wire._replace(pace=fault.bytes_per_second)
        case "truncate":
            half = len(body) // 2
            wire = wire._replace(cut=half if fault.after_bytes is None else fault.after_bytes)
    wire = wire._replace(delay=fault.seconds)
    return Outgoing(status=status, headers=headers, body=body, wire=wire)


def _status_body(fault: Fault, trouble: Reply | None) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if fault.body == "html":
        return _HTML, page(f"{fault.status} {trouble_message(fault)}")
    if fault.body == "empty":
        return (), b""
    if fault.body == "text" or trouble is None:
        return _TEXT, f"{trouble_message(fault)}\n".encode()
    return trouble.headers, trouble.body


def _retry_after(fault: Fault, now: float) -> tuple[tuple[str, str], ...]:
    if fault.retry_after is None:
        return ()
    if fault.retry_after_form == "date":
        return (("Retry-After", formatdate(now + fault.retry_after, usegmt=True)),)
    return (("Retry-After", f"{fault.retry_after:g}"),)
