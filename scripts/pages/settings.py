"""The page of settings and environment variables, from the tables that the code reads."""

from rushes.catalog import load
from rushes.config import KEY_COMMAND_SECONDS, SETTINGS
from scripts.pages import NOTE, table

HEAD = """\
# Settings and environment variables

A setting is taken from the first that names it: the argument (of the command, or of `Rushes(...)`),
the environment, the file `config.toml` in the home folder, the default. `rushes doctor` shows what
is in force and where it came from.
"""

FILE = """\
## The settings file

`config.toml` in the home folder. It takes each setting above but `home`, by its name, and
`base_url` and `max_credits_per_day` under a provider's name. Anything else in it is an error,
because a misspelt setting that is silently ignored is worse than none.

```toml
archive = "/media/disk/rushes"
allow_unpriced = true
max_credits_per_day = 2000

[aivideomaker]
max_credits_per_day = 500
base_url = "https://gateway.example.com/aivideomaker"
```
"""

KEYS = """\
## Provider keys

A key is looked for in the variables of its provider, in the order in which they stand here, and
then in the keys file (`keys.json` in the home folder, mode 0600), which `rushes keys set PROVIDER`
writes. For each variable `NAME` there are two more: `NAME_FILE` names a file that holds the key,
and `NAME_COMMAND` is a command that prints it, such as your password manager's; it is run without
a shell and may take {seconds} seconds. Of one name, the variable itself comes first, then the
file, then the command.
"""

OTHERS = """\
## What else is obeyed

`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (in small letters too) for proxies;
`SSL_CERT_FILE` and `SSL_CERT_DIR` for certificate authorities; `NO_COLOR` for a command without
colours. `RUSHES_DEBUG=1` shows the traceback of a fault in Rushes itself, and what the engine logs.
"""


def page() -> str:
    """Return the page."""
    catalog = load()
    rows: list[tuple[object, ...]] = [
        (f"`{setting.name}`", f"`{name}`", _default(setting.default), setting.help)
        for setting in SETTINGS
        for name in _variables(setting.environment, list(catalog.providers))
    ]
    keys = [
        (f"`{provider.id}`", f"`{name}`, `{name}_FILE`, `{name}_COMMAND`", provider.pages.key)
        for provider in catalog.providers.values()
        for name in provider.auth.environment
    ]
    return "\n".join(
        [
            NOTE,
            HEAD,
            *table(("setting", "variable", "default", ""), rows),
            "",
            FILE,
            KEYS.format(seconds=KEY_COMMAND_SECONDS),
            *table(("provider", "variables", "keys are made at"), keys),
            "",
            OTHERS.rstrip(),
            "",
        ]
    )


def _variables(name: str, providers: list[str]) -> list[str]:
    if "{PROVIDER}" not in name:
        return [name]
    return [name.replace("{PROVIDER}", provider.upper()) for provider in providers]


def _default(value: str | bool | None) -> str:
    return {None: "", False: "off", True: "on"}.get(value, f"`{value}`")
