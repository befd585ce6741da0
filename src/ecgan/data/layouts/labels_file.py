"""`labels.jsonl`, one line an image: who it shows, which expression, where its landmarks are."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.tree import Tree
from ecgan.data.points import Points
from ecgan.errors import DataError

LABELS_NAME = "labels.jsonl"
_MAX_LINE = 1 << 20


@dataclass(frozen=True)
class LabelLine:
    """What a line says of its file."""

    subject: str | None = None
    expression: str | None = None
    """As written."""
    intensity: float | None = None
    landmarks: Points | None = None
    pair: str | None = None
    paired: bool = True
    mask: str | None = None
    recipe: str | None = None


class LabelsFiles:
    """The lines of all labels files of a tree by the file that each labels; all are sound."""

    def __init__(self, tree: Tree, base: str) -> None:
        """`base`: a folder that file names leave out. Raises DataError for a damaged line."""
        self._lines, self.masks = DiskDict(), DiskDict()
        self._no_subject, self._no_expression = DiskDict(), DiskDict()
        for name in list(_labels_names(tree)):
            tree.use(name)
            self._read(tree, name, name.removesuffix(LABELS_NAME).removeprefix(base))

    def of(self, name: str) -> LabelLine:
        """An empty one where no line names the file."""
        line = self._lines.get(name)
        return LabelLine() if line is None else _label(json.loads(line))[1]

    def says_subject(self, name: str) -> bool:
        return name in self._lines and name not in self._no_subject

    def says_expression(self, name: str) -> bool:
        return name in self._lines and name not in self._no_expression

    def done(self, name: str) -> None:
        """The file is there, so that `left` does not name it."""
        self._lines.pop(name, None)

    def left(self) -> list[str]:
        return sorted(self._lines)

    def _read(self, tree: Tree, file: str, folder: str) -> None:
        for number, (_, line) in enumerate(tree.lines(file, _MAX_LINE), start=1):
            if not line.strip():
                continue
            where = f"{tree.root}/{file}:{number}"
            try:
                row = json.loads(line)
                name, label = _label(row)
                "".join(text for text in row.values() if isinstance(text, str)).encode()
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise DataError(
                    f"{where} is damaged ({type(error).__name__}: {error}); expected a JSON "
                    "object with file, subject, expression, intensity and 68 landmarks"
                ) from None
            name = folder + name
            if name in self._lines:
                raise DataError(f"{where} names {name} a second time, expected one line a file")
            self._lines[name] = line
            if label.mask:
                self.masks[folder + label.mask] = ""
            if label.subject is None:
                self._no_subject[name] = ""
            if label.expression is None:
                self._no_expression[name] = ""


def has_labels(tree: Tree) -> bool:
    """Whether there is a labels file at any depth."""
    return any(True for _ in _labels_names(tree))


def _labels_names(tree: Tree) -> list[str]:
    return [n for n in tree.names if n == LABELS_NAME or n.endswith(f"/{LABELS_NAME}")]


def _label(row: Mapping[str, Any]) -> tuple[str, LabelLine]:
    name = row["file"]
    if not isinstance(name, str) or not name:
        raise ValueError(f"file is {name!r}")
    texts = {
        key: None if row.get(key) is None else str(row[key])
        for key in ("subject", "expression", "pair", "mask", "recipe")
    }
    if texts["recipe"] is not None:
        texts["recipe"] = texts["recipe"].strip().lower().replace(":", "-")
    intensity = None if row.get("intensity") is None else float(row["intensity"])
    if intensity is not None and not (math.isfinite(intensity) and intensity >= 0):
        raise ValueError(f"intensity is {intensity}")
    landmarks = row.get("landmarks")
    points = None if landmarks is None else tuple((float(x), float(y)) for x, y in landmarks)
    if points is not None and (
        len(points) != 68 or not all(math.isfinite(value) for point in points for value in point)
    ):
        raise ValueError(f"{len(points)} landmarks")
    return name, LabelLine(
        **texts,
        intensity=intensity,
        landmarks=points,
        paired="pair" not in row or row["pair"] is not None,
    )
