"""`prepare`: from folders of photographs to aligned, masked, labelled images split by person."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.card import card_of, tool_versions
from ecgan.data.duplicates import Duplicates, Picture, face_hash, find_duplicates, pixel_hash
from ecgan.data.journal import Journal, Outcome
from ecgan.data.layouts import ListOptions, Place, Rejection, Source, SourceImage, SubjectRule
from ecgan.data.layouts.ar import planes
from ecgan.data.layouts.fer2013 import row_pixels
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, write_manifest
from ecgan.data.points import Points
from ecgan.data.pool import run_tasks
from ecgan.data.reading import SourceReader
from ecgan.data.report import PrepareReport, build_report
from ecgan.data.sources import check_folders, gather
from ecgan.data.splits import check_shares, split_of
from ecgan.data.tasks import Item, LandmarkMode, Task, plan
from ecgan.errors import DataError, FaceError, ImageError, UsageError
from ecgan.faces.alignment import CANONICAL_SIZE, EYE_DISTANCE, Alignment, align, crop
from ecgan.faces.landmark_files import find_landmarks, read_landmarks
from ecgan.faces.landmarks import LandmarkDetector, check_translatable
from ecgan.faces.masks import face_mask
from ecgan.faces.photo import read_photo
from ecgan.files import remove_parts, sha256_bytes, write_bytes, write_json

REPORT_NAME = "report.json"
JPEG_QUALITY = 95
Progress = Callable[[int, int], None]
"""Called with the images done and the images in all."""


def prepare(
    sources: Sequence[Path],
    out: Path,
    *,
    layout: str = "auto",
    size: int = 256,
    workers: int | None = None,
    split: Sequence[int] = (75, 10, 15),
    landmarks: LandmarkMode = "detect",
    subject_pattern: str | None = None,
    subjects_csv: Path | None = None,
    variants: str = "none",
    only_basic: bool = False,
    peak_frames: int = 3,
    card: Mapping[str, Any] | None = None,
    announce: Callable[[Source], None] | None = None,
    progress: Progress | None = None,
) -> PrepareReport:
    """Prepare all sources into `out`. The same call again goes on where it was stopped; when all
    is done it changes nothing.

    Each source is a folder or a `.zip`; `announce` hears of each what it was taken for, before
    the work starts. `variants` keeps other light, occlusions and poses (see `parse_variants`),
    `only_basic` leaves out expressions beside the usual seven, `peak_frames` goes to sequences.

    Landmarks are found (`detect`), taken from labels or files beside the photos (`given`), or
    found only where none are given (`auto`). `card` adds to card.json (name, licence,
    attribution). `workers`: processes, none meaning one a CPU; 1 stays in this process.

    Raises:
        UsageError: an option that does not fit.
        DataError: a source that cannot be used, or not one accepted image (the report is written).
    """
    check_shares(split)
    check_folders(sources, out)
    if not 32 <= size <= 1024:
        raise UsageError(f"the size takes 32 to 1024 pixels, got {size}")
    has_rule = subject_pattern is not None or subjects_csv is not None
    rule = SubjectRule(subject_pattern, subjects_csv) if has_rule else None
    gathered = gather(
        sources,
        layout,
        ListOptions(rule, peak_frames),
        variants=variants,
        only_basic=only_basic,
        announce=announce,
    )
    images = gathered.images
    tasks = plan(images, size, landmarks, tool_versions())

    out.mkdir(parents=True, exist_ok=True)
    journal = Journal(out)
    remove_parts(out)
    todo = _unfinished(tasks, journal)
    if todo:
        (out / MANIFEST_NAME).unlink(missing_ok=True)
        _work(todo, journal, workers, progress, total=len(images))
        os.sync()
    journal.finish([task.fingerprint for task in tasks])

    by_file = {o.file: o for task in tasks for o in journal.outcomes[task.fingerprint]}
    records = _records(images, by_file, split)
    unfit = [Rejection(o.file, o.reason, o.message) for o in by_file.values() if not o.accepted]
    report = build_report(
        records,
        [*gathered.rejected, *unfit],
        by_file.values(),
        seconds=journal.seconds,
        images_timed=journal.images_timed,
        left_out=gathered.left_out,
        duplicates=_duplicates(images, by_file, split),
    )
    write_json(out / REPORT_NAME, report.to_json())
    if not records:
        raise DataError(
            f"none of the {report.found} images could be used; {out / REPORT_NAME} says why of each"
        )
    about = card_of(records, card, _alignment_card(size, landmarks), gathered.sources)
    write_manifest(Manifest(out, tuple(records), about))
    return report


def _unfinished(tasks: Sequence[Task], journal: Journal) -> list[Task]:
    return [
        task
        for task in tasks
        if task.fingerprint not in journal.outcomes or not journal.is_intact(task.fingerprint)
    ]


def _records(
    images: Sequence[SourceImage], outcomes: Mapping[str, Outcome], split: Sequence[int]
) -> list[Record]:
    records = []
    for image in images:
        outcome = outcomes[f"{image.source}/{image.name}"]
        if outcome.accepted:
            records.append(
                Record(
                    image=outcome.image,
                    mask=outcome.mask,
                    subject=image.subject,
                    expression=image.expression,
                    intensity=image.intensity,
                    split=split_of(image.subject, split),
                    source=image.source,
                    sha256=outcome.sha256,
                    landmarks=outcome.landmarks,
                    pair=image.pair,
                    session=image.session,
                    variant=image.variant,
                    partition=image.partition,
                    recipe=image.recipe,
                )
            )
    return records


def _duplicates(
    images: Sequence[SourceImage], outcomes: Mapping[str, Outcome], split: Sequence[int]
) -> tuple[Duplicates, ...]:
    found = ((image, outcomes[f"{image.source}/{image.name}"]) for image in images)
    return find_duplicates(
        Picture(o.file, image.subject, split_of(image.subject, split), o.pixels, o.looks)
        for image, o in found
        if o.accepted
    )


def _alignment_card(size: int, landmarks: LandmarkMode) -> dict[str, Any]:
    middle = CANONICAL_SIZE / 2
    eyes = np.array([[middle - EYE_DISTANCE / 2, 105], [middle + EYE_DISTANCE / 2, 105]])
    scaled = Alignment(np.eye(2, 3), CANONICAL_SIZE).scaled(size).to_aligned(eyes)
    return {
        "size": size,
        "eye_centres": scaled.astype(np.float64).round(3).tolist(),
        "landmarks": landmarks,
    }


def _work(
    tasks: Sequence[Task],
    journal: Journal,
    workers: int | None,
    progress: Progress | None,
    total: int,
) -> None:
    """Run tasks and note each in the journal as it ends, so that a stop loses none of them."""
    started, handled = time.perf_counter(), 0
    done = total - sum(len(task.items) for task in tasks)
    try:
        for task, outcomes in run_tasks(partial(Worker, journal.root), tasks, workers):
            journal.add(task.fingerprint, outcomes)
            handled += len(outcomes)
            if progress is not None:
                progress(done + handled, total)
    finally:
        journal.add_time(round(time.perf_counter() - started, 3), handled)


class Worker:
    """Prepares one task after another with one landmark detector."""

    def __init__(self, out: Path) -> None:
        cv2.setNumThreads(1)  # the processes are the parallelism
        self.out = out
        self._detector: LandmarkDetector | None = None
        self._reader = SourceReader()

    def __call__(self, task: Task) -> tuple[Outcome, ...]:
        """Outcomes in the order of the task's items; files appear whole or not at all."""
        frame = _Frame(task.size)
        outcomes = []
        for item in task.items:
            try:
                outcomes.append(self._prepare(item, task, frame))
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

    def _prepare(self, item: Item, task: Task, frame: _Frame) -> Outcome:
        pixels = self._pixels(item.place)
        points = self._points(pixels, item, task.landmarks)
        alignment = frame.alignment(points, pixels)
        aligned_points = alignment.to_aligned(points)
        mask = frame.mask(face_mask(aligned_points, task.size))
        aligned = crop(pixels, alignment)
        image_bytes = _encoded(aligned, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        mask_bytes = _encoded(mask, "PNG")
        write_bytes(self.out / item.image, image_bytes, durable=False)  # the journal has its hash
        write_bytes(self.out / item.mask, mask_bytes, durable=False)
        error = None
        if item.landmarks is not None and task.landmarks == "detect":
            error = landmark_error(points, np.asarray(item.landmarks, dtype=np.float32))
        return Outcome(
            file=item.file,
            image=item.image,
            mask=item.mask,
            sha256=sha256_bytes(image_bytes),
            mask_sha256=sha256_bytes(mask_bytes),
            landmarks=Points((round(float(x), 2), round(float(y), 2)) for x, y in aligned_points),
            landmark_error=error,
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

    def _points(
        self, pixels: NDArray[np.uint8], item: Item, mode: LandmarkMode
    ) -> NDArray[np.float32]:
        if mode != "detect":
            if item.landmarks is not None:
                return np.asarray(item.landmarks, dtype=np.float32)
            beside = find_landmarks(item.place.path) if item.place.is_file else None
            if beside is not None:
                return read_landmarks(beside)
            if mode == "given":
                raise FaceError("no-face", f"no landmarks are given for {item.name}")
        if self._detector is None:
            self._detector = LandmarkDetector()
        faces = self._detector.detect(pixels)
        if not faces:
            raise FaceError("no-face", f"no face found in {item.name}")
        check_translatable(faces[0], pixels.shape)
        return faces[0].points


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
