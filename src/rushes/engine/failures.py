"""How an exchange can fail, and how the other side is named in a message."""

from yarl import URL

__all__ = [
    "AnswerLost",
    "ForbiddenAddress",
    "NeverMade",
    "TooLarge",
    "TransportError",
    "forbidden",
    "place",
    "too_large",
]


class TransportError(Exception):
    """No whole answer came; the message says why and holds no secret."""


class NeverMade(TransportError):
    """The connection was never made: surely nothing arrived."""


class AnswerLost(TransportError):
    """Nobody knows what arrived: a time-out, a reset, a truncated or unreadable answer."""


class TooLarge(AnswerLost):
    """The answer, or the file, is larger than allowed; the same request would end the same."""


class ForbiddenAddress(TransportError):
    """A link leads to an address that is not on the public internet, or is no web link."""


def place(url: URL) -> str:
    """Name the other side: never the path or query of a link, which may be a secret."""
    return f"{url.scheme}://{url.host_port_subcomponent}"


def forbidden(url: URL) -> ForbiddenAddress:
    """Say that this link may not be followed."""
    return ForbiddenAddress(
        f"an output link leads to {place(url)}, which is not on the public internet"
    )


def too_large(url: URL, most: int) -> TooLarge:
    """Say that more came from there than `most` bytes."""
    return TooLarge(f"{place(url)} sent more than the {most} bytes allowed")
