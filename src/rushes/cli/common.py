"""What the options that every command has come to."""

from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from rushes.config import Config

META = "rushes.cli."
"""Before an option's name among a command line's facts."""


class Common(NamedTuple):
    """The options of every command; one that stands nearer to the command's name wins."""

    sandbox: bool | None = None
    home: str | None = None
    json: bool = False
    quiet: bool = False

    @classmethod
    def of(cls, ctx: click.Context) -> "Common":
        """Return the options of this command line."""
        given = {name: ctx.meta.get(META + name) for name in cls._fields}
        return cls(**{name: value for name, value in given.items() if value is not None})

    def config(self) -> "Config":
        """Read the settings."""
        from rushes.config import Config

        return Config(home=self.home, sandbox=self.sandbox_argument())

    def sandbox_argument(self) -> bool | str | None:
        """Return what `--sandbox` means: the sandbox whose address is set, else one in here."""
        if not self.sandbox:
            return self.sandbox
        from rushes.config import Config

        found = Config(home=self.home).sandbox
        return found if isinstance(found, str) else True
