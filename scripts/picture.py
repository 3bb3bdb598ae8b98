"""Draws the README's picture: one command, one job, real frames of what the sandbox made of it."""

import base64
import io
from pathlib import Path
from xml.sax.saxutils import escape

import av
from PIL import Image, ImageDraw

from rushes.sandbox.render import Scene, render

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images" / "one-command.svg"
MONO = "font-family='ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace'"
SANS = "font-family='system-ui, Helvetica, Arial, DejaVu Sans, sans-serif'"
INK, DIM, GOLD, GREEN = "#e6edf3", "#8b98a9", "#f2c14e", "#7bd88f"
COMMAND = (
    ("$ rushes generate \\", INK),
    ('    "it sails into a storm" \\', GOLD),
    ("    --model kling-3.0 \\", INK),
    ("    --image boat.png --duration 5", INK),
)
STEPS = (
    ("checked whole", "parameters, picture, price, key"),
    ("on record", "the exact bytes, before they go out"),
    ("sent once", "a lost answer is never sent again blindly"),
    ("watched", "politely, also after a restart"),
    ("in your archive", "length, hash, type and decoding checked"),
)


def main() -> None:
    """Draw a boat, render the clip that the sandbox makes of it, take frames, write the SVG."""
    boat = _boat()
    clip = render(
        Scene(
            model="mediaio/kling-3.0",
            kind="video",
            prompt=("it sails into a storm",),
            width=1280,
            height=720,
            seconds=5,
            has_audio=True,
            seed=4,
            inputs=(boat,),
            labels=("720p",),
        )
    )
    TARGET.write_text(_svg(_thumbnails(boat, clip)), encoding="utf-8")


def _boat() -> bytes:
    picture = Image.new("RGB", (1280, 720), "#9fc6dc")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((960, 70, 1080, 190), fill="#fff3c4")
    draw.rectangle((0, 470, 1280, 720), fill="#2d6a8a")
    for row in range(6):
        for column in range(-1, 12):
            x, y = column * 120 + row % 2 * 60, 470 + row * 44
            draw.arc((x, y, x + 120, y + 44), 200, 340, fill="#5b95b3", width=5)
    draw.polygon(((640, 190), (800, 440), (480, 440)), fill="#ffffff")
    draw.polygon(((640, 190), (800, 440), (640, 440)), fill="#dfe7ee")
    draw.polygon(((380, 400), (900, 400), (780, 540), (500, 540)), fill="#f6f8fa")
    draw.polygon(((380, 400), (640, 440), (500, 540)), fill="#cfd9e2")
    draw.polygon(((900, 400), (640, 440), (780, 540)), fill="#e4eaf0")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _thumbnails(first: bytes, clip: bytes) -> list[tuple[str, str]]:
    with av.open(io.BytesIO(clip)) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    chosen = [frames[int(len(frames) * part)] for part in (0.02, 0.5, 0.97)]
    return [
        ("boat.png, as given", _jpeg(Image.open(io.BytesIO(first)))),
        ("the clip: at its beginning", _jpeg(chosen[0])),
        ("halfway", _jpeg(chosen[1])),
        ("at the end", _jpeg(chosen[2])),
    ]


def _jpeg(picture: Image.Image) -> str:
    small = picture.convert("RGB").resize((480, 270), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=82, optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _text(x: float, y: float, text: str, *, fill: str, size: int, font: str = SANS) -> str:
    return (
        f"<text x='{x}' y='{y}' fill='{fill}' font-size='{size}' {font} "
        f"xml:space='preserve'>{escape(text)}</text>"
    )


def _svg(thumbnails: list[tuple[str, str]]) -> str:
    parts = [
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1200 470' width='1200' height='470'>",
        "<title>One command, one job, files on your disk</title>",
        "<rect width='1200' height='470' rx='14' fill='#10161f'/>",
        "<rect x='28' y='28' width='400' height='134' rx='10' fill='#0a0e14' stroke='#2b3644'/>",
    ]
    for line, (text, fill) in enumerate(COMMAND):
        parts.append(_text(48, 62 + 27 * line, text, fill=fill, size=17, font=MONO))
    for index, (word, more) in enumerate(STEPS):
        y = 204 + 50 * index
        if index + 1 < len(STEPS):
            parts.append(f"<path d='M44 {y + 6}v38' stroke='#3a4757' stroke-width='2'/>")
        last = index + 1 == len(STEPS)
        fill = GREEN if last else GOLD
        parts.append(f"<circle cx='44' cy='{y - 5}' r='7' fill='{fill}'/>")
        parts.append(_text(66, y, word, fill=fill if last else INK, size=18))
        parts.append(_text(66, y + 20, more, fill=DIM, size=14))
    for index, (caption, picture) in enumerate(thumbnails):
        x, y = 460 + 362 * (index % 2), 28 + 216 * (index // 2)
        parts.append(
            f"<image x='{x}' y='{y}' width='346' height='194.6' "
            f"href='data:image/jpeg;base64,{picture}'/>"
        )
        tint = DIM if index == 0 else INK
        parts.append(_text(x, y + 212, caption, fill=tint, size=15))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
