import io
import itertools

import pytest
from PIL import Image

from rushes.sandbox.render import render

from .looking import correlation, different, encoded, image_scene, photo, picture


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64), (33, 701), (768, 1365), (1024, 256)])
def test_picture_has_the_asked_size(size: tuple[int, int]) -> None:
    """A PNG of exactly the asked size comes out, odd and tiny ones too."""
    assert picture(image_scene(width=size[0], height=size[1])).size == size


def test_prompts_differ_in_most_pixels() -> None:
    """Any two of several prompts give pictures of which more than half the pixels differ."""
    made = [picture(image_scene(prompt=(f"prompt number {k}",))) for k in range(10)]
    assert min(different(one, two) for one, two in itertools.combinations(made, 2)) > 0.5


@pytest.mark.parametrize("change", [{"seed": 1}, {"index": 1}, {"model": "mediaio/other"}])
def test_seed_index_and_model_change_the_art(change: dict[str, object]) -> None:
    """Another seed, output number or model gives another picture, not only another caption."""
    assert different(picture(image_scene()), picture(image_scene(**change))) > 0.5


def test_text_chunks_hold_the_request() -> None:
    """A PNG says in its text chunks what it was made from, whatever the prompt holds."""
    prompt = "Straße \0 猫 \ud800 🙂"
    with Image.open(io.BytesIO(render(image_scene(prompt=(prompt,), seed=9)))) as found:
        found.load()
        assert found.info["model"] == "mediaio/kling-3.0"
        assert found.info["seed"] == "9"
        assert found.info["prompt"] == "Straße  猫 ? 🙂"


@pytest.mark.parametrize("size", [(480, 480), (480, 270), (270, 480)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_input_stays_recognisable_but_changes(size: tuple[int, int], kind: str) -> None:
    """An input of the same shape is seen in the middle of the picture, moved and tinted."""
    given = photo(*size)
    made = picture(image_scene(width=size[0], height=size[1], inputs=(encoded(given, kind),)))
    width, height = size
    middle = (0, height // 5, width, height * 2 // 3)
    assert correlation(made.crop(middle), given.crop(middle)) > 0.5
    assert different(made, given, more_than=4) > 0.5


def test_other_shape_is_shown_whole() -> None:
    """A tall input in a wide picture is not cut: its first and last rows are there."""
    tall = Image.new("RGB", (100, 400), (128, 128, 128))
    tall.paste((255, 255, 255), (0, 0, 100, 40))
    tall.paste((0, 0, 0), (0, 360, 100, 400))
    made = picture(image_scene(width=640, height=360, prompt=("",), inputs=(encoded(tall),)))
    column = sorted(made.convert("L").crop((320, 0, 321, 360)).tobytes())
    assert column[-10] - column[180] > 60
    assert column[180] - column[10] > 60


def test_several_inputs_are_all_shown() -> None:
    """Each of several inputs changes the picture, not only the first."""
    first, second, third = (encoded(photo(200, 200, seed)) for seed in (1, 2, 3))
    one = picture(image_scene(width=640, height=360, inputs=(first, second)))
    two = picture(image_scene(width=640, height=360, inputs=(first, third)))
    assert 0 < different(one, two) < 0.2
