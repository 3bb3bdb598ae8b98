"""The options that describe a request, shared by `generate` and `quote`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rushes.cli.options import complete_models, read_text

F = TypeVar("F", bound=Callable[..., Any])

RESERVED = {"model", "output", "max_credits", "idempotency_key", "allow_unpriced", "key"}
"""Words of `generate` itself."""

_MEDIA = "a path, a URL or a data URI"

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("prompts", metavar="[PROMPT]...", nargs=-1),
    click.option(
        "-m",
        "--model",
        metavar="MODEL",
        shell_complete=complete_models,
        help="The model's id or name, always needed: kling-3.0, aivideomaker/t2v-v3.",
    ),
    click.option("--image", metavar="FILE", help=f"The input image, or first frame: {_MEDIA}."),
    click.option("--last-image", metavar="FILE", help="The last frame."),
    click.option("--images", metavar="FILE", multiple=True, help="Input images; repeat it."),
    click.option(
        "--reference-image",
        "reference_images",
        metavar="FILE",
        multiple=True,
        help="A reference image; repeat it.",
    ),
    click.option("--reference-video", metavar="FILE", help="A reference video."),
    click.option(
        "--reference-audio",
        metavar="FILE",
        multiple=True,
        help="A reference sound; repeat it.",
    ),
    click.option("--video", metavar="FILE", help="The input video."),
    click.option("--audio", metavar="FILE", help="The input sound."),
    click.option("-d", "--duration", metavar="SECONDS", help="How long: 5 or 5s."),
    click.option("-r", "--resolution", metavar="SIZE", help="720p, 1080p, 2k, ..."),
    click.option("-a", "--aspect-ratio", metavar="W:H", help="16:9, 9:16, 1:1, ..."),
    click.option("-n", "--count", metavar="NUMBER", help="How many outputs."),
    click.option(
        "--generate-audio/--no-generate-audio",
        default=None,
        help="With sound, or without.",
    ),
    click.option(
        "--key",
        metavar="NAME",
        help="Use the provider's key of that name (default: chosen by health and balance). "
        "[RUSHES_{PROVIDER}_KEY_NAME]",
    ),
    click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        help="Any parameter of the model; repeat it, for a list too.",
    ),
)


def request_options(command: F) -> F:
    """Add the options of a request."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_request(given: dict[str, Any]) -> tuple[str, str | list[str] | None, dict[str, Any]]:
    """Take a request's options out of `given`: the model, the prompt, and the rest."""
    prompts = [read_text(text) for text in given.pop("prompts")]
    model = given.pop("model")
    if model is None:
        raise click.UsageError(
            "Which model? Name one with --model; list them with: rushes models",
            click.get_current_context(),
        )
    settings = given.pop("settings")
    parameters: dict[str, Any] = {}
    for name in (
        "image",
        "last_image",
        "images",
        "reference_images",
        "reference_video",
        "reference_audio",
        "video",
        "audio",
        "duration",
        "resolution",
        "aspect_ratio",
        "count",
        "generate_audio",
    ):
        value = given.pop(name)
        if value is not None and value != ():
            parameters[name] = list(value) if isinstance(value, tuple) else value
    own: dict[str, Any] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="'--set'")
        if name in RESERVED:
            raise click.BadParameter(
                f"{name} is not a model's parameter: it has an option of its own.",
                param_hint="'--set'",
            )
        if name in parameters or (name == "prompt" and prompts):
            raise click.BadParameter(
                f"{name} is given twice: by its own option and by --set.", param_hint="'--set'"
            )
        if name in own:
            before = own[name]
            own[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            own[name] = value
    parameters |= own
    if (key := given.pop("key")) is not None:
        parameters["key"] = key
    prompt: str | list[str] | None = parameters.pop("prompt", None)
    if prompts:
        prompt = prompts[0] if len(prompts) == 1 else prompts
    return model, prompt, parameters
