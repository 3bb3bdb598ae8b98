"""Reads the catalog: each provider package's file, then the user's own files."""

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rushes.catalog.index import Catalog, Shelf
from rushes.catalog.lint import lint_endpoints, lint_model
from rushes.catalog.names import normal
from rushes.catalog.schema import CatalogFile, Family, Model, Price, Record, UserFile
from rushes.errors import CatalogError

__all__ = ["ENTRY_POINTS", "load"]

ENTRY_POINTS = "rushes.providers"
_BUILT_IN = {
    "mediaio": "rushes.providers.mediaio",
    "aivideomaker": "rushes.providers.aivideomaker",
}
_MEND = "Mend the file, or move it away."

File = TypeVar("File", bound=Record)


def load(home: Path | None = None) -> Catalog:
    """Read the catalog: the installed provider packages, then `home`/catalog/*.toml.

    Raises:
        CatalogError: a file cannot be used; the message names file, entry and fault.
    """
    shelves: dict[str, Shelf] = {}
    for package in _packages():
        shelf = _packaged(package)
        other = shelves.setdefault(shelf.provider.id, shelf)
        if other is not shelf:
            raise CatalogError(
                f"Two packages bring the provider {shelf.provider.id}: {other.package} and "
                f"{shelf.package}.",
                next_step="Uninstall one of them.",
            )
    if home is not None:
        for path in _own_files(home / "catalog"):
            file = _read(path, UserFile)
            if file.provider.id not in shelves:
                known = ", ".join(shelves)
                raise CatalogError(
                    f"{path}: provider: there is no provider {file.provider.id!r}; known are "
                    f"{known}.",
                    next_step=_MEND,
                )
            shelves[file.provider.id] = _added(shelves[file.provider.id], file, path)
    return Catalog(shelves.values())


def _packages() -> list[str]:
    """Return the provider packages: the installed entry points, and ours in any case."""
    from importlib.metadata import entry_points

    packages: dict[str, str] = dict(_BUILT_IN)
    for point in sorted(entry_points(group=ENTRY_POINTS)):
        other = packages.setdefault(point.name, point.value)
        if other != point.value:
            raise CatalogError(
                f"Two packages bring the provider {point.name}: {other} and {point.value}.",
                next_step="Uninstall one of them.",
            )
    return list(packages.values())


def _packaged(package: str) -> Shelf:
    try:
        path = import_module(package).CATALOG
        raw = path.read_bytes()
    except Exception as error:
        raise CatalogError(
            f"The provider package {package} cannot be loaded: {error!r}.",
            next_step="Reinstall or remove it.",
        ) from error
    return _shelf(raw, str(path), package)


@lru_cache(maxsize=16)
def _shelf(raw: bytes, where: str, package: str) -> Shelf:
    """Decode and lint a packaged file; the same bytes are read once in a process."""
    file = _decode(raw, where, CatalogFile)
    shelf = Shelf(
        provider=file.provider,
        endpoints=file.endpoint,
        models=tuple(
            msgspec.structs.replace(model, provider=file.provider.id) for model in file.model
        ),
        families=tuple(
            msgspec.structs.replace(family, provider=file.provider.id) for family in file.family
        ),
        package=package,
    )
    faults = [fault for model in shelf.models for fault in lint_model(model)]
    faults += lint_endpoints(shelf.endpoints) + _family_faults(shelf)
    _refuse(faults, where)
    return shelf


def _own_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError as error:
        raise CatalogError(f"{folder}: cannot be read: {error}.") from error


def _read(path: Path, kind: type[File]) -> File:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error}.", next_step=_MEND) from error
    return _decode(raw, str(path), kind)


def _decode(raw: bytes, where: str, kind: type[File]) -> File:
    try:
        table = tomllib.loads(raw.decode())
    except ValueError as error:
        raise CatalogError(f"{where}: is not TOML: {error}.", next_step=_MEND) from error
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{where}: {_entry(table, str(error))}", next_step=_MEND) from error


def _entry(table: dict[str, Any], fault: str) -> str:
    """Put the entry's own name before a fault that only counts: `model paper-boat: ...`."""
    place = re.search(r"`\$\.(\w+)\[(\d+)\]", fault)
    if place is None:
        return fault
    kind, index = place[1], int(place[2])
    entry = table[kind][index]
    name = entry.get("id") or entry.get("model") if isinstance(entry, dict) else None
    return f"{kind} {name}: {fault}" if name else fault


def _added(shelf: Shelf, file: UserFile, path: Path) -> Shelf:
    """Return the shelf with what a user's own file adds; a name that is taken is an error."""
    where = str(path)
    provider = shelf.provider.id
    models = {model.id: model for model in shelf.models}
    faults = []
    for model in file.model:
        if model.id in models:
            faults.append(
                f"model {model.id}: {models[model.id].full_id} is there already; to set its "
                "price use [[price]], else choose another id"
            )
            continue
        own = msgspec.structs.replace(
            model, provider=provider, prices=tuple(_own_price(each) for each in model.prices)
        )
        faults += lint_model(own)
        models[own.id] = own
    for override in file.price:
        meant = next((each for each in models if normal(each) == normal(override.model)), None)
        if meant is None:
            faults.append(f"price {override.model}: {provider} has no model of that id")
            continue
        priced = msgspec.structs.replace(
            models[meant], prices=(*models[meant].prices, _own_price(override.price))
        )
        faults += [fault for fault in lint_model(priced) if fault not in faults]
        models[meant] = priced
    families = tuple(msgspec.structs.replace(each, provider=provider) for each in file.family)
    result = msgspec.structs.replace(
        shelf, models=tuple(models.values()), families=shelf.families + families
    )
    faults += _family_faults(result)
    _refuse(faults, where)
    try:
        Catalog([result])
    except CatalogError as error:
        raise CatalogError(f"{where}: {error.message}", next_step=_MEND) from error
    return result


def _own_price(price: Price) -> Price:
    """Mark a price of a user's own file as theirs, whatever the default says."""
    if price.source != "contract":
        return price
    return msgspec.structs.replace(price, source="user")


def _family_faults(shelf: Shelf) -> list[str]:
    known = {model.id: model for model in shelf.models}
    faults = [_family_fault(family, known) for family in shelf.families]
    return [fault for fault in faults if fault]


def _family_fault(family: Family, known: dict[str, Model]) -> str:
    missing = [member for member in family.members if member not in known]
    if missing:
        return f"family {family.id}: there is no model {', '.join(missing)}"
    if len(family.members) < 2:
        return f"family {family.id}: needs two members or more"
    return ""


def _refuse(faults: Iterable[str], where: str) -> None:
    lines = [f"{where}: {fault}." for fault in faults]
    if lines:
        raise CatalogError("\n".join(lines), next_step=_MEND)
