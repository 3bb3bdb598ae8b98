import hashlib
import os
import subprocess
import sys

import msgspec
import pytest

from rushes.sandbox.render import Scene, render

from .looking import encoded, image_scene, photo, video_scene

_PROGRAM = """
import hashlib, sys, msgspec
from rushes.sandbox.render import Scene, render
scene = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Scene)
print(hashlib.sha256(render(scene)).hexdigest())
"""


def _elsewhere(scene: Scene, hash_seed: str) -> str:
    """Return the digest of what another process renders."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=msgspec.msgpack.encode(scene),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    "scene",
    [
        image_scene(seed=3),
        image_scene(inputs=(encoded(photo(90, 60)), b"broken")),
        video_scene(has_audio=True, prompt=("one", "two")),
        video_scene(inputs=(encoded(photo(90, 60)), encoded(photo(90, 60, 2)))),
    ],
    ids=["image", "image from images", "video with sound", "video from images"],
)
def test_same_scene_gives_same_bytes(scene: Scene) -> None:
    """The same scene gives the same bytes again, and in processes that hash differently."""
    here = hashlib.sha256(render(scene)).hexdigest()
    assert hashlib.sha256(render(scene)).hexdigest() == here
    assert [_elsewhere(scene, "1"), _elsewhere(scene, "2")] == [here, here]


@pytest.mark.parametrize("change", [{"seed": 5}, {"index": 1}, {"prompt": ("b",)}, {"model": "m"}])
def test_any_change_gives_other_bytes(change: dict[str, object]) -> None:
    """Another seed, output number, prompt or model gives another file, of either kind."""
    for scene in (image_scene, video_scene):
        assert render(scene()) != render(scene(**change))
