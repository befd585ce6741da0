"""Class folders `<expression>/<file>`, with an optional `labels.jsonl` beside them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgan.data.layouts.source import (
    IMAGE_SUFFIXES,
    Listing,
    Rejection,
    SourceImage,
    SubjectRule,
    source_name,
)
from ecgan.errors import DataError
from ecgan.expressions import canonical_expression

LABELS_NAME = "labels.jsonl"
_EXPECTED = "expected <expression>/<file>, such as happy/anna_1.jpg"


def folders(folder: Path, subjects: SubjectRule) -> Listing:
    """List `<expression>/.../<file>`; the folder name may be an alias (`HA`, `happiness`).

    Each line of `labels.jsonl`, where there is one, holds `file` (path below the folder) and any
    of `subject`, `expression`, `intensity`, `landmarks` (68 x, y in source pixels), `pair` and
    `mask` (path below the folder of an image that is no photo, so it is not listed).
    It goes before the rules of `subjects`. All files of one person in it match pixel for pixel
    (`pair`: null on a line says that this one does not). Files that are no images by their
    suffix, and hidden ones, are passed over.

    Raises:
        DataError: the folder is missing, holds no images, or its labels file is damaged.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; {_EXPECTED} in it")
    source = source_name(folder)
    labels = _read_labels(folder / LABELS_NAME)
    images, rejected, seen = [], [], set()
    masks = {label.mask for label in labels.values() if label.mask}
    for name in _image_names(folder):
        if name in masks:
            continue
        seen.add(name)
        label = labels.get(name, _Label())
        expression = label.expression or _expression_of(name)
        subject = label.subject or subjects.subject(name, source)
        shown = f"{source}/{name}"
        if expression is None:
            rejected.append(Rejection(shown, "no-label", f"lies in no class folder; {_EXPECTED}"))
        elif subject is None:
            message = "neither the subjects csv nor the subject pattern fits this file"
            rejected.append(Rejection(shown, "no-subject", message))
        else:
            pair = f"{source}:{subject}" if label.paired and label.subject else None
            images.append(
                SourceImage(
                    path=folder / name,
                    name=name,
                    source=source,
                    subject=subject,
                    expression=expression,
                    intensity=label.intensity,
                    landmarks=label.landmarks,
                    pair=f"{source}:{label.pair}" if label.pair else pair,
                )
            )
    for name in sorted(set(labels) - seen):
        message = f"{LABELS_NAME} names it, but there is no such image file"
        rejected.append(Rejection(f"{source}/{name}", "missing", message))
    if not seen:
        raise DataError(f"no images in {folder}; {_EXPECTED}")
    return Listing(tuple(images), tuple(rejected))


@dataclass(frozen=True)
class _Label:
    subject: str | None = None
    expression: str | None = None
    intensity: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None
    pair: str | None = None
    paired: bool = True
    mask: str | None = None


def _image_names(folder: Path) -> Iterator[str]:
    visited = set()
    for where, inner, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in visited:
            inner.clear()
            continue
        visited.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for file in sorted(files):
            path = Path(where, file)
            if path.suffix.lower() in IMAGE_SUFFIXES and not file.startswith("."):
                yield path.relative_to(folder).as_posix()


def _expression_of(name: str) -> str | None:
    first, slash, _ = name.partition("/")
    return canonical_expression(first) if slash else None


def _read_labels(path: Path) -> dict[str, _Label]:
    if not path.exists():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the labels of {path}: {error}") from None
    labels: dict[str, _Label] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            name, label = _label(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{path}:{number} is damaged ({type(error).__name__}: {error}); expected a JSON "
                "object with file, subject, expression, intensity and 68 landmarks"
            ) from None
        if name in labels:
            raise DataError(f"{path}:{number} names {name} a second time, expected one line a file")
        labels[name] = label
    return labels


def _label(row: Mapping[str, Any]) -> tuple[str, _Label]:
    name = row["file"]
    if not isinstance(name, str) or not name:
        raise ValueError(f"file is {name!r}")
    subject, expression, pair = row.get("subject"), row.get("expression"), row.get("pair")
    mask = row.get("mask")
    intensity = None if row.get("intensity") is None else float(row["intensity"])
    if intensity is not None and not (math.isfinite(intensity) and intensity >= 0):
        raise ValueError(f"intensity is {intensity}")
    landmarks = row.get("landmarks")
    points = None if landmarks is None else tuple((float(x), float(y)) for x, y in landmarks)
    if points is not None and (
        len(points) != 68 or not all(math.isfinite(value) for point in points for value in point)
    ):
        raise ValueError(f"{len(points)} landmarks")
    return name, _Label(
        subject=None if subject is None else str(subject),
        expression=None if expression is None else canonical_expression(str(expression)),
        intensity=intensity,
        landmarks=points,
        pair=None if pair is None else str(pair),
        paired=not ("pair" in row and pair is None),
        mask=None if mask is None else str(mask),
    )
