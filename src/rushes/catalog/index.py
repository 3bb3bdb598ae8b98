"""The catalog once it is read: models by id, by name, by what they can."""

from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import get_args

import msgspec

from rushes.catalog.names import near, normal
from rushes.catalog.schema import Capability, Endpoint, Family, Model, Param, Provider
from rushes.errors import CatalogError, InvalidModel, InvalidPayload, Problem

_LIST_MODELS = "List the models with: rushes models"


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """All that the catalog knows of one provider, and the package that speaks its wire."""

    provider: Provider
    endpoints: tuple[Endpoint, ...]
    models: tuple[Model, ...]
    families: tuple[Family, ...]
    package: str


class Catalog:
    """Every provider and model, read once; made by `rushes.catalog.load`.

    Raises:
        CatalogError: two entries of one provider claim the same name.
    """

    def __init__(self, shelves: Iterable[Shelf]) -> None:
        self._shelves = {shelf.provider.id: shelf for shelf in shelves}
        self._models = {
            model.full_id: model for shelf in self._shelves.values() for model in shelf.models
        }
        self._names: dict[str, dict[str, Model | Family]] = {}
        for shelf in self._shelves.values():
            for key, entry in _names(shelf).items():
                self._names.setdefault(key, {})[shelf.provider.id] = entry

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The providers by id."""
        return MappingProxyType({key: shelf.provider for key, shelf in self._shelves.items()})

    def provider(self, id: str) -> Provider:
        """Return a provider; InvalidModel, naming those known, when there is none of that id."""
        return self._shelf(id).provider

    def endpoints(self, provider: str) -> tuple[Endpoint, ...]:
        """Return the calls of a provider that are not the create of one model."""
        return self._shelf(provider).endpoints

    def families(self, provider: str | None = None) -> tuple[Family, ...]:
        """Return the short ids that stand for several models."""
        shelves = self._shelves.values() if provider is None else [self._shelf(provider)]
        return tuple(family for shelf in shelves for family in shelf.families)

    def package(self, provider: str) -> ModuleType:
        """Return the package that holds the provider's `adapter` and `load_sandbox`."""
        return import_module(self._shelf(provider).package)

    def models(self, *, provider: str | None = None, can: str | None = None) -> tuple[Model, ...]:
        """Return the models in the catalog's order, of one provider or with one capability."""
        models = self._models.values() if provider is None else self._shelf(provider).models
        if can is None:
            return tuple(models)
        capability = _capability(can)
        return tuple(model for model in models if capability in model.capabilities)

    def model(self, full_id: str) -> Model:
        """Return the model of exactly this id, `mediaio/kling-3.0`; InvalidModel when none is."""
        try:
            return self._models[full_id]
        except KeyError:
            raise self._unknown(full_id, None) from None

    def find(self, name: str, *, given: Collection[str] = (), provider: str | None = None) -> Model:
        """Return the model that a user means.

        `name` is an id, `provider/id`, a family's short id, a provider's exact name, a model
        code or an alias. `given` holds the names of the parameters given (or is the request
        itself, whose None values count as not given): by them a family picks its member.

        Raises:
            InvalidModel: no model, or models of several providers, have that name.
        """
        if isinstance(given, Mapping):
            given = {key for key, value in given.items() if value is not None}
        rest = name
        if provider is None and "/" in name:
            head, rest = name.split("/", 1)
            provider = next((each for each in self._shelves if normal(each) == normal(head)), None)
            if provider is None:
                self._shelf(head)
        elif provider is not None:
            provider = self._shelf(provider).provider.id
            rest = name.removeprefix(f"{provider}/")
        found = self._names.get(normal(rest), {})
        if provider is not None:
            found = {key: entry for key, entry in found.items() if key == provider}
        if not found:
            raise self._unknown(name, provider)
        if len(found) > 1:
            raise _ambiguous(name, [f"{key}/{entry.id}" for key, entry in found.items()])
        ((key, entry),) = found.items()
        return self._pick(key, entry, given) if isinstance(entry, Family) else entry

    def _pick(self, provider: str, family: Family, given: Collection[str]) -> Model:
        members = [self._models[f"{provider}/{member}"] for member in family.members]
        for model in members:
            needed = [param for param in model.params if param.required and param.media]
            if all(_is_given(param, given) for param in needed):
                return model
        return members[-1]

    def _shelf(self, provider: str) -> Shelf:
        for key, shelf in self._shelves.items():
            if normal(key) == normal(provider):
                return shelf
        known = tuple(self._shelves)
        close = near(provider, known, most=1)
        message = f"There is no provider {provider[:80]!r}; known are {', '.join(known)}."
        problem = Problem(
            "provider", message, provider[:80], known, close[0] if close else None, "INVALID_MODEL"
        )
        raise InvalidModel(message, problems=[problem], next_step=_LIST_MODELS)

    def _unknown(self, name: str, provider: str | None) -> InvalidModel:
        """Say what is near: of the provider that was named, else of any."""
        where = f" of {provider}" if provider else ""
        rest = name.split("/", 1)[-1]
        close = self._near(rest, provider) or self._near(rest, None)
        message = f"There is no model {rest[:80]!r}{where}."
        if close:
            message += f" Did you mean {' or '.join(close)}?"
        problem = Problem(
            "model", message, name[:80], tuple(close), close[0] if close else None, "INVALID_MODEL"
        )
        return InvalidModel(message, problems=[problem], next_step=_LIST_MODELS)

    def _near(self, name: str, provider: str | None) -> list[str]:
        known = {
            key: [f"{owner}/{entry.id}" for owner, entry in entries.items()]
            for key, entries in self._names.items()
            if provider is None or provider in entries
        }
        ids = [full_id for key in near(name, known, most=6) for full_id in known[key]]
        return list(dict.fromkeys(ids))[:3]


