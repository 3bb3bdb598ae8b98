import base64
import io
from typing import Any

import av
import pytest
from PIL import Image

from rushes.sandbox import Sandbox

from .calling import Client


def _picture(width: int, height: int, form: str = "PNG") -> bytes:
    image = Image.effect_noise((width, height), 80).convert("RGB")
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()


def _links(client: Client, sandbox: Sandbox, path: str, params: dict[str, Any]) -> list[str]:
    if path.startswith("/"):
        task = client.mediaio(path, {"data": params}).data["task_id"]
        sandbox.advance(60)
        return [one["preview"] for one in client.result(task).data["result"]]
    task = client.create(path, params).json()["taskId"]
    sandbox.advance(60)
    return [client.avm("GET", f"tasks/{task}").json()["output"]["url"]]


def _size(client: Client, link: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(client.get(link).body)) as image:
        return image.size


def _video(client: Client, link: str) -> tuple[int, int, float, bool]:
    with av.open(io.BytesIO(client.get(link).body)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        seconds = float(stream.duration * stream.time_base)
        return stream.width, stream.height, seconds, bool(container.streams.audio)


def test_several_pictures(client: Client, sandbox: Sandbox) -> None:
    """As many pictures as asked, of the asked shape, each another."""
    params = {"prompt": "a boat", "counts": "3", "ratio": "16:9"}
    links = _links(client, sandbox, "/generation/imagen/t2i-imagen-4", params)
    assert [_size(client, link) for link in links] == [(1024, 576)] * 3
    assert len({client.get(link).body for link in links}) == 3


def test_pictures_of_named_size(client: Client, sandbox: Sandbox) -> None:
    """2K is 2048 on the long side."""
    params = {
        "prompt": "a boat",
        "images": [sandbox.put_media(_picture(320, 320))],
        "resolution": "2K",
        "ratio": "9:16",
    }
    (link,) = _links(client, sandbox, "/generation/banana/i2i-banana-2", params)
    assert _size(client, link) == (1152, 2048)


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        (
            "/generation/vidu/t2v-vidu-q3",
            {"resolution": "540P", "duration": "4s", "generate_audio": "True", "ratio": "9:16"},
            (540, 960, 4, True),
        ),
        (
            "/generation/vidu/t2v-vidu-q3",
            {"resolution": "540P", "duration": "4s", "generate_audio": "False", "ratio": "1:1"},
            (540, 540, 4, False),
        ),
        (
            "seedance20",
            {"resolution": 480, "duration": 4, "ratio": "16:9"},
            (854, 480, 4, False),
        ),
        ("t2v", {"aspectRatio": "1:1", "duration": "5"}, (720, 720, 5, False)),
    ],
)
def test_clips_are_as_asked(
    client: Client,
    sandbox: Sandbox,
    path: str,
    params: dict[str, Any],
    expected: tuple[int, int, float, bool],
) -> None:
    """Size, length and sound of a clip are those of the request."""
    (link,) = _links(client, sandbox, path, {"prompt": "a boat", **params})
    assert _video(client, link) == expected


def test_clip_takes_the_shape_of_its_picture(client: Client, sandbox: Sandbox) -> None:
    """Without an aspect ratio the input picture's shape holds, whether a link or a data URI."""
    picture = _picture(300, 400)
    uri = "data:image/png;base64," + base64.b64encode(picture).decode()
    for image in (uri, sandbox.put_media(picture)):
        (link,) = _links(client, sandbox, "i2v", {"image": image, "duration": "5"})
        assert _video(client, link)[:2] == (720, 960)


def test_aspect_ratio_that_is_not_used(client: Client, sandbox: Sandbox) -> None:
    """Where the provider does not use the ratio beside an image, the image's shape holds."""
    params = {
        "prompt": "a",
        "image": sandbox.put_media(_picture(400, 300)),
        "duration": 3,
        "resolution": "720P",
        "ratio": "9:16",
    }
    (link,) = _links(client, sandbox, "happyhorse", params)
    assert _video(client, link)[:2] == (960, 720)


def test_same_request_gives_the_same_bytes(client: Client, sandbox: Sandbox) -> None:
    """In another account, another world and under another port, the bytes are the same."""
    content = _picture(300, 300)

    def draw(where: Sandbox, who: Client, prompt: str) -> bytes:
        params = {"prompt": prompt, "images": [where.put_media(content)]}
        (link,) = _links(who, where, "/generation/banana/i2i-banana", params)
        return who.get(link).body

    first = draw(sandbox, client, "a boat")
    with Sandbox() as other:
        assert other.url != sandbox.url
        assert draw(other, Client(other, "another"), "a boat") == first
        assert draw(other, Client(other, "another"), "a cat") != first
        other.set(seed=1)
        assert draw(other, Client(other, "another"), "a boat") != first


def test_other_links_are_never_fetched(client: Client, sandbox: Sandbox) -> None:
    """A link to anywhere else is taken, and its picture is drawn without it."""
    link = f"{sandbox.url}/api/v1/account"
    params = {"prompt": "a", "images": [link, "https://example.com/a.png"]}
    (output,) = _links(client, sandbox, "/generation/banana/i2i-banana", params)
    assert _size(client, output) == (1024, 576)
    assert sandbox.requests(action="balance") == ()


def test_media_that_is_not_there_is_refused(client: Client, sandbox: Sandbox) -> None:
    """A link to the sandbox's own media host must lead to something."""
    link = sandbox.put_media(b"GIF89a").replace("/_media/", "/_media/0")
    params = {"prompt": "a", "images": [link]}
    answer = client.mediaio("/generation/banana/i2i-banana", {"data": params})
    assert answer.json()["code"] == 490000
    assert "downloaded" in answer.json()["msg"]


def test_unreadable_media_is_drawn_around(client: Client, sandbox: Sandbox) -> None:
    """An input that is no picture does not break the drawing."""
    params = {"prompt": "a", "images": [sandbox.put_media(b"no picture at all")]}
    (link,) = _links(client, sandbox, "/generation/banana/i2i-banana", params)
    assert _size(client, link)[0] == 1024


def test_motion_control_lasts_as_long_as_its_video(client: Client, sandbox: Sandbox) -> None:
    """A clip made after a video has the video's length."""
    (link,) = _links(
        client,
        sandbox,
        "seedance20",
        {"prompt": "a", "resolution": 480, "duration": 4, "ratio": "1:1"},
    )
    video = sandbox.put_media(client.get(link).body)
    params = {"image": sandbox.put_media(_picture(400, 400)), "video": video}
    path = "/generation/kling/i2v-motion-control-kling-v2-6"
    (moved,) = _links(client, sandbox, path, params)
    assert _video(client, moved)[2] == 4


def test_other_output_than_asked(client: Client, sandbox: Sandbox) -> None:
    """By a fault, size, length and sound are not what was asked for."""
    sandbox.fault("create:other-output")
    params = {"prompt": "a", "resolution": 480, "duration": 4, "ratio": "1:1"}
    (link,) = _links(client, sandbox, "seedance20", params)
    assert _video(client, link) == (240, 240, 3, True)


def test_segments_add_up(client: Client, sandbox: Sandbox) -> None:
    """A long video has five seconds for each prompt."""
    params = {"image": sandbox.put_media(_picture(300, 300)), "prompt": ["a", "b"]}
    (link,) = _links(client, sandbox, "lv", params)
    assert _video(client, link)[2] == 10
