import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.sandbox.render.panel import facts
from rushes.sandbox.render.text import ELLIPSIS, MAX_CHARACTERS, font, showable, wrap

from .looking import different, image_scene, picture, video_scene


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=400), st.integers(8, 60), st.integers(20, 900), st.integers(1, 6))
def test_lines_fit_and_lose_nothing(text: str, size: int, width: int, max_lines: int) -> None:
    """Lines are never wider than asked (a single letter apart) and hold the text in order."""
    shown = showable(text)
    lines, whole = wrap(shown, size, width, max_lines)
    assert len(lines) <= max_lines
    for line in lines:
        assert font(size).getlength(line) <= width or len(line.rstrip(ELLIPSIS)) <= 1
    if whole:
        assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
    else:
        assert lines[-1].endswith(ELLIPSIS)


def test_lines_break_between_words() -> None:
    """A line ends after a whole word where one fits."""
    lines, whole = wrap("a paper boat in a storm", 20, 130, 9)
    assert whole
    assert " ".join(lines) == "a paper boat in a storm"
    assert len(lines) > 1


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("café – “naïve”\tØre × Łódź", "cafe - “naive” Ore x Lodz"),
        ("line\nbreak\x00 \u202eend\u200b", "line break end"),
        ("Straße", "Strasse"),
        ("lone \ud800", "lone \U000f0000"),
    ],
)
def test_text_is_shown_in_characters_of_the_font(given_text: str, expected: str) -> None:
    """Letters that the font lacks lose their accents; invisible characters go."""
    assert showable(given_text) == expected


def test_endless_text_is_cut() -> None:
    """A very long prompt is cut before it is measured, and says so."""
    assert len(showable("x" * 10**6)) == MAX_CHARACTERS + 1
    assert showable("x" * 10**6).endswith(ELLIPSIS)


@pytest.mark.parametrize("prompt", ["猫が走る", "🙂🙃", "\ud800\udc00", "x" * 9000, "\x00", " "])
def test_any_prompt_is_drawn(prompt: str) -> None:
    """Scripts without glyphs, emoji, surrogates, endless and empty prompts make a picture."""
    assert picture(image_scene(prompt=(prompt,))).size == (320, 180)


@pytest.mark.parametrize("size", [(96, 96), (320, 180), (1280, 720)])
def test_prompt_and_labels_are_printed(size: tuple[int, int]) -> None:
    """White letters of the prompt stand in the lower part, at small sizes too."""
    made = picture(image_scene(width=size[0], height=size[1], prompt=("MMMMM",)))
    low = made.convert("L").crop((0, size[1] // 3, size[0] // 2, size[1]))
    assert sum(low.histogram()[235:]) > 40


def test_labels_change_the_picture() -> None:
    """What the caller wants printed is printed, and changes nothing else."""
    plain = picture(image_scene(width=640, height=360))
    labelled = picture(image_scene(width=640, height=360, labels=("first frame + last frame",)))
    assert 0 < different(plain, labelled) < 0.2


def test_facts_say_what_was_asked() -> None:
    """Size, length, rate, sound, seed, output number and labels are among the facts, each once."""
    scene = video_scene(seconds=5.0, has_audio=True, seed=7, index=2, labels=("5 s", "16:9"))
    assert facts(scene) == [
        "320x180", "5 s", "24 fps", "sound", "seed 7", "output 3", "16:9",
    ]  # fmt: skip