def _is_given(param: Param, given: Collection[str]) -> bool:
    return param.name in given or param.wire in given


def _ambiguous(name: str, full_ids: list[str]) -> InvalidModel:
    message = f"{name!r} is the name of several models: {', '.join(full_ids)}."
    problem = Problem("model", message, name, tuple(full_ids), None, "INVALID_MODEL")
    return InvalidModel(
        message, problems=[problem], next_step="Name one of them with its provider."
    )


def _capability(can: str) -> str:
    known = get_args(Capability)
    for each in known:
        if normal(each) == normal(can):
            return str(each)
    close = near(can, known, most=1)
    message = f"No model can {can[:80]!r}; the capabilities are {', '.join(known)}."
    problem = Problem("can", message, can[:80], known, close[0] if close else None)
    raise InvalidPayload(message, problems=[problem], next_step=_LIST_MODELS)


def _names(shelf: Shelf) -> dict[str, Model | Family]:
    """Map every name of one provider's entries to its entry; a clash is an error."""
    families = {normal(family.id): family for family in shelf.families}
    names: dict[str, Model | Family] = {}
    entries: list[tuple[Model | Family, list[str]]] = [
        (family, [family.id]) for family in shelf.families
    ]
    entries += [(model, _names_of(model, families)) for model in shelf.models]
    for entry, own in entries:
        for name in own:
            other = names.setdefault(normal(name), entry)
            if other is not entry:
                raise CatalogError(
                    f"Two entries of {shelf.provider.id} are called {name!r}: {other.id} and "
                    f"{entry.id}.",
                    next_step="Rename one of them in its catalog file.",
                )
    return names


def _names_of(model: Model, families: Mapping[str, Family]) -> list[str]:
    names = [model.id, *model.aliases]
    names += [name for name in (model.title, model.model_code) if name]
    family = families.get(normal(model.name))
    if family is None or model.id not in family.members:
        names.append(model.name)
    return names
