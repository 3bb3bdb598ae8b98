"""One world: its state, its catalog, both providers' sides, and what was put in and drawn."""

import hashlib
from collections.abc import Mapping

import msgspec

from rushes.catalog import Catalog
from rushes.catalog.schema import Model
from rushes.errors import InvalidModel
from rushes.providers.world import NO_TWIST, Side, Twist

from . import tasks
from .files import File
from .scenes import scene_of
from .shelf import Shelf
from .state import State
from .view import View

__all__ = ["World"]

_DRAWN_ON_DISK = 512_000_000
_DRAWN_IN_MEMORY = 128_000_000


class World:
    """All that one sandbox consists of, apart from its server."""

    def __init__(self, state: State, catalog: Catalog) -> None:
        self.state = state
        self.catalog = catalog
        folder = state.path.parent if state.path is not None else None
        self.media = Shelf(folder and folder / "media")
        self.drawn = Shelf(
            folder and folder / "outputs", _DRAWN_ON_DISK if folder else _DRAWN_IN_MEMORY
        )
        self.sides: Mapping[str, Side] = {
            provider: catalog.package(provider)
            .load_sandbox()
            .side(catalog.models(provider=provider))
            for provider in catalog.providers
        }

    def model(self, full_id: str) -> Model:
        """Return a task's model; one that left the catalog is still known by its id."""
        try:
            return self.catalog.model(full_id)
        except InvalidModel:
            provider, _, name = full_id.partition("/")
            return Model(
                id=name,
                name=name,
                provider=provider,
                capabilities=("text-to-video",),
                path=f"/{name}",
                params=(),
            )

    def view(self, provider: str, origin: str, twist: Twist = NO_TWIST) -> View:
        """Return the world for one request to one provider."""
        return View(
            self.state,
            provider=provider,
            model_of=self.model,
            media=self.media,
            origin=origin,
            twist=twist,
        )

    def output(self, row: tasks.Row, index: int) -> File:
        """Return an output, drawn now if it was not yet; slow, for a thread."""
        from .render import media_type, render

        scene = scene_of(self.model(row.model), row, index, self.media.get)
        facts = hashlib.sha256(repr(msgspec.structs.astuple(scene)).encode()).hexdigest()
        content = self.drawn.get(facts)
        if content is None:
            content = render(scene)
            self.drawn.put(facts, content)
        return File(content, media_type(scene), row.ends or row.created)
