import json
import os
import shlex
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # has no types
import pytest

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.cli.model_words import example

from .conftest import Commands

MODELS = load().models()


@pytest.fixture(scope="session")
def _clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    import av

    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 720, 720, "yuv420p"
        frame = av.VideoFrame(720, 720, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(80):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture
def inputs(picture: Path, _clip: bytes) -> Path:
    """The files that examples name, in the working folder."""
    Path("cat.png").write_bytes(picture.read_bytes())
    Path("clip.mp4").write_bytes(_clip)
    return Path.cwd()


def test_lists_all(rushes: Commands) -> None:
    """The table and the JSON have all models, `models` being the list itself."""
    table = rushes("models")
    assert len(table.out.splitlines()) == 1 + len(MODELS) == 32
    assert [one["id"] for one in rushes("models", "--json").json] == [
        model.full_id for model in MODELS
    ]


def test_filters(rushes: Commands) -> None:
    """--can and --provider choose; an unknown word is refused with what is near."""
    found = rushes("models", "--can", "image-to-video", "--provider", "aivideomaker", "--json").json
    assert {one["provider"] for one in found} == {"aivideomaker"}
    assert {one["id"].partition("/")[2] for one in found} == {
        "i2v", "i2v-v3", "minimax", "seedance20", "wan27", "happyhorse",
    }  # fmt: skip
    wrong = rushes("models", "--can", "image-to-vidio", "--json")
    assert wrong.code == 2
    assert wrong.json["error"]["problems"][0]["near"] == "image-to-video"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
def test_show(rushes: Commands, model: Model) -> None:
    """Each model's page has every parameter with what it takes, and its example is right."""
    text = rushes("models", "show", model.full_id).out
    for param in model.params:
        assert f"\n{param.name} " in text
        assert all(str(choice) in text for choice in param.choices)
    assert f"$ {example(model)}" in text
    details = rushes("models", "show", model.full_id, "--json").json
    assert [one["name"] for one in details["parameters"]] == [one.name for one in model.params]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
def test_example_is_right(rushes: Commands, model: Model, inputs: Path) -> None:
    """The example of each model's page passes every check on the sandbox."""
    words = shlex.split(example(model))
    assert words[0] == "rushes"
    done = rushes(*words[1:], "--dry-run", "--json")
    assert done.code == 0, done.out
    assert done.json["model"] == model.full_id


def test_family(rushes: Commands) -> None:
    """A short id shows each model that it may stand for."""
    done = rushes("models", "show", "Wan 2.6", "--json").json
    assert [one["id"] for one in done] == [
        "mediaio/wan-2.6-image-to-video", "mediaio/wan-2.6-text-to-video",
    ]  # fmt: skip
    text = rushes("models", "show", "wan-2.6").out
    assert text.startswith("wan-2.6 is wan-2.6-image-to-video and wan-2.6-text-to-video")


def test_schema_is_valid(rushes: Commands) -> None:
    """The schema is one of JSON Schema 2020-12, and knows right from wrong."""
    schema = rushes("models", "schema", "t2v-v3").json
    jsonschema.Draft202012Validator.check_schema(schema)
    right = {"prompt": "x", "aspect_ratio": "16:9", "duration": 5}
    jsonschema.validate(right, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(right | {"duration": 7}, schema)


def test_users_own_model_is_listed(rushes: Commands) -> None:
    """A file in the home folder's `catalog` adds to the list."""
    folder = Path(os.environ["RUSHES_HOME"]) / "catalog"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'schema = 1\n[provider]\nid = "mediaio"\n[[model]]\nid = "mine-1"\nname = "Mine 1"\n'
        'capabilities = ["text-to-image"]\npath = "/generation/mine/t2i-mine"\n'
        'params = [{ name = "prompt", wire = "prompt", kind = "text", form = "string", '
        "required = true }]\n"
    )
    ids = [one["id"] for one in json.loads(rushes("models", "--json").out)]
    assert "mediaio/mine-1" in ids
