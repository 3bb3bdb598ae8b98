"""`rushes doctor`."""

import sys
from typing import Any

import click

from rushes.cli.common import Common
from rushes.cli.failures import FAILED
from rushes.cli.lazy import Command
from rushes.cli.options import common
from rushes.cli.output import print_json

COLORS = {"ok": "green", "note": "cyan", "warning": "yellow", "fail": "red"}


@click.command(
    short_help="Look whether all is well, and what to do.",
    examples=("rushes doctor --sandbox",),
    cls=Command,
)
@click.option("--offline", is_flag=True, help="Do not ask the providers for balances.")
@common
@click.pass_context
def doctor(ctx: click.Context, offline: bool) -> None:
    """Look at keys, balances, store, archive, disk and sandbox; say what to do where it is needed.

    Ends with 1 when a check fails. A missing key is a note: the sandbox needs none.
    """
    import asyncio

    from rushes.cli.checks import Finding, all_findings

    options = Common.of(ctx)
    findings: list[Finding] = []

    async def look() -> None:
        async for finding in all_findings(options, offline=offline):
            findings.append(finding)
            if not options.json:
                _print(finding)

    asyncio.run(look())
    failed = [finding for finding in findings if finding.status == "fail"]
    if options.json:
        shown: list[dict[str, Any]] = [finding._asdict() for finding in findings]
        print_json({"ok": not failed, "checks": shown})
    else:
        count = len(failed)
        verdict = f"{count} check{'' if count == 1 else 's'} failed." if count else "All is well."
        click.echo(f"\n{verdict}")
    ctx.exit(FAILED if failed else 0)


def _print(finding: "Any") -> None:
    word = f"{finding.status:7}"
    if sys.stdout.isatty():
        word = click.style(word, fg=COLORS[finding.status])
    click.echo(f"{word}  {finding.name:10}  {finding.detail}")
    if finding.remedy:
        for line in finding.remedy.splitlines():
            click.echo(f"{'':21}{line}")
