"""Draws what the sandbox delivers: PNG pictures and H.264 clips that say what was asked for.

Importing this package is light; Pillow and PyAV load with the first `render`.
"""

from .scene import Scene

__all__ = ["Scene", "media_type", "render"]


def render(scene: Scene) -> bytes:
    """Return the scene as the bytes of a PNG (image) or of a fast-start MP4 (video).

    The same scene gives the same bytes in every process with the same library versions. An input
    that cannot be read is drawn as a labelled placeholder and never raises.
    """
    if scene.kind == "image":
        from .still import picture

        return picture(scene)
    from .clip import clip

    return clip(scene)


def media_type(scene: Scene) -> str:
    """Return the media type of what `render` makes of the scene."""
    return "image/png" if scene.kind == "image" else "video/mp4"
