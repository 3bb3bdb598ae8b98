"""`rushes generate --dry-run`: what would be sent, and every check."""

import sys
from typing import Any

import click

from rushes.cli.failures import DONE, KEY, MONEY, WRONG
from rushes.cli.output import heading, print_json
from rushes.cli.running import Face
from rushes.client.records import Preview

LONGEST_TEXT = 200
"""Longer strings are cut in what people read; `--json` has them whole."""

CODES = {"parameters": WRONG, "media": WRONG, "price": MONEY, "key": KEY}


async def dry_run(
    face: Face,
    model: str,
    prompt: str | list[str] | None,
    parameters: dict[str, Any],
    max_credits: int | None,
) -> int:
    """Show the exact request, the quote and every check. Sends and stores nothing."""
    preview = await face.client.preview(model, prompt, max_credits=max_credits, **parameters)
    if face.common.json:
        print_json(_as_json(preview))
    else:
        _print(preview)
    for warning in preview.warnings:
        face.note(f"warning: {warning}", fg="yellow")
    failed = [CODES.get(check.name, WRONG) for check in preview.checks if not check.ok]
    return min(failed, default=DONE)


def _as_json(preview: Preview) -> dict[str, Any]:
    import msgspec

    table: dict[str, Any] = msgspec.to_builtins(preview)
    table["ok"] = preview.ok
    table["problems"] = [problem._asdict() for problem in preview.problems]
    return table


def _print(preview: Preview) -> None:
    import msgspec

    title = "Would be sent" if preview.ok else "Would not be sent"
    heading(f"{title} for {preview.model} (this is a dry run: nothing was)")
    click.echo(f"{preview.method} {preview.url}")
    for name, value in preview.headers.items():
        click.echo(f"{name}: {value}")
    if preview.key_source is not None:
        click.echo(f"(the key comes from {preview.key_source})")
    if preview.body is not None:
        text = msgspec.json.format(msgspec.json.encode(_shortened(preview.body)), indent=2)
        click.echo(f"\n{text.decode()}")
    click.echo()
    heading("Checks")
    for check in preview.checks:
        _print_check(check.name, check.ok, check.detail)


def _print_check(name: str, ok: bool, detail: str) -> None:
    mark = "ok    " if ok else "NOT OK"
    if sys.stdout.isatty():
        mark = click.style(mark, fg="green" if ok else "red")
    first, *more = detail.splitlines() or [""]
    click.echo(f"{mark}  {name:10}  {first}")
    for line in more:
        click.echo(f"{'':20}{line}")


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > LONGEST_TEXT:
        return f"{value[:40]}... ({len(value)} characters)"
    return value
