"""Videos of pictures that come one after another, as from a camera."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import VideoError
from ecgan.inference.clips import FORMATS, encoder, load_av
from ecgan.inference.live import LiveFrame
from ecgan.inference.marking import VIDEO_NOTICE, Mark
from ecgan.inference.video import marked_video


class LiveWriter:
    """A new video, of pictures that come one after another. Use as a context manager."""

    def __init__(self, file: BinaryIO, suffix: str, tags: dict[str, str]) -> None:
        """`suffix`: one of `KEPT_VIDEO_SUFFIXES`."""
        self._suffix, self._last = suffix, -1
        self._stream: Any = None
        self._container = load_av().open(file, "w", format=FORMATS[suffix.lower()])
        self._container.metadata.update(tags)
        self.count = 0
        """Of the frames that were written."""

    def __enter__(self) -> LiveWriter:
        return self

    def write(self, pixels: NDArray[np.uint8], seconds: float) -> None:
        """Append a frame; one that is not later than the last is left out.

        Args:
            pixels: (height, width, 3) RGB, all of one size.
            seconds: when it is shown, from the first.
        """
        now = round(1000 * seconds)
        if now <= self._last:
            return
        if self._stream is None:
            self._stream = self._opened(pixels.shape[1], pixels.shape[0])
        frame = load_av().VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = now, Fraction(1, 1000)
        self._container.mux(self._stream.encode(frame))
        self.count, self._last = self.count + 1, now

    def _opened(self, width: int, height: int) -> Any:
        codec, plain, options = encoder(self._suffix, (width, height))
        stream = self._container.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, plain
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        return stream

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
        else:  # the file is thrown away
            with contextlib.suppress(Exception):
                self._container.close()


@contextlib.contextmanager
def recording(path: Path, mark: Mark) -> Iterator[Callable[[LiveFrame], None]]:
    """Write live frames into a file with a sidecar; both are there in the end, or neither. Gives
    what is to be called with each frame.

    Args:
        path: ends in one of `KEPT_VIDEO_SUFFIXES`.
        mark: what to say of the output; the sidecar adds how many frames it has, and when which
            expression was asked for.

    Raises:
        VideoError: there was no frame, or the file cannot be written.
        OSError: it cannot be written.
    """
    changes: list[dict[str, Any]] = []
    facts: dict[str, Any] = {"frames": 0, "translated_frames": 0, "asked": changes}
    faces: dict[str, dict[str, Any]] = {}
    mark = replace(mark, notice=VIDEO_NOTICE, more=facts)
    start = last = None

    def record(frame: LiveFrame) -> None:
        nonlocal start, last
        asked = frame.asked
        start = frame.time if start is None else start
        seconds = frame.time - start
        writer.write(frame.pixels, seconds)
        facts["frames"] = writer.count
        facts["translated_frames"] += frame.made is not None
        if frame.made is not None:
            faces[asked.target] = frame.made.faces[0].as_json()
        if asked != last:
            changes.append({"seconds": round(seconds, 3), **asdict(asked)})
            last = asked

    with (
        marked_video(path, mark) as (file, tags),
        LiveWriter(file, path.suffix, tags) as writer,
    ):
        yield record
        if not writer.count:
            raise VideoError(f"{path} is not written: there was no picture")
        mark.faces.extend(faces.values())
