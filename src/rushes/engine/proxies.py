"""Finds the proxy for a request, from the usual variables and the system's settings."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rushes.addresses import is_loopback
from rushes.errors import SetupError

__all__ = ["Proxies"]


class Proxies:
    """The proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name.

    They are read once, when this is made. A `.netrc` file is never read.
    """

    def __init__(self) -> None:
        self._found = getproxies()

    def find(self, scheme: str, host: str, port: int) -> str | None:
        """Return the proxy's URL (with its user name and password), or None to go directly.

        Loopback is never reached through a proxy. Raises SetupError for a proxy that is not
        spoken to by HTTP, rather than going around it.
        """
        proxy = self._found.get(scheme) or self._found.get("all")
        bracketed = f"[{host}]" if ":" in host else host
        if not proxy or is_loopback(host) or proxy_bypass(f"{bracketed}:{port}"):
            return None
        if "://" not in proxy:
            proxy = f"http://{proxy}"
        try:
            parts = urlsplit(proxy)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise SetupError(
                f"The proxy set for {scheme} links is not an http:// or https:// address.",
                next_step=f"Set {scheme.upper()}_PROXY to an HTTP proxy such as "
                f"http://proxy.example:3128, or add {host} to NO_PROXY.",
            )
        return proxy
