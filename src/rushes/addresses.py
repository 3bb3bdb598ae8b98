"""Judges where Rushes may talk to: base URLs that get a key, and addresses that get none.

Everything here looks only at text. A name is not resolved; what it resolves to is judged when
the connection is made, by the same functions.
"""

import functools
import ipaddress
import re
import socket
from urllib.parse import urlsplit

from rushes.errors import SetupError

__all__ = ["Address", "check_base_url", "is_loopback", "is_private", "literal"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBERS = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+)){0,3}\.?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def literal(host: str) -> Address | None:
    """Return the address that `host` spells out, or None where it is a name.

    Brackets, an IPv6 zone and the forms of `inet_aton` (`2130706433`, `0x7f.1`, `127.1`) are
    read as a connection would read them. An IPv4 address inside an IPv6 one (mapped, 6to4,
    Teredo, NAT64) is taken out, because that is where the packets go.
    """
    host = host.removeprefix("[").removesuffix("]").partition("%")[0]
    if _NUMBERS.fullmatch(host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
        except OSError:
            return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return _inner(address)


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


def is_loopback(host: str) -> bool:
    """Say whether `host` (a name or an address) is this machine's loopback by its spelling."""
    address = literal(host)
    if address is not None:
        return address.is_loopback
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def is_private(host: str) -> bool:
    """Say whether `host` is spelled as a place that is not on the public internet.

    True for `localhost` and for loopback, private, link-local, shared, multicast, reserved and
    unspecified addresses; False for every other name.
    """
    address = literal(host)
    if address is None:
        return is_loopback(host)
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return not address.is_global or address.is_multicast or address.is_reserved or site_local


@functools.lru_cache(maxsize=64)
def check_base_url(url: str, *, setting: str = "the base URL") -> str:
    """Return a provider's base URL without its last slash, fit to be given a key.

    It must be https, or http on a loopback address; a path is welcome, and user name, query and
    fragment are not. Anything else raises SetupError, naming `setting`.
    """
    fault = _fault(url)
    if fault:
        raise SetupError(
            f"{setting} {fault}.",
            next_step=f"Set {setting} to something like https://host/path, "
            "or http://127.0.0.1:8000 for a server on this machine.",
        )
    return url.rstrip("/")


def _fault(url: str) -> str | None:
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        return "holds a space or another character that cannot stand in a URL"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return f"must begin with https://, not {parts.scheme}://" if "://" in url else "is no URL"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if not host or port == 0:
        return "names no host" if not host else "names port 0"
    if "?" in url or "#" in url:
        return "must end with the path, without a query or fragment"
    address = literal(host)
    if isinstance(address, ipaddress.IPv4Address) and ":" not in host and str(address) != host:
        return f"writes an address in an unusual form; {address} is meant"
    if parts.scheme == "http" and not is_loopback(host):
        return f"must be https, because the key is sent there ({host} is not on this machine)"
    return None
