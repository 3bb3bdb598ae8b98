"""Builds what goes out: the URL and every header of a request, each judged before the sending."""

import contextlib
import re

from yarl import URL

from rushes import __version__
from rushes.addresses import literal
from rushes.engine.failures import ForbiddenAddress
from rushes.errors import SetupError

__all__ = ["headers", "join", "link"]


def headers(given: tuple[tuple[str, str], ...], key: tuple[str, str] | None) -> dict[str, str]:
    """Join all headers of a request; only Host and the body's length are added to them later.

    Raises SetupError for a key, and ValueError for a header, that HTTP cannot carry. Better
    here than once the connection is made, when nobody could say whether something was sent.
    """
    joined = {
        "User-Agent": f"rushes/{__version__}",
        "Accept": "*/*",
        # Never compressed: a small answer needs none, and an output is stored as it is.
        "Accept-Encoding": "identity",
    }
    ours = {name.lower(): name for name in joined}
    for name, value in given:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not _sendable(value):
            raise ValueError(f"{name!r} cannot be sent as a header")
        joined.pop(ours.get(name.lower(), ""), None)
        joined[name] = value
    if key is not None:
        name, secret = key
        if not secret or not _sendable(secret) or secret != secret.strip():
            raise SetupError(
                f"The key for the header {name} is empty or holds a space, a line end or "
                "another character that a header cannot carry.",
                next_step="Store the key again: rushes keys set PROVIDER",
            )
        joined[name] = secret
    return joined


def _sendable(value: str) -> bool:
    return re.fullmatch(r"[ -~]*", value) is not None


def join(base_url: str, path: str) -> URL:
    """Put a call's path (with its query) under a checked base URL, every character as it is."""
    if not re.fullmatch(r"/[!-\"$-~]*", path):
        raise ValueError(f"{path!r} is not the path of a URL")
    return URL(base_url + path, encoded=True)


def link(url: str, *, base: URL | None = None) -> URL:
    """Read an output link, or a redirect's target seen from `base`.

    Its escapes stay as they are, because a signature may be made over each of them. Raises
    ForbiddenAddress for what is no http or https link, and for an IPv4 address in disguise.
    """
    with contextlib.suppress(ValueError):
        found = URL(url, encoded=re.fullmatch(r"[!-~]+", url) is not None)
        found = (base.join(found) if base is not None else found).with_fragment(None)
        if found.scheme in ("http", "https") and found.port and _plain(found.raw_host):
            return found
    raise ForbiddenAddress(
        f"an output link that begins with {url[:12]!r} is no web address to be followed"
    )


def _plain(host: str | None) -> bool:
    if not host or "%" in host:
        return False
    return ":" in host or literal(host) is None or str(literal(host)) == host
