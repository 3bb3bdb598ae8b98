"""Whose key, which address, which adapter: all that is needed to speak to one account."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from rushes.addresses import is_loopback
from rushes.catalog import Catalog
from rushes.catalog.schema import PollPlan, Provider
from rushes.config import Config, Key
from rushes.errors import RushesError
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
    """Finds credentials for new jobs, and again for jobs that the store remembers."""

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
        self._found: dict[tuple[str, bool], Credential] = {}

    def get(self, provider_id: str, *, sandbox: bool) -> Credential:
        """Return the credential for new jobs. Raises MissingCredential, or SetupError."""
        if found := self._found.get((provider_id, sandbox)):
            return found
        provider = self._catalog.provider(provider_id)
        if sandbox:
            base_url = self._start_sandbox()
            where = self._config.sandbox if isinstance(self._config.sandbox, str) else "local"
            key = Key(SANDBOX_KEY, "the sandbox's own key")
            identity = f"sandbox {where} {key.secret}"
        else:
            base_url = self._config.base_url(provider_id, provider.base_url).value
            key = self._config.require_key(
                provider_id, provider.auth.environment, provider.pages.key
            )
            identity = key.secret
        credential = Credential(
            provider=provider,
            base_url=base_url,
            adapter=adapter_for(self._catalog, provider_id),
            key=key,
            fingerprint=self._fingerprint(provider_id, identity),
            sandbox=sandbox,
        )
        self._found[provider_id, sandbox] = credential
        return credential

    def available(self, *, sandbox: bool) -> list[Credential]:
        """Return every provider's credential that can be had, without asking for those missing."""
        found = []
        for provider_id in self._catalog.providers:
            try:
                found.append(self.get(provider_id, sandbox=sandbox))
            except RushesError:
                continue
        return found

    def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """Return the credential of a job, if its key is here."""
        return next(
            (
                credential
                for credential in self._found.values()
                if credential.fingerprint == fingerprint
            ),
            None,
        )

    def _fingerprint(self, provider: str, identity: str) -> str:
        message = f"{provider}\0{identity}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()[:24]
