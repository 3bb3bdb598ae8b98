"""`rushes sandbox requests`, and the lists of the sandbox's settings and faults."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from rushes.cli.common import Common
from rushes.cli.lazy import Command
from rushes.cli.options import common
from rushes.cli.output import NUMBER, print_json, print_table, size
from rushes.errors import NetworkError

ANSWER_SECONDS = 10.0


@click.command(
    short_help="Show every request that it was sent.",
    examples=(
        'rushes generate "a boat" -m imagen-4 --sandbox',
        "rushes sandbox requests",
    ),
    cls=Command,
)
@click.option(
    "--url",
    metavar="ADDRESS",
    help="Of the `rushes sandbox` there [RUSHES_SANDBOX] (default: the one in the home folder).",
)
@click.option("--har", is_flag=True, help="Print an HTTP archive (HAR 1.2).")
@click.option("--action", metavar="ACTION", help="Only these: create, query, list, download, ...")
@common
@click.pass_context
def requests(ctx: click.Context, url: str | None, har: bool, action: str | None) -> None:
    """Show every request that the sandbox was sent, oldest first. Keys in it are masked."""
    options = Common.of(ctx)
    config = options.config()
    address = url or (config.sandbox if isinstance(config.sandbox, str) else None)
    if address is not None:
        form = "har" if har else "json"
        wanted = f"&action={action}" if action else ""
        answer = fetch(address, f"/_sandbox/requests?format={form}{wanted}")
        found = answer if har else answer["requests"]
    else:
        found = _kept(config.home / "sandbox" / "world.sqlite3", har=har, action=action)
    if har or options.json:
        print_json(found)
        return
    if not found:
        click.echo("The sandbox was asked nothing yet.", err=True)
        return
    print_table(
        ["time", "", "path", f"status{NUMBER}", "what", "of", f"answer{NUMBER}", ""],
        [_row(entry) for entry in found],
        wrap=False,
    )


def _kept(world: Path, *, har: bool, action: str | None) -> Any:
    """Read the record of the sandbox in the home folder."""
    import msgspec

    from rushes.sandbox import Sandbox

    if not world.is_file():
        return {"log": {"version": "1.2", "entries": []}} if har else []
    one = Sandbox(path=world)
    try:
        return one.har() if har else msgspec.to_builtins(one.requests(action=action))
    finally:
        one.close()


def _path(url: str) -> str:
    """Return the path with long ids cut: `--json` has them whole."""
    parts = urlsplit(url).path.split("/")
    return "/".join(f"{part[:8]}…" if len(part) > 24 else part for part in parts)


def _row(entry: dict[str, Any]) -> list[str]:
    at = datetime.fromtimestamp(entry["at"]).astimezone()
    status = entry["status"]
    return [
        f"{at:%H:%M:%S}.{at.microsecond // 1000:03}",
        entry["method"],
        _path(entry["url"]),
        "none" if status is None else str(status),
        entry["action"],
        (entry["model"] or "").rpartition("/")[2] or entry["provider"] or "",
        size(entry["answer_bytes"]),
        f"fault: {entry['fault']}" if entry["fault"] else "",
    ]


def fetch(address: str, path: str) -> Any:
    """Get JSON from a sandbox's control address. Raises NetworkError."""
    import json
    import urllib.request

    from rushes.addresses import check_base_url

    base = check_base_url(address, setting="the sandbox's address")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{base}{path}", timeout=ANSWER_SECONDS) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"No sandbox answers at {base}: {getattr(error, 'reason', error)}.",
            next_step="Start one with: rushes sandbox   Or unset RUSHES_SANDBOX.",
        ) from None


def print_settings(*, as_json: bool) -> None:
    """List the sandbox's settings."""
    from rushes.sandbox import setting_infos

    infos = setting_infos()
    if as_json:
        print_json([info._asdict() for info in infos])
        return
    print_table(
        ["name", "takes", "default", "what"],
        [
            [one.name, " ".join(filter(None, (one.kind, one.bounds))), one.default, one.help]
            for one in infos
        ],
    )


def print_faults(*, as_json: bool) -> None:
    """List what faults can do, and to which requests."""
    from rushes.sandbox import ACTIONS, EFFECTS

    if as_json:
        print_json(
            {name: {"help": one.help, "actions": one.actions} for name, one in EFFECTS.items()}
        )
        return
    print_table(
        ["effect", "what it does", "of"],
        [
            [name, one.help, "any request" if len(one.actions) > 8 else ", ".join(one.actions)]
            for name, one in EFFECTS.items()
        ],
    )
    click.echo(
        f"\nA fault is ACTION:EFFECT[:NAME=VALUE...], and ACTION one of {', '.join(ACTIONS)}."
    )
    click.echo("Others: times, nth, model, key, task, probability, seconds (a delay first).")
