"""A model's price, parameters, rules and an example, in words."""

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.catalog.schema import Model, Param, Price, Rule


def param_row(param: "Param") -> list[str]:
    """Return a parameter as a row: name, what it takes, default, about."""
    from rushes.requests import allowed_text, describe_media

    about = [param.note] if param.note else []
    if param.media:
        about.append(describe_media(param.media))
    if param.max_length is not None:
        about.append(f"At most {param.max_length:,} characters.")
    default = "required" if param.required else _word(param.default)
    return [param.name, allowed_text(param), default, " ".join(about)]


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def price_words(price: "Price | None") -> str:
    """Say a price in a few words."""
    if price is None:
        return "not published"
    per = {"generation": "each", "second": "a second", "segment": "a segment"}[price.per]
    if price.by is not None:
        rates = ", ".join(f"{rate:g} at {value}" for value, rate in price.rates.items())
        text = f"credits {per}: {rates}"
    else:
        text = f"{price.rate:g} credit{'' if price.rate == 1 else 's'} {per}"
    for extra in price.surcharges:
        text += f", {extra.credits:+g} for {extra.param} {extra.value}"
    return text


def rule_words(rule: "Rule") -> str:
    """Say a rule over several parameters."""
    from rushes.catalog.schema import AnyOf, Exclusive, OnlyWhen, OnlyWith

    match rule:
        case Exclusive(groups=groups):
            sides = [", ".join(group) for group in groups]
            return f"Not together: {' | '.join(sides)}."
        case AnyOf(params=params):
            return f"At least one of {', '.join(params)}."
        case OnlyWith(param=param, others=others):
            return f"{param} only together with {' or '.join(others)}."
        case OnlyWhen(param=param, value=value, other=other, values=values):
            allowed = " or ".join(str(one) for one in values)
            return f"{param} {value} only with {other} {allowed}."
        case _:
            return f"{rule.param} is not used by the provider when {rule.given} is given."


FILES = {"image": "cat.png", "video": "clip.mp4", "audio": "song.mp3"}
OPTIONS = {
    "image": "--image",
    "last_image": "--last-image",
    "images": "--images",
    "reference_images": "--reference-image",
    "reference_video": "--reference-video",
    "reference_audio": "--reference-audio",
    "video": "--video",
    "audio": "--audio",
    "duration": "--duration",
    "resolution": "--resolution",
    "aspect_ratio": "--aspect-ratio",
    "count": "--count",
}


def example(model: "Model") -> str:
    """Return a command that runs on the sandbox: all that is required, and nothing else."""
    words = ["rushes", "generate"]
    prompts: list[str] = []
    options: list[str] = []
    for param in model.params:
        if param.name == "prompt":
            prompts = ["a paper boat in a storm"]
            if param.kind == "texts":
                prompts.append("the boat reaches the shore")
        elif param.required:
            options += _option(param)
    words += [*prompts, "--model", model.id, *options, "--sandbox"]
    return " ".join(f'"{word}"' if " " in word else shlex.quote(word) for word in words)


def _option(param: "Param") -> list[str]:
    if param.media:
        value = FILES[param.media.kind]
    else:
        value = _word(param.choices[0] if param.choices else param.minimum)
    if param.name in OPTIONS:
        return [OPTIONS[param.name], value]
    return ["--set", f"{param.name}={value}"]
