"""Videos as files: frames in, frames out, with their time stamps and everything else copied."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import MissingExtra, VideoError, one_line

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_FRAME_PIXELS = 36_000_000
"""8K is 33 million."""
MAX_FRAMES = 200_000
"""Nearly two hours at 30 a second; their landmarks take 300 MB."""
_LOSSLESS = frozenset(("ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "png", "qtrle"))
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_PLAIN = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
"""8-bit formats that are kept."""
_KEPT_TAGS = (
    "title",
    "artist",
    "author",
    "album",
    "date",
    "creation_time",
    "copyright",
    "language",
)


def load_av() -> Any:
    """PyAV, silenced. Raises MissingExtra where it is not installed."""
    try:
        import av
        import av.logging
    except ImportError:
        raise MissingExtra("videos need PyAV: pip install 'ecgan[video]'") from None
    av.logging.set_level(av.logging.PANIC)
    return av


@dataclass(frozen=True)
class VideoFile:
    """What a video file says of itself; made by `open_video`."""

    path: Path
    width: int
    """As a player shows it, of a frame turned upright."""
    height: int
    num_frames: int
    """About; 0 where the file does not say it."""
    rate: Fraction
    """Frames per second, on average."""
    suffix: str
    """Of outputs."""
    codec: str
    notes: tuple[str, ...] = ()
    """What a user should know of how it is read and written."""

    def parts(self) -> Iterator[VideoFrame | Packet[Any]]:
        """Its frames, with time stamps that rise, and between them what is not video.

        Raises:
            VideoError: damaged from the start, or it becomes too long or changes its size.
        """
        with _opened(self.path) as (container, stream):
            streams = [stream, *(one for one in container.streams if one.type in _COPIED)]
            clock = _Clock(stream, self.rate)
            stream.thread_type = "AUTO"
            for packet in _packets(container, streams):
                if packet.stream_index != stream.index:
                    if packet.size:
                        yield packet
                    continue
                for frame in _decoded(packet):
                    clock.stamp(frame)
                    if clock.count > MAX_FRAMES:
                        raise VideoError(_too_long(self.path))
                    yield frame
            if not clock.count:
                raise VideoError(f"{self.path} has no frame that can be read: it is damaged")

    def frames(self) -> Iterator[VideoFrame]:
        """Of `parts`, the frames."""
        from av import VideoFrame

        for part in self.parts():
            if isinstance(part, VideoFrame):
                yield part

    def pixels(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """(height, width, 3) RGB of a frame, upright.

        Raises:
            VideoError: it has another size than the first.
        """
        turned = np.rot90(frame.to_ndarray(format="rgb24"), _quarters(frame))
        rgb = np.ascontiguousarray(turned, dtype=np.uint8)
        if rgb.shape[:2] != (self.height, self.width):
            raise VideoError(
                f"{self.path} changes its size from {self.width} x {self.height} to "
                f"{rgb.shape[1]} x {rgb.shape[0]} px: cut it there"
            )
        return rgb


_COPIED = ("audio", "subtitle")


def read_comment(path: Path) -> str:
    """The comment of a video's container; empty where there is none. Raises as `open_video`."""
    with _opened(path) as (container, _):
        tags = {key.lower(): value for key, value in container.metadata.items()}
    return tags.get("comment", "")


def open_video(path: Path) -> VideoFile:
    """Look at a video without decoding more than a frame of it.

    Raises:
        VideoError: missing, empty, damaged, without pictures, or too large.
        MissingExtra: PyAV is not installed.
    """
    with _opened(path) as (container, stream):
        context = stream.codec_context
        if context.width * context.height > MAX_FRAME_PIXELS:
            raise VideoError(
                f"{path} has frames of {context.width} x {context.height} px, at most "
                f"{MAX_FRAME_PIXELS // 1_000_000} million pixels can be used: make it smaller"
            )
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        seconds = container.duration / 1_000_000 if container.duration else 0.0
        num_frames = stream.frames or round(seconds * rate)
        if num_frames > MAX_FRAMES:
            raise VideoError(_too_long(path))
        frame = next((one for packet in _packets(container, [stream]) for one in _decoded(packet)),
                     None)  # fmt: skip
        if frame is None:
            raise VideoError(f"{path} has no frame that can be read: it is damaged or empty")
        size = (frame.width, frame.height)
        width, height = size[::-1] if _quarters(frame) % 2 else size
        notes = []
        others = [one.type for one in container.streams if one.type not in ("video", *_COPIED)]
        if others:
            notes.append(f"{len(others)} streams of data or attachments are left out")
        if len(container.streams.video) > 1:
            notes.append("of several pictures streams, the first is translated, others left out")
        if max(part.bits for part in frame.format.components) > 8:
            notes.append("has more than 8 bits a sample, the output 8")
        if any(part.is_alpha for part in frame.format.components):
            notes.append("its opacity is left out")
        lossless = context.codec.name in _LOSSLESS
        suffix = ".mkv" if lossless else _suffix(path, container.format.name)
        return VideoFile(
            path, width, height, num_frames, rate, suffix, context.codec.name, tuple(notes)
        )


