"""Class folders `<expression>/<file>`, with an optional `labels.jsonl` beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.layout import Layout, counted
from ecgan.data.layouts.source import Entry, ListOptions, Rejection, SourceImage, SubjectRule
from ecgan.data.layouts.tree import Tree
from ecgan.data.points import Points
from ecgan.errors import DataError
from ecgan.expressions import EXPRESSIONS, canonical_expression

LABELS_NAME = "labels.jsonl"
_NAMING = "<expression>/<file>, such as happy/anna_1.jpg"
_MAX_LINE = 1 << 20


def has_class_folders(tree: Tree) -> str | None:
    """Why a tree holds class folders; None where most images lie in none of the usual names."""
    base = _base(tree)
    if base + LABELS_NAME in tree.names:
        return f"it has a {LABELS_NAME}"
    names = (name.removeprefix(base) for name in tree.image_names)
    inside, files = counted(names, lambda name: _expression_of(name) in EXPRESSIONS)
    if 2 * inside <= files:
        return None
    return f"{inside} of {files} images lie in folders named after expressions"


def read(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """List `<expression>/.../<file>`; the folder name may be an alias (`HA`, `happiness`).

    Each line of `labels.jsonl`, where there is one, holds `file` (path below the folder) and any
    of `subject`, `expression`, `recipe` (which of several ways of showing it), `intensity`,
    `landmarks` (68 x, y in source pixels), `pair` and `mask` (path below the folder of an image
    that is no photo, so it is not listed).
    It goes before the rules of `subjects`. All files of one person in it match pixel for pixel
    (`pair`: null on a line says that this one does not). Files that are no images by their
    suffix, and hidden ones, are passed over. In a zip, all may lie in one folder of any name.

    Raises:
        DataError: no images, or a damaged labels file.
    """
    source, base = tree.source, _base(tree)
    subjects = options.subjects or SubjectRule()
    labels, masks = _read_labels(tree, base + LABELS_NAME)
    seen = False
    for member in tree.image_names:
        name = member.removeprefix(base)
        if name in masks:
            continue
        seen = True
        line = labels.pop(name, None)
        label = _Label() if line is None else _label(json.loads(line))[1]
        expression = label.expression or _expression_of(name)
        subject = label.subject or subjects.subject(name, source)
        if expression is None:
            message = f"lies in no class folder; expected {_NAMING}"
            yield Rejection(tree.shown(name), "no-label", message)
        elif subject is None:
            message = "neither the subjects csv nor the subject pattern fits this file"
            yield Rejection(tree.shown(name), "no-subject", message)
        else:
            pair = f"{source}:{subject}" if label.paired and label.subject else None
            yield SourceImage(
                place=tree.place(member),
                name=name,
                source=source,
                subject=subject,
                expression=expression,
                intensity=label.intensity,
                landmarks=label.landmarks,
                pair=f"{source}:{label.pair}" if label.pair else pair,
                recipe=label.recipe,
            )
    for name in labels.in_order():
        message = f"{LABELS_NAME} names it, but there is no such image file"
        yield Rejection(tree.shown(name), "missing", message)
    if not seen:
        raise DataError(f"no images in {tree.root}; expected {_NAMING} in it")


FOLDERS = Layout(
    name="folders",
    title="class folders",
    citation=None,
    terms=None,
    naming=_NAMING,
    recognise=has_class_folders,
    read=read,
)


def _base(tree: Tree) -> str:
    """The one folder that a zip often holds everything in, as a prefix; else nothing."""
    top, slash, _ = next(iter(tree.names), "").partition("/")
    if tree.root.is_dir() or not slash or any(not n.startswith(top + "/") for n in tree.names):
        return ""
    deep = all(name.count("/") > 1 for name in tree.image_names)
    return f"{top}/" if deep and canonical_expression(top) not in EXPRESSIONS else ""


@dataclass(frozen=True)
class _Label:
    subject: str | None = None
    expression: str | None = None
    intensity: float | None = None
    landmarks: Points | None = None
    pair: str | None = None
    paired: bool = True
    mask: str | None = None
    recipe: str | None = None


def _expression_of(name: str) -> str | None:
    first, slash, _ = name.partition("/")
    return canonical_expression(first) if slash else None


def _read_labels(tree: Tree, name: str) -> tuple[DiskDict, DiskDict]:
    """The lines by the file that each labels, and the names of masks; all lines are sound."""
    labels, masks = DiskDict(), DiskDict()
    if name not in tree.names:
        return labels, masks
    for number, (_, line) in enumerate(tree.lines(name, _MAX_LINE), start=1):
        if not line.strip():
            continue
        where = f"{tree.root}/{name}:{number}"
        try:
            row = json.loads(line)
            file, label = _label(row)
            "".join(text for text in row.values() if isinstance(text, str)).encode()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{where} is damaged ({type(error).__name__}: {error}); expected a JSON "
                "object with file, subject, expression, intensity and 68 landmarks"
            ) from None
        if file in labels:
            raise DataError(f"{where} names {file} a second time, expected one line a file")
        labels[file] = line
        if label.mask:
            masks[label.mask] = ""
    return labels, masks


def _label(row: Mapping[str, Any]) -> tuple[str, _Label]:
    name = row["file"]
    if not isinstance(name, str) or not name:
        raise ValueError(f"file is {name!r}")
    subject, expression, pair = row.get("subject"), row.get("expression"), row.get("pair")
    mask, recipe = row.get("mask"), row.get("recipe")
    intensity = None if row.get("intensity") is None else float(row["intensity"])
    if intensity is not None and not (math.isfinite(intensity) and intensity >= 0):
        raise ValueError(f"intensity is {intensity}")
    landmarks = row.get("landmarks")
    points = None if landmarks is None else Points(landmarks)
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
        recipe=None if recipe is None else str(recipe).strip().lower().replace(":", "-"),
    )
