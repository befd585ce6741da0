"""Small videos of the astronaut, and a finder that is told where the faces are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.face import Face
from support.tiny_models import astronaut_face, astronaut_photo

LEFT, TOP, SIDE = 150, 40, 160
"""The astronaut's head in her photo."""
Frame = NDArray[np.uint8]


def head() -> Frame:
    pixels = astronaut_photo().pixels[TOP : TOP + SIDE, LEFT : LEFT + SIDE]
    return np.ascontiguousarray(pixels)


def frame_with(*heads: tuple[Frame, int], width: int = 320) -> Frame:
    """A grey frame, `SIDE` px high, with heads at these places from its left."""
    frame = np.full((SIDE, width, 3), 100, np.uint8)
    for pixels, left in heads:
        frame[:, left : left + SIDE] = pixels
    return frame


def face_at(left: int) -> Face:
    """The astronaut's face in `frame_with`."""
    face = astronaut_face()
    shift = np.array([left - LEFT, -TOP], np.float32)
    x0, y0, x1, y1 = face.box
    box = (x0 + shift[0], y0 + shift[1], x1 + shift[0], y1 + shift[1])
    return replace(face, points=face.points + shift, box=box)


class ToldDetector:
    """Sees in each picture, one after another, what it was told."""

    def __init__(self, faces: Sequence[Sequence[Face]]) -> None:
        self.faces = list(faces)

    def detect(self, pixels: Frame) -> list[Face]:
        return list(self.faces.pop(0))


def write_clip(
    path: Path,
    frames: Sequence[Frame],
    times_ms: Sequence[int] | None = None,
    *,
    codec: str = "ffv1",
    pix_fmt: str = "bgr0",
    sound: bool = False,
    tags: dict[str, str] | None = None,
) -> Path:
    """A video of these frames, at 25 a second or at the given times."""
    times = times_ms or [40 * i for i in range(len(frames))]
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        tone = container.add_stream("aac", rate=44100) if sound else None
        for pixels, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            _write_tone(container, tone, times[-1] / 1000)
    return path


def write_sound(path: Path) -> Path:
    """A file with a second of sound alone."""
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream("aac", rate=44100), 1.0)
    return path


def _write_tone(container: Any, tone: Any, seconds: float) -> None:
    for start in range(0, int(44100 * seconds), 1024):
        wave = np.sin(np.arange(start, start + 1024) / 20, dtype=np.float32)[None] / 4
        samples = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        samples.sample_rate, samples.pts = 44100, start
        samples.time_base = Fraction(1, 44100)
        container.mux(tone.encode(samples))
    container.mux(tone.encode())


def read_clip(path: Path) -> tuple[list[Frame], list[Fraction]]:
    """Frames and their times in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return (
            [frame.to_ndarray(format="rgb24") for frame in frames],
            [frame.pts * frame.time_base for frame in frames],
        )


def packets(path: Path, kind: str) -> list[tuple[Fraction, int, bytes]]:
    """Time, duration and content of the packets of a kind of stream."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        if not streams:  # demux would take all
            return []
        return [
            (packet.pts * packet.time_base, packet.duration, bytes(packet))
            for packet in container.demux(streams)
            if packet.size
        ]