def _suffix(path: Path, kind: str) -> str:
    """Of an output: the file's own where it fits what is inside."""
    own = path.suffix.lower()
    if "mp4" in kind:
        return path.suffix if own in (".mp4", ".m4v", ".mov") else ".mp4"
    return path.suffix if "webm" in kind and own in (".webm", ".mkv") else ".mkv"


def _too_long(path: Path) -> str:
    return f"{path} has more than {MAX_FRAMES:,} frames: cut it into shorter clips"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    av = load_av()
    try:
        if path.stat().st_size == 0:
            raise VideoError(f"{path} is empty, expected a video")
        container = av.open(str(path))
    except FileNotFoundError:
        raise VideoError(f"{path}: no such file") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise VideoError(f"{path} cannot be read as a video: {reason}") from None
    with container:
        if container.format.name.endswith("_pipe"):
            raise VideoError(f"{path} is a picture, expected a video: name it as what it is")
        cover = av.stream.Disposition.attached_pic
        streams = [one for one in container.streams.video if not one.disposition & cover]
        if not streams:
            has = "only sound" if container.streams.audio else "no pictures"
            raise VideoError(f"{path} has {has}, expected a video")
        if streams[0].codec_context is None:
            raise VideoError(f"{path}: its codec cannot be read; convert it to H.264")
        yield container, streams[0]


def _packets(container: InputContainer, streams: list[Any]) -> Iterator[Packet[Any]]:
    """What can be read; a file that lacks its end gives what is there."""
    with contextlib.suppress(load_av().error.FFmpegError):
        yield from container.demux(streams)


def _decoded(packet: Packet[Any]) -> list[VideoFrame]:
    try:
        frames: list[Any] = packet.decode()
    except load_av().error.FFmpegError:  # the next key frame goes on
        return []
    return frames


def _quarters(frame: VideoFrame) -> int:
    """Quarter turns to the left that bring a frame upright."""
    return round(frame.rotation / 90) % 4


@dataclass
class _Clock:
    """Time stamps where there are none, or where they do not rise."""

    stream: VideoStream
    rate: Fraction
    count: int = 0
    last: int = 0

    def stamp(self, frame: VideoFrame) -> None:
        base = self.stream.time_base or 1 / self.rate
        if frame.pts is None:
            step = max(1, round(1 / self.rate / base)) if self.count else 0
            frame.pts = self.last + step
        elif self.count and frame.pts <= self.last:
            frame.pts = self.last + 1
        frame.time_base = base
        self.count, self.last = self.count + 1, frame.pts


