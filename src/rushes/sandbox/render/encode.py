"""Writing frames and sound as H.264 and AAC into an MP4 whose index comes first."""

import io
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
from av.video.reformatter import ColorRange, Colorspace

from .sound import SAMPLE_RATE
from .surface import Surface

#: Enough of the index for a frame or a piece of sound, whatever tables it appears in.
_INDEX_BYTES = 48
_AUDIO_FRAME = 1024
_BT709 = 1


class Encoder:
    """An MP4 in the making: pass every frame in order, leave the context, take `data`.

    One thread encodes, so that the same frames give the same bytes.
    """

    def __init__(
        self,
        size: tuple[int, int],
        rate: int,
        frames: int,
        sound: Iterator[tuple[bytes, bytes]] | None,
        metadata: dict[str, str],
    ) -> None:
        text = sum(len(value.encode()) + 64 for value in metadata.values())
        pieces = frames + frames * SAMPLE_RATE // (rate * _AUDIO_FRAME) * bool(sound)
        reserved = 8192 + text + _INDEX_BYTES * pieces
        self._buffer = io.BytesIO()
        # The muxer's own "faststart" would open the output a second time, which a buffer is not
        # able to do; space kept at the front has the same effect.
        self._container = av.open(
            self._buffer,
            "w",
            format="mp4",
            container_options={"moov_size": str(reserved), "fflags": "+bitexact"},
        )
        self._container.metadata.update(metadata)
        self._rate = rate
        self._frame = 0
        self._video = self._video_stream(size, rate)
        self._sound = sound
        self._samples = 0
        if sound is not None:
            self._audio = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            self._audio.bit_rate = 128_000
            self._audio.codec_context.time_base = Fraction(1, SAMPLE_RATE)

    def _video_stream(self, size: tuple[int, int], rate: int) -> av.VideoStream:
        options = {"preset": "ultrafast", "crf": "21", "x264-params": "threads=1"}
        stream = self._container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.gop_size = 2 * rate
        context.time_base = Fraction(1, rate)
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = context.color_trc = _BT709
        return stream

    def __enter__(self) -> Self:
        return self

    def add(self, picture: Surface) -> None:
        """Encode the next frame, and the sound up to its end."""
        width, height = picture.size
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, source in zip(frame.planes, picture.planes, strict=True):
            plane.update(source.tobytes("raw", "L", plane.line_size, 1))
        frame.pts = self._frame
        frame.time_base = Fraction(1, self._rate)
        self._container.mux(self._video.encode(frame))
        self._frame += 1
        self._sound_until(self._frame * SAMPLE_RATE // self._rate)

    def _sound_until(self, samples: int) -> None:
        while self._sound is not None and self._samples < samples:
            left, right = next(self._sound)
            frame = av.AudioFrame("fltp", "stereo", len(left) // 4)
            for plane, channel in zip(frame.planes, (left, right), strict=True):
                plane.update(channel)
            frame.sample_rate = SAMPLE_RATE
            frame.time_base = Fraction(1, SAMPLE_RATE)
            frame.pts = self._samples
            self._container.mux(self._audio.encode(frame))
            self._samples += len(left) // 4

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._container.mux(self._video.encode(None))
            if self._sound is not None:
                self._container.mux(self._audio.encode(None))
        self._container.close()

    @property
    def data(self) -> bytes:
        """The finished file; only after the context was left."""
        return self._buffer.getvalue()
