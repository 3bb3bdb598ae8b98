"""`rushes spend`."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from rushes.cli.lazy import Command
from rushes.cli.options import common
from rushes.cli.output import NUMBER, print_json, print_table
from rushes.cli.running import Face, run

if TYPE_CHECKING:
    from rushes.client.records import Spend
    from rushes.client.spending import By

FIELDS = (
    "provider",
    "jobs",
    "reserved",
    "charged",
    "refunded",
    "net",
    "provider_said",
    "by_quote",
    "learned",
    "assumed",
    "unknown",
    "usd",
)

SUMS = (
    ("jobs", "jobs"),
    ("set aside", "reserved"),
    ("charged", "charged"),
    ("given back", "refunded"),
    ("provider said", "provider_said"),
)
SOURCES = (("quoted", "by_quote"), ("learned", "learned"), ("assumed", "assumed"))
"""Who else says what was charged; shown where anybody does."""


@click.command(
    short_help="Sum what was spent, and who says so.",
    examples=(
        'rushes generate "a kite" -m t2v -d 5 -a 16:9 --sandbox',
        "rushes spend --sandbox",
        "rushes spend --by model --sandbox --csv",
    ),
    cls=Command,
)
@click.option(
    "--by",
    type=click.Choice(("day", "model", "credential")),
    default="day",
    show_default=True,
    help="What a row stands for.",
)
@click.option(
    "--since",
    metavar="DATE",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="Only jobs asked for on that day or later: 2026-11-21.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV to stdout and nothing else.")
@common
@click.pass_context
def spend(ctx: click.Context, by: "By", since: datetime | None, as_csv: bool) -> None:
    """Sum what was reserved, charged and given back, and say who says so.

    A job counts on the day on which it was asked for. What the provider itself said is exact;
    the rest of `charged` is the quote's figure, a measured one, or an assumption. Sandbox jobs
    are shown with --sandbox only, and then alone.
    """
    run(ctx, lambda face: _spend(face, by, since.date() if since else None, as_csv))


async def _spend(face: Face, by: "By", since: date | None, as_csv: bool) -> int:
    if as_csv and face.common.json:
        raise click.UsageError("--json and --csv: only one of them can be printed.")
    rows = await face.client.spend(by=by, since=since)
    shown = [_row(face, row) for row in rows]
    if face.common.json:
        print_json([_named(by, row) | cells for row, cells in zip(rows, shown, strict=True)])
    elif as_csv:
        _print_csv(
            [by, "key"] if by == "credential" else [by],
            [
                [*_named(by, row).values(), *cells.values()]
                for row, cells in zip(rows, shown, strict=True)
            ],
        )
    elif rows:
        _print(face, by, rows, shown)
    else:
        face.note("Nothing was spent.")
    return 0


def _row(face: Face, row: "Spend") -> dict[str, Any]:
    rate = face.client.catalog.providers.get(row.provider)
    worth = rate.usd_per_credit if rate is not None else None
    usd = None if worth is None or row.sandbox else round(row.net * worth, 6)
    return {name: usd if name == "usd" else getattr(row, name) for name in FIELDS}


def _named(by: "By", row: "Spend") -> dict[str, Any]:
    """Return what a row stands for; of a credential its fingerprint, and what it is called."""
    return {by: row.name} | ({"key": row.key} if by == "credential" else {})


def _print_csv(names: list[str], rows: list[list[Any]]) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *FIELDS])
    writer.writerows(rows)
    click.echo(text.getvalue(), nl=False)


def _print(face: Face, by: str, rows: "list[Spend]", shown: list[dict[str, Any]]) -> None:
    columns = [
        (by, [row.key or row.name for row in rows]),
        ("provider", [row.provider for row in rows]),
        *((f"{head}{NUMBER}", [str(one[name]) for one in shown]) for head, name in SUMS),
        *(
            (f"{head}{NUMBER}", [str(one[name]) for one in shown])
            for head, name in SOURCES
            if any(one[name] for one in shown)
        ),
    ]
    if any(one["usd"] is not None for one in shown):
        worth = ["" if one["usd"] is None else f"${one['usd']:,.2f}" for one in shown]
        columns.append((f"worth{NUMBER}", worth))
    print_table(
        [head for head, _ in columns], list(zip(*(cells for _, cells in columns), strict=True))
    )
    if any(row.charged > row.provider_said for row in rows):
        face.note(
            "Only what the provider said is exact; the rest of what was charged is the quote's, "
            "measured, or assumed."
        )
    unknown = sum(row.unknown for row in rows)
    if unknown:
        face.note(
            f"{unknown} job{'' if unknown == 1 else 's'} succeeded at a cost that nobody knows, "
            "and is in no sum.",
            fg="yellow",
        )
