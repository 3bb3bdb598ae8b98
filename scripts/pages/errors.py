"""The page of errors, their codes, and the exit codes, from the error tree."""

from collections.abc import Iterator

from rushes import errors
from rushes.cli.failures import EXIT_CODES, MEANINGS
from rushes.errors import RushesError
from scripts.pages import NOTE, table

HEAD = """\
# Errors and exit codes

Every error is a `RushesError` with a stable code. Its message ends with the next step: a command, a
setting, or the provider's page. No key is ever in it.

In Python an error is an exception with these attributes: `code`, `message` (without the next step),
`next_step`, `billed`, `resend`, `retry_after` (seconds), `provider`, `model`, `job_id`, `task_id`,
`trace_id` and `provider_code`; a `RequestError` also has `problems`, one for each thing that is
wrong. With `--json` it stands in the job's `error`.

- **billed** says whether the provider has taken credits: `no`, `yes`, `unknown`.
- **resend** says whether the same request may be asked again: `safe` yes; `never` not, because it
  may have been paid for or can only fail again; `elsewhere` another model, key or provider may do
  it.

In the table these two show what holds unless the error itself says otherwise; `exit` is the exit
code of the command.
"""

TREE = """\
## The tree

Catch a parent to catch its children.
"""


def page() -> str:
    """Return the page."""
    rows = [
        (
            f"`{kind.code}`",
            f"`{kind.__name__}`",
            _meaning(kind),
            kind.billed,
            kind.resend,
            EXIT_CODES[kind.code],
        )
        for kind in _leaves(RushesError)
    ]
    exits = [(code, meaning) for code, meaning in MEANINGS.items()]
    lines = [NOTE, HEAD, *table(("code", "class", "", "billed", "resend", "exit"), rows)]
    lines += ["", "## Exit codes", "", *table(("code", ""), exits), "", TREE]
    assert errors.__doc__ is not None
    tree = [line[4:] for line in errors.__doc__.splitlines() if line.startswith("    ")]
    return "\n".join([*lines, "```text", *tree, "```", ""])


def _leaves(kind: type[RushesError]) -> Iterator[type[RushesError]]:
    """Yield the classes that errors are made of: each code's own."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            if child.code not in {below.code for below in child.__subclasses__()}:
                yield child
            yield from _leaves(child)


def _meaning(kind: type[RushesError]) -> str:
    return (kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
