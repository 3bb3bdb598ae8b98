"""Whose key, which address, which adapter: all that is needed to speak to one account."""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from rushes.addresses import is_loopback
from rushes.catalog import Catalog
from rushes.catalog.schema import PollPlan, Provider
from rushes.config import Config, Key
from rushes.errors import MissingCredential, RushesError
from rushes.keys_file import ENVIRONMENT
from rushes.providers import adapter_for
from rushes.providers.base import Adapter, Answer

SANDBOX_KEY = "sandbox"
SHORTEST_SECRET = 8
"""Characters; what is shorter is no key of a provider, and may be a part of any text."""

SANDBOX_FIRST = 0.5
SANDBOX_LONGEST = 3.0


def deduplicates(fingerprint: str) -> str:
    """Name the store's fact that the provider has said `idempotentReplay: true` to this key."""
    return f"deduplicates {fingerprint}"


class Credential:
    """One key of one provider, known to the store by a keyed fingerprint only."""

    def __init__(
        self,
        *,
        provider: Provider,
        base_url: str,
        adapter: Adapter,
        key: Key,
        fingerprint: str,
        sandbox: bool,
    ) -> None:
        self.provider = provider
        self.base_url = base_url
        self.adapter = adapter
        self.key = key
        self.fingerprint = fingerprint
        self.sandbox = sandbox

    @property
    def header(self) -> tuple[str, str]:
        """The header that carries the key."""
        return self.provider.auth.header, self.key.secret

    @property
    def poll(self) -> PollPlan:
        """When tasks are looked at; the sandbox's end in seconds, so it is looked at sooner."""
        plan = self.provider.poll
        if not self.sandbox:
            return plan
        return msgspec.structs.replace(plan, first=SANDBOX_FIRST, longest=SANDBOX_LONGEST)

    @property
    def allows_private_links(self) -> bool:
        """Output links on this machine are followed only when the provider itself is on it."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    def without_key(self, answer: Answer) -> Answer:
        """Mask this key in an answer: a provider that refuses one may well quote it."""
        secret, mask = self.key.secret, self.key.masked
        quoted = secret.encode() in answer.body or secret in "".join(answer.headers.values())
        if len(secret) < SHORTEST_SECRET or not quoted:
            return answer
        return msgspec.structs.replace(
            answer,
            body=answer.body.replace(secret.encode(), mask.encode()),
            headers={name: text.replace(secret, mask) for name, text in answer.headers.items()},
        )

    def __repr__(self) -> str:
        return f"Credential({self.provider.id!r}, {self.fingerprint!r}, {self.key.masked!r})"


class Credentials:
    """Finds credentials for new jobs, and again for jobs that the store remembers.

    Keys that are stored, replaced or removed by another process are noticed.
    """

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        secret: bytes,
        *,
        start_sandbox: Callable[[], str],
    ) -> None:
        self._config = config
        self._catalog = catalog
        self._secret = secret
        self._start_sandbox = start_sandbox
        self._sandbox: dict[str, Credential] = {}
        self._environment: dict[str, Credential] = {}
        self._stored: dict[str, list[Credential]] = {}
        self._read: tuple[int, int, int] | None = None
        self.choosing = asyncio.Lock()
        """Held while balances are asked to choose a key by."""
        self.named: set[str] = set()
        """Fingerprints whose names the store has been told."""

    def get(self, provider_id: str, *, sandbox: bool, name: str | None = None) -> Credential:
        """Return the credential of that name, else the first one for new jobs.

        Raises MissingCredential, or SetupError.
        """
        found = self.candidates(provider_id, sandbox=sandbox, name=name)
        if found:
            return found[0]
        provider = self._catalog.provider(provider_id)
        if name is None:
            auth = provider.auth.environment
            self._config.require_key(provider_id, auth, provider.pages.key)
        names = [one.key.name for one in self.candidates(provider_id, sandbox=sandbox)]
        # The name is not repeated: it may be a key, given in the wrong place.
        raise MissingCredential(
            f"{provider_id} has no key of that name; it has {', '.join(names) or 'none at all'}.",
            next_step="Name one of these, or store one with: "
            f"rushes keys set {provider_id} --name NAME   (see them all: rushes keys list)",
            provider=provider_id,
        )

    def candidates(
        self, provider_id: str, *, sandbox: bool, name: str | None = None
    ) -> list[Credential]:
        """List what new jobs may use, the environment's key first; with a name, only that one.

        The sandbox has one key of its own, whatever name is asked for.
        """
        if sandbox:
            return [self._of_sandbox(provider_id)]
        found = []
        if name in (None, ENVIRONMENT) and (own := self._of_environment(provider_id)) is not None:
            found.append(own)
        found += [one for one in self._kept(provider_id) if not one.key.retired]
        return [one for one in found if name in (None, one.key.name)]

    def available(self, *, sandbox: bool, look: bool = True) -> list[Credential]:
        """Return every credential whose jobs can be worked on, retired ones too.

        Without `look`, what would have to be started, run or read anew from the environment is
        left out.
        """
        if not look:
            stored = [one for name in self._catalog.providers for one in self._safely_kept(name)]
            return (
                list(self._sandbox.values())
                if sandbox
                else _distinct([*self._environment.values(), *stored])
            )
        found: list[Credential] = []
        for provider_id in self._catalog.providers:
            with contextlib.suppress(RushesError):
                found += self.candidates(provider_id, sandbox=sandbox)
            if not sandbox:
                found += self._safely_kept(provider_id)
        return _distinct(found)

    def retired(self) -> list[Credential]:
        """Return the stored credentials that are kept only until their jobs have ended."""
        stored = [one for name in self._catalog.providers for one in self._safely_kept(name)]
        in_use = {one.fingerprint for one in stored if not one.key.retired}
        return [one for one in stored if one.key.retired and one.fingerprint not in in_use]

    def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """Return the credential of a job, if its key is here."""
        for found in (self._environment, self._sandbox):
            for credential in found.values():
                if credential.fingerprint == fingerprint:
                    return credential
        for provider_id in self._catalog.providers:
            for credential in self._safely_kept(provider_id):
                if credential.fingerprint == fingerprint:
                    return credential
        return None

    def _of_sandbox(self, provider_id: str) -> Credential:
        if provider_id not in self._sandbox:
            base_url = self._start_sandbox()
            where = self._config.sandbox if isinstance(self._config.sandbox, str) else "local"
            key = Key(SANDBOX_KEY, "the sandbox's own key", "sandbox")
            identity = f"sandbox {where} {key.secret}"
            self._sandbox[provider_id] = self._made(
                provider_id, base_url, key, identity, sandbox=True
            )
        return self._sandbox[provider_id]

    def _of_environment(self, provider_id: str) -> Credential | None:
        if provider_id not in self._environment:
            names = self._catalog.provider(provider_id).auth.environment
            key = self._config.environment_key(provider_id, names)
            if key is None:
                return None
            self._environment[provider_id] = self._real(provider_id, key)
        return self._environment[provider_id]

    def _kept(self, provider_id: str) -> list[Credential]:
        """Return the credentials of stored keys, read anew when the file was replaced."""
        now = self._config.keys.signature()
        if now != self._read:
            self._stored, self._read = {}, now
        if now is not None and provider_id not in self._stored:
            self._stored[provider_id] = [
                self._real(provider_id, key) for key in self._config.named_keys(provider_id)
            ]
        return self._stored.get(provider_id, [])

    def _safely_kept(self, provider_id: str) -> list[Credential]:
        try:
            return self._kept(provider_id)
        except RushesError:
            return []

    def _real(self, provider_id: str, key: Key) -> Credential:
        default = self._catalog.provider(provider_id).base_url
        base_url = self._config.base_url(provider_id, default).value
        return self._made(provider_id, base_url, key, key.secret, sandbox=False)

    def _made(
        self, provider_id: str, base_url: str, key: Key, identity: str, *, sandbox: bool
    ) -> Credential:
        return Credential(
            provider=self._catalog.provider(provider_id),
            base_url=base_url,
            adapter=adapter_for(self._catalog, provider_id),
            key=key,
            fingerprint=fingerprint_of(self._secret, provider_id, identity),
            sandbox=sandbox,
        )


def fingerprint_of(store_secret: bytes, provider: str, key: str) -> str:
    """Return by what the store knows a key: nobody without the store's secret can compare it."""
    message = f"{provider}\0{key}".encode()
    return hmac.new(store_secret, message, hashlib.sha256).hexdigest()[:24]


def _distinct(found: list[Credential]) -> list[Credential]:
    return list({one.fingerprint: one for one in reversed(found)}.values())[::-1]
