"""Prints how long the sandbox takes to render: `python benchmarks/render.py`."""

import resource
import sys
import time

from rushes.sandbox.render import Scene, render

_PROMPT = ("a paper boat in a storm, seen from the shore",)


def scenes() -> dict[str, Scene]:
    """Return what is measured, by name; the picture is also the input of one clip."""
    picture = Scene(model="benchmark", kind="image", prompt=_PROMPT, width=1024, height=1024)

    def clip(
        width: int, height: int, seconds: float, *, sound: bool = False, inputs: int = 0
    ) -> Scene:
        return Scene(
            model="benchmark",
            kind="video",
            prompt=_PROMPT,
            width=width,
            height=height,
            seconds=seconds,
            has_audio=sound,
            inputs=(render(picture),) * inputs,
        )

    return {
        "1024x1024 PNG": picture,
        "720p 5 s": clip(1280, 720, 5),
        "720p 5 s, sound": clip(1280, 720, 5, sound=True),
        "720p 5 s, from an image": clip(1280, 720, 5, inputs=1),
        "1080p 15 s, sound": clip(1920, 1080, 15, sound=True),
    }


def main() -> None:
    """Render each scene twice and print the faster time, and the memory used up to then."""
    begin = time.perf_counter()
    render(Scene(model="benchmark", kind="video", width=64, height=64, seconds=0.1))
    print(f"loading Pillow and PyAV, first frames: {time.perf_counter() - begin:.2f} s")
    print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'kB':>8}{'peak MB':>9}")
    for name, scene in scenes().items():
        times = []
        for _ in range(2):
            wall, cpu = time.perf_counter(), time.process_time()
            data = render(scene)
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
        wall, cpu = min(times)
        print(f"{name:26}{wall:8.2f}{cpu:8.2f}{len(data) / 1000:8.0f}{_peak_megabytes():9.0f}")


def _peak_megabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
