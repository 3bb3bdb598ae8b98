from typing import Any

import pytest

from rushes.catalog import load
from rushes.engine.compare import differences
from rushes.store.job import Output

VIDEO = "aivideomaker/t2v-v3"


def output(**facts: Any) -> Output:
    values: dict[str, Any] = {
        "position": 0,
        "url": "https://provider.example/1.mp4",
        "media_type": "video/mp4",
        "width": 1280,
        "height": 720,
        "seconds": 5.0,
        "has_audio": False,
        "archived_at": 1.0,
    }
    return Output(**(values | facts))


def found(
    request: dict[str, Any], *outputs: Output, model: str = VIDEO
) -> list[tuple[str, Any, Any]]:
    rows = differences(load().model(model), request, outputs)
    return [(row["what"], row["asked"], row["came"]) for row in rows]


@pytest.mark.parametrize(
    ("request_", "facts", "rows"),
    [
        ({}, {}, []),
        ({"duration": 5}, {"seconds": 5.4}, []),
        ({"duration": 5}, {"seconds": 4.2}, [("duration", 5, 4.2)]),
        ({"duration": 5}, {"seconds": None}, []),
        ({"generate_audio": True}, {}, [("generate_audio", True, False)]),
        ({"generate_audio": False}, {"has_audio": None}, []),
        ({"aspect_ratio": "16:9"}, {}, []),
        ({"aspect_ratio": "16:9"}, {"width": 1360, "height": 768}, []),
        ({"aspect_ratio": "9:16"}, {}, [("aspect_ratio", "9:16", "1280x720")]),
        ({"aspect_ratio": "auto"}, {}, []),
        ({"resolution": "720p"}, {}, []),
        ({"resolution": "720p"}, {"width": 720, "height": 1280}, []),
        ({"resolution": "1080p"}, {}, [("resolution", "1080p", "1280x720")]),
        ({"resolution": "2k"}, {}, []),
        ({}, {"media_type": "image/png"}, [("kind", "video", "image/png")]),
        ({"duration": 5}, {"seconds": 1.0, "archived_at": None}, []),
    ],
    ids=str,
)
def test_what_came_otherwise_is_a_row(
    request_: dict[str, Any], facts: dict[str, Any], rows: list[tuple[str, Any, Any]]
) -> None:
    """Sizes, times, sound and kind, with some tolerance; what is not known is no difference."""
    assert found(request_, output(**facts)) == rows


def test_fewer_outputs_than_asked_are_a_difference() -> None:
    """And no failure: the others are good."""
    rows = found({"count": 3}, output(media_type="image/png"), model="mediaio/imagen-4")
    assert rows == [("count", 3, 1)]


def test_each_output_is_compared_on_its_own() -> None:
    """The row says which one it is."""
    rows = differences(
        load().model(VIDEO),
        {"duration": 5},
        [output(), output(position=1, seconds=9.0)],
    )
    assert [(row["what"], row["output"]) for row in rows] == [("duration", 1)]


def test_a_long_video_is_as_long_as_its_segments() -> None:
    """Five seconds for each prompt, where the model has no duration of its own."""
    request = {"prompt": ["one", "two"]}
    assert found(request, output(seconds=10.0), model="aivideomaker/lv") == []
    assert found(request, output(), model="aivideomaker/lv") == [("duration", 10, 5.0)]
