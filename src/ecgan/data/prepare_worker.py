"""One task of `prepare`: find the face, align, crop, mask, write."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.journal import Item, LandmarkMode, Outcome, Task
from ecgan.data.layouts import Place
from ecgan.data.likeness import face_hash, pixel_hash
from ecgan.data.reading import SourceReader, planes, row_pixels
from ecgan.errors import DataError, FaceError, ImageError
from ecgan.faces.alignment import Alignment, align, crop, face_mask
from ecgan.faces.face import Face, check_translatable
from ecgan.faces.landmark_files import given_landmarks
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes, write_bytes

JPEG_QUALITY = 95


class Worker:
    """Prepares one task after another with one landmark detector."""

    def __init__(self, out: Path, size: int, landmarks: LandmarkMode) -> None:
        """`size`: of the aligned images, in pixels."""
        cv2.setNumThreads(1)  # the processes are the parallelism
        self.out = out
        self.size = size
        self.landmarks = landmarks
        self._detector: LandmarkDetector | None = None
        self._reader = SourceReader()

    def __call__(self, task: Task) -> tuple[Outcome, ...]:
        """Outcomes in the order of the task's items; files appear whole or not at all."""
        frame = _Frame(self.size)
        outcomes = []
        for item in task.items:
            try:
                outcomes.append(self._prepare(item, frame))
            except FaceError as error:
                outcomes.append(Outcome(item.file, reason=error.reason, message=str(error)))
            except ImageError as error:
                outcomes.append(Outcome(item.file, reason="unreadable", message=str(error)))
            except DataError as error:
                outcomes.append(Outcome(item.file, reason="landmarks", message=str(error)))
            except (ValueError, cv2.error) as error:
                first = (str(error).splitlines() or [""])[0]
                outcomes.append(Outcome(item.file, reason="failed", message=first))
        return tuple(outcomes)

    def _prepare(self, item: Item, frame: _Frame) -> Outcome:
        pixels = self._pixels(item.place)
        points = self._points(pixels, item)
        alignment = frame.alignment(points, pixels)
        aligned_points = alignment.to_aligned(points)
        mask = frame.mask(face_mask(aligned_points, self.size))
        aligned = crop(pixels, alignment)
        image_bytes = _encoded(aligned, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        mask_bytes = _encoded(mask, "PNG")
        write_bytes(self.out / item.image, image_bytes, durable=False)  # the journal has its hash
        write_bytes(self.out / item.mask, mask_bytes, durable=False)
        mean_error = median_error = None
        if item.landmarks is not None and self.landmarks == "detect":
            given = np.asarray(item.landmarks, dtype=np.float32)
            mean_error, median_error = landmark_error(points, given)
        return Outcome(
            file=item.file,
            image=item.image,
            mask=item.mask,
            sha256=sha256_bytes(image_bytes),
            mask_sha256=sha256_bytes(mask_bytes),
            landmarks=aligned_points.astype(np.float64).round(2).tobytes(),
            mean_error=mean_error,
            median_error=median_error,
            pixels=pixel_hash(pixels),
            looks=face_hash(aligned),
        )

    def _pixels(self, place: Place) -> NDArray[np.uint8]:
        if place.form == "planes":
            return planes(self._reader.read(place))
        if place.form == "row":
            return row_pixels(self._reader.read(place))
        if place.is_file:
            return read_photo(place.path).pixels
        return read_photo(place.path / str(place.member), self._reader.read(place)).pixels

    def _points(self, pixels: NDArray[np.uint8], item: Item) -> NDArray[np.float32]:
        if self.landmarks != "detect":
            if item.landmarks is not None:
                return np.asarray(item.landmarks, dtype=np.float32)
            if item.place.is_file:
                points, refused = given_landmarks(item.place.path, pixels.shape)
                if points is not None:
                    return points
                if self.landmarks == "given" and refused:
                    raise DataError(refused[0])
            if self.landmarks == "given":
                raise FaceError("no-face", f"no landmarks are given for {item.name}")
        if self._detector is None:
            self._detector = LandmarkDetector()
        faces = self._detector.detect(pixels)
        if not faces:
            raise FaceError("no-face", f"no face found in {item.name}")
        try:
            check_translatable(faces[0], pixels.shape)
        except FaceError as error:
            if error.reason != "tiny" or not _fills(faces[0], pixels.shape):
                raise
        return faces[0].points


def _fills(face: Face, shape: tuple[int, ...]) -> bool:
    """Whether a picture is no more than a crop of the face, like those of 48 px of FER2013: it is
    small because the data set is."""
    return face.eye_distance > max(shape[:2]) / 5


def crashed(task: Task, how: str) -> tuple[Outcome, ...]:
    """Outcomes of a task whose worker process died (`how`: "signal 9")."""
    message = (
        f"the process that worked on it died ({how}): out of memory, or the picture crashes a "
        "library; touch the file to have it tried again"
    )
    return tuple(Outcome(item.file, reason="crashed", message=message) for item in task.items)


class _Frame:
    """What the images of a task share: the first one's alignment, and its mask joined to each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._shape: tuple[int, ...] = ()
        self._alignment: Alignment | None = None
        self._mask: NDArray[np.uint8] | None = None

    def alignment(self, points: NDArray[np.float32], pixels: NDArray[np.uint8]) -> Alignment:
        if self._alignment is None:
            self._alignment = align(points, self.size)
            self._shape = pixels.shape
        elif pixels.shape != self._shape:
            raise ValueError(
                f"expected {self._shape[1]} x {self._shape[0]} pixels like the first image of its "
                f"pair, got {pixels.shape[1]} x {pixels.shape[0]}"
            )
        return self._alignment

    def mask(self, own: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._mask is None:
            self._mask = own
        return np.maximum(own, self._mask)


def landmark_error(found: NDArray[np.float32], given: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and median distance of 68 points, in fractions of the given eye distance (between the
    centres of the eyes)."""
    eyes = given[36:42].mean(axis=0) - given[42:48].mean(axis=0)
    distances = np.linalg.norm(found - given, axis=1) / np.linalg.norm(eyes)
    return round(float(distances.mean()), 5), round(float(np.median(distances)), 5)


def _encoded(pixels: NDArray[np.uint8], kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind, **options)
    return buffer.getvalue()
