"""Every error that ECGAN raises on purpose: what was expected, what came, what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class EcganError(Exception):
    """Base of all. The command line prints its message on one line and exits with `exit_code`."""

    exit_code = 1


class UsageError(EcganError):
    """A wrong option, argument or combination of them."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key or value that does not exist or does not fit."""


class MissingExtra(EcganError):  # noqa: N818 - the packages that it names are what is missing
    """What an extra of this package installs is not there."""


EXTRAS = {
    "cv2": "faces",
    "mediapipe": "faces",
    "av": "video",
    "pillow_heif": "heic",
    "skimage": "demo",
    "gradio": "web",
    "prometheus_client": "web",
    "python_multipart": "web",
    "fastapi_offline": "web",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "dlib": "identity",
    "face_recognition_models": "identity",
    "torchmetrics": "metrics",
    "lpips": "metrics",
    "sklearn": "metrics",
    "jinja2": "reproduce",
    "matplotlib": "reproduce",
    "tensorboard": "tensorboard",
}
"""Modules that come with an extra."""


@contextlib.contextmanager
def extras_named() -> Iterator[None]:
    """Where a module of an extra cannot be found, say what installs it. Raises MissingExtra."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        raise MissingExtra(
            f"this needs the package {module}: pip install 'ecgan[{EXTRAS[module]}]'"
        ) from None


class ImageError(EcganError):
    """A file that cannot be used as a photograph."""


class VideoError(EcganError):
    """A file that cannot be used as a video."""


class FaceError(EcganError):
    """A face that cannot be translated. `reason` is one of the short codes in `FACE_REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        if reason not in FACE_REASONS:
            raise ValueError(f"unknown face reason {reason!r}")
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[FaceError], tuple[str, str]]:
        return type(self), (self.reason, str(self))  # so that it can come from another process


FACE_REASONS = (
    *("no-face", "profile", "tilted", "tiny", "hidden", "outside"),
    *("dark", "bright", "faded", "blurred", "noisy", "negative", "upside down"),
    *("covered mouth", "covered eyes", "painted"),
)


class DataError(EcganError):
    """A prepared data set (or its source) that is missing, empty or inconsistent."""


class SnapshotError(EcganError):
    """A model folder that is missing, incomplete or damaged."""


class CheckpointError(EcganError):
    """A training checkpoint that is missing, damaged or belongs to another run."""


class NonFiniteError(EcganError):
    """A loss or gradient that is no finite number, or a loss that is absurdly large; raised before
    the update is applied."""


class AnswerError(EcganError):
    """An answer in a study that does not fit: from nobody known, or not to the next trial."""


class Interrupted(EcganError):  # noqa: N818 - nothing went wrong
    """Training was asked to stop and has saved its state."""

    exit_code = 130


class EcganWarning(UserWarning):
    """What a user should know of a result that is there all the same; commands print it."""


def one_line(error: Exception) -> str:
    """What another library says of a failure, short enough to stand in a message."""
    return " ".join(str(error).split())[:200] or type(error).__name__