@dataclass
class VideoWriter:
    """A video like another one, with other frames. Use as a context manager."""

    file: BinaryIO
    like: VideoFile
    tags: dict[str, str]
    """What to write into its metadata beside what is kept."""
    _durations: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> VideoWriter:
        av = load_av()
        with _opened(self.like.path) as (source, stream):
            self._container = av.open(self.file, "w", format=FORMATS[self.like.suffix.lower()])
            tags = {key.lower(): value for key, value in source.metadata.items()}
            kept = {key: tags[key] for key in _KEPT_TAGS if key in tags}
            self._container.metadata.update(kept | self.tags)
            self._stream = self._video(stream)
            self._others: dict[int, Any] = {}
            for one in source.streams:
                if one.type in _COPIED:
                    try:
                        copy = self._container.add_stream_from_template(one)
                    except (av.error.FFmpegError, ValueError) as error:
                        raise VideoError(
                            f"{self.like.path}: its {one.type} does not fit into "
                            f"{self.like.suffix}: {one_line(error)}"
                        ) from None
                    if "language" in one.metadata:
                        copy.metadata["language"] = one.metadata["language"]
                    self._others[one.index] = copy
        return self

    def _video(self, like: VideoStream) -> Any:
        source = like.codec_context
        name = source.pix_fmt or ""
        plain = name if name in _PLAIN else "yuv420p"
        if self.like.codec in _LOSSLESS:
            plain = name if name in (*_PLAIN[::2], "gray") else "bgr0"
            codec, options = "ffv1", dict[str, str]()
        else:
            codec, plain, options = encoder(
                self.like.suffix, (self.like.width, self.like.height), plain
            )
        stream = self._container.add_stream(codec, rate=self.like.rate, options=options)
        context = stream.codec_context
        stream.width, stream.height = self.like.width, self.like.height
        stream.pix_fmt = plain
        base = like.time_base or 1 / self.like.rate
        context.time_base = stream.time_base = base
        shape = like.sample_aspect_ratio
        if shape and shape != 1:
            turned = (like.codec_context.width, like.codec_context.height) != (
                self.like.width, self.like.height)  # fmt: skip
            context.sample_aspect_ratio = 1 / shape if turned else shape
        if plain != "bgr0":
            for tag in ("color_range", "colorspace", "color_primaries", "color_trc"):
                setattr(context, tag, getattr(source, tag))
        return stream

    def write(self, frame: VideoFrame, changed: NDArray[np.uint8] | None) -> None:
        """The next frame: as it is, or where `changed` differs from it with these pixels.

        Args:
            frame: of `VideoFile.parts`.
            changed: (height, width, 3) RGB, upright.
        """
        av = load_av()
        made = frame
        if _quarters(frame):
            upright = self.like.pixels(frame) if changed is None else changed
            made = self._like(frame, upright)
        else:
            made = frame.reformat(format=self._stream.pix_fmt)
            if changed is not None:
                _put(made, self._like(frame, changed), changed != self.like.pixels(frame))
        made.pts, made.time_base = frame.pts, frame.time_base
        made.pict_type = av.video.frame.PictureType.NONE
        if frame.duration and frame.pts is not None:
            self._durations[frame.pts] = frame.duration
        self._mux(self._stream.encode(made))

    def copy(self, packet: Packet[Any]) -> None:
        """Sound or text, as it is."""
        packet.stream = self._others[packet.stream_index]
        self._container.mux(packet)

    def _like(self, frame: VideoFrame, pixels: NDArray[np.uint8]) -> VideoFrame:
        made: VideoFrame = load_av().VideoFrame.from_ndarray(pixels, format="rgb24")
        return made.reformat(
            format=self._stream.pix_fmt, src_colorspace=frame.colorspace,
            dst_colorspace=frame.colorspace,
        )  # fmt: skip

    def _mux(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            if packet.pts in self._durations:
                packet.duration = self._durations.pop(packet.pts)
            self._container.mux(packet)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._mux(self._stream.encode(None))
            self._container.close()
        else:  # the file is thrown away; that it cannot be ended well is no news
            with contextlib.suppress(Exception):
                self._container.close()


def encoder(
    suffix: str, size: tuple[int, int], plain: str = "yuv420p"
) -> tuple[str, str, dict[str, str]]:
    """Codec, pixel format and options of pictures (width, height) in a file of this suffix;
    `plain`: the format that is wanted, of `_PLAIN`."""
    if suffix.lower() == ".webm":
        options = {"crf": "20", "b:v": "0", "deadline": "realtime", "cpu-used": "6"}
        return "libvpx-vp9", "yuv420p", options
    odd = size[0] % 2 or size[1] % 2
    return "libx264", "yuv444p" if odd else plain, {"crf": "16", "preset": "veryfast"}


@contextlib.contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """What PyAV raises while `path` is written, as one of ours. Raises VideoError."""
    try:
        yield
    except load_av().error.FFmpegError as error:
        raise VideoError(f"{path} cannot be written: {error.strerror}") from None


def _put(frame: VideoFrame, changed: VideoFrame, where: NDArray[np.bool_]) -> None:
    """Take over the box of what has changed, so that no other sample of the frame does."""
    rows, columns = np.flatnonzero(where.any((1, 2))), np.flatnonzero(where.any((0, 2)))
    if not len(rows):
        return
    top, left = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
    bottom, right = int(rows[-1]) // 2 * 2 + 2, int(columns[-1]) // 2 * 2 + 2
    frame.make_writable()
    wide = 4 if frame.format.name == "bgr0" else 1
    for old, new in zip(frame.planes, changed.planes, strict=True):
        down, across = frame.height // old.height, frame.width // old.width
        box = (slice(top // down, -(-bottom // down)),
               slice(left // across * wide, -(-right // across) * wide))  # fmt: skip
        one, other = (
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
            for plane in (old, new)
        )
        one[box] = other[box]
