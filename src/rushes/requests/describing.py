"""Parameters and limits in words, for schemas, help and tables."""

from rushes.catalog.schema import MediaLimits, Param, Scalar
from rushes.requests.words import listed


def describe(param: Param) -> str:
    """Return a parameter's unit, limits, note and wire name, in sentences."""
    sentences = []
    if param.name == "duration":
        sentences.append("Seconds.")
    if param.media:
        sentences.append(f"A path, an http(s) URL or a data URI. {describe_media(param.media)}")
    if param.note:
        sentences.append(param.note)
    sentences.append(f"On the wire: {param.wire}{_example(param)}.")
    return " ".join(sentences)


def describe_media(media: MediaLimits) -> str:
    """Return what a media input must be: "PNG or JPEG, at most 20 MB, ..."."""
    formats = [each for each in media.formats if not (each == "jpg" and "jpeg" in media.formats)]
    facts = [listed([each.upper() for each in formats]) if formats else media.kind.capitalize()]
    if media.max_megabytes is not None:
        facts.append(f"at most {media.max_megabytes:g} MB")
    if media.min_pixels:
        facts.append("at least {}x{} pixels".format(*media.min_pixels))
    if media.max_pixels:
        facts.append("at most {}x{} pixels".format(*media.max_pixels))
    if media.aspect_ratio:
        facts.append("aspect ratio {} to {}".format(*media.aspect_ratio))
    if media.frames_per_second:
        facts.append("{:g} to {:g} frames a second".format(*media.frames_per_second))
    if media.seconds:
        facts.append("{:g} to {:g} s long".format(*media.seconds))
    taken = {"url": "a URL", "data": "a data URI"}
    ways = listed([taken[each] for each in media.transports])
    return f"{', '.join(facts)}; the provider takes {ways}."


def _example(param: Param) -> str:
    value: Scalar | None = param.choices[0] if param.choices else param.default
    if value is None:
        value = param.minimum
    if value is None:
        return ""
    match param.form:
        case "seconds":
            return f', like "{value}s"'
        case "digits":
            return f', like "{value}"'
        case "upper":
            return f', like "{str(value).upper()}"'
        case "pixels":
            return f", like {str(value).removesuffix('p')}"
        case "word":
            return ', "True" or "False"'
        case _:
            return ""
