"""The command `rushes`."""

import io
import os
import sys
from typing import Any

import click

from rushes import __version__
from rushes.cli.common import Common
from rushes.cli.failures import DETACHED, FAILED, MEANINGS, as_json, exit_code, say, show_error
from rushes.cli.lazy import Entry, LazyGroup
from rushes.cli.options import common
from rushes.errors import RushesError

SECTIONS = {
    "Make": {
        "generate": Entry(
            "rushes.cli.generate:generate", "Ask for an image or a video, and wait for the file."
        ),
        "models": Entry("rushes.cli.models:models", "What models there are, and what they take."),
        "quote": Entry("rushes.cli.money:quote", "Say what a request would cost."),
        "spend": Entry("rushes.cli.spend:spend", "Sum what was spent, and who says so."),
        "jobs": Entry(
            "rushes.cli.jobs:jobs",
            "List jobs; show, wait, resume, cancel, open, resolve, verify, adopt.",
        ),
        "worker": Entry("rushes.cli.worker:worker", "Keep running, and see every job to its end."),
    },
    "Set up": {
        "keys": Entry("rushes.cli.keys:keys", "Set, list, rotate and remove providers' keys."),
        "credits": Entry("rushes.cli.money:credits_", "Ask the providers for your balance."),
        "doctor": Entry("rushes.cli.doctor:doctor", "Look whether all is well, and what to do."),
        "sandbox": Entry("rushes.cli.sandbox:sandbox", "Serve both providers locally, for free."),
        "completion": Entry("rushes.cli.completion:completion", "Print your shell's completion."),
    },
}

EXAMPLES = (
    'rushes generate "a paper boat in a storm" --model imagen-4 --sandbox',
    "rushes models",
    "rushes jobs",
)
EPILOG = """\
With --sandbox everything works without a key and without cost.

Exit codes:
""" + "".join(f"  {code:<5}{meaning}\n" for code, meaning in MEANINGS.items())


def _meant(word: str) -> str:
    return "For an image or a video: rushes generate PROMPT --model MODEL" if " " in word else ""


class Root(LazyGroup):
    """The whole command: turns what goes wrong into words and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember whether JSON is wanted, for errors that come before it is read."""
        options = args[: args.index("--")] if "--" in args else args
        ctx.meta["rushes.cli.wants_json"] = "--json" in options
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except RushesError as error:
            if Common.of(ctx).json:
                _print_json(as_json(error))
            show_error(error)
            ctx.exit(exit_code(error))
        except click.UsageError as error:
            if ctx.meta["rushes.cli.wants_json"]:
                told = {"code": "INVALID_PAYLOAD", "message": error.format_message()}
                _print_json({"error": told})
            raise
        except (KeyboardInterrupt, click.Abort):
            if Common.of(ctx).json:
                _print_json({"error": {"code": "CANCELED", "message": "Stopped by a signal."}})
            say("\nStopped.")
            ctx.exit(DETACHED)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("RUSHES_DEBUG"):
                raise
            if Common.of(ctx).json:
                told = {"code": "INTERNAL_ERROR", "message": type(error).__name__}
                _print_json({"error": told})
            _show_fault(error)
            ctx.exit(FAILED)


def _print_json(value: Any) -> None:
    from rushes.cli.output import print_json

    print_json(value)


def _show_fault(error: Exception) -> None:
    """Say where Rushes broke; not the error's own text, which may hold anything."""
    trace = error.__traceback__
    where = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}rushes{os.sep}" in code.co_filename:
            where = f" in {os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    say(f"error: a fault in Rushes itself: {type(error).__name__}{where}", fg="red")
    say("Your jobs are stored. For the traceback, set RUSHES_DEBUG=1 and run the command again.")


@click.group(
    "rushes",
    cls=Root,
    sections=SECTIONS,
    examples=EXAMPLES,
    epilog=EPILOG,
    stray=_meant,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="rushes", message="%(prog)s %(version)s")
@common
def cli() -> None:
    """Images and videos from asynchronous AI generation APIs.

    Pay once, lose nothing, know before you pay.
    """


def main() -> None:
    """Run the command, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    cli(prog_name="rushes")
