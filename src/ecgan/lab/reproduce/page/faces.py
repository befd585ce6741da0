"""Figures 3 and 4 of the paper, what the methods made of people whom no method has seen, and how
such rows of pictures are painted: a mark in its corner tells what a model made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ecgan.errors import ImageError
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes
from ecgan.inference.grid import BACKGROUND, INK, QUIET_INK, fitted, write_line
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.reproduce.page.contents import Contents, Missing, objects
from ecgan.lab.reproduce.page.labels import METHODS, style_of

Pixels = NDArray[np.uint8]

SYNTHETIC = "synthetic"
_EMPTY = (236, 236, 236)
_GAP = 4
_SHOWN_PX = 1100
"""Width at which a page shows a sheet: the letters of wider ones grow with them."""
TILE_PX = (112, 160)
"""Smaller images are shown larger than they are, larger ones smaller."""
PEOPLE_PER_SOURCE = 2
_FIGURE_3 = ("pix2pix", "cyclegan", "paper", "default")
"""The methods of the paper's Figure 3; Figure 4 of this page shows all."""
_SHOWN = ("default", "paper")

Entry = Mapping[str, Any]
"""A row of `grid.json`: paths by `input`, `truth` and method, and whose face it is."""
Person = Mapping[str, Entry]
"""Rows by expression."""


@dataclass(frozen=True)
class Cell:
    """One picture; none where there is none to show."""

    pixels: Pixels | None
    """(height, width, 3), RGB."""
    synthetic: bool = False
    why_empty: str = ""


@dataclass(frozen=True)
class Group:
    """Columns that stand together under one title."""

    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row of all groups' columns; with a `title` it begins a new block."""

    label: str
    cells: tuple[Cell, ...]
    title: str = ""


@dataclass(frozen=True)
class Drawn:
    """A figure on disk, and what it shows."""

    path: Path
    rows: str
    methods: tuple[str, ...]


class FacePictures:
    """Draws the figures of `grid.json`."""

    def __init__(self, contents: Contents) -> None:
        """Raises Missing where there is no such part, or it names no pictures."""
        self._contents = contents
        self._part = contents.part("grid")
        self._there = objects(self._part.values.get("rows"))
        self._back = objects(self._part.values.get("neutral_rows"))
        if not self._there:
            raise Missing("results/grid.json names no translations")
        made = {key for row in (*self._there, *self._back) for key, path in row.items() if path}
        usual = [name for name in METHODS if name in contents.methods]
        self.methods = tuple(
            name for name in dict.fromkeys([*usual, *contents.methods]) if name in made
        )
        """Those with a picture, in the order of the paper's figure, others last."""
        self.expressions = tuple(contents.in_order(list(map(_expression, self._there))))
        self._pixels: dict[str, Pixels] = {}

    def figure_3(self) -> Drawn:
        """Each expression once, of as many people as there are: there on the left, back on the
        right."""
        paper = tuple(name for name in self.methods if name in _FIGURE_3)
        methods = paper if len(paper) > 1 else self.methods
        columns = ("Input", *(style_of(name).label for name in methods), "Truth")
        there, back = self._spread(self._there), self._spread(self._back)
        rows = []
        for name in self.expressions:
            found = (there.get(name, {}), back.get(name, {}))
            rows.append(Row(name, tuple(self._across(found, methods))))
        groups = [
            Group("Expression generation: neutral to ...", columns),
            Group("Neutralisation: ... to neutral", columns),
        ]
        return self._write("figure-3", groups, rows, methods)

    def figure_4(self) -> Drawn:
        """The neutral input and every expression by ECGAN, a block for each source of the data."""
        shown = next((name for name in _SHOWN if name in self.methods), self.methods[-1])
        rows = []
        for source, people in self._by_source().items():
            for number, person in enumerate(people[:PEOPLE_PER_SOURCE]):
                title = f"Source: {source}" if source and not number else ""
                rows.append(Row("", (self._input(person), *self._line(person, shown)), title))
        columns = ("Input", *self.expressions)
        return self._write("figure-4", [Group(style_of(shown).label, columns)], rows, (shown,))

    def figure_4_methods(self) -> Drawn:
        """One person: every expression by every method, and the truth."""
        source, people = max(self._by_source().items(), key=lambda item: len(item[1][0]))
        person = people[min(len(people) - 1, PEOPLE_PER_SOURCE)]
        rows = [Row("Truth", (self._input(person), *self._line(person, "truth")))]
        rows += [
            Row(style_of(name).label, (Cell(None), *self._line(person, name)))
            for name in self.methods
        ]
        groups = [Group(f"One test person {source}", ("Input", *self.expressions))]
        return self._write("figure-4-methods", groups, rows, self.methods)

    def _across(self, entries: Sequence[Entry], methods: Sequence[str]) -> Iterable[Cell]:
        """Input, what each method made, and the truth, of each entry."""
        for entry in entries:
            for key in ("input", *methods, "truth"):
                yield self._cell(entry, key)

    def _line(self, person: Person, key: str) -> tuple[Cell, ...]:
        """One picture of each expression."""
        return tuple(self._cell(person.get(name, {}), key) for name in self.expressions)

    def _input(self, person: Person) -> Cell:
        return self._cell(next(iter(person.values())), "input")

    def _cell(self, entry: Entry, key: str) -> Cell:
        """`input`, `truth`, or what a method made."""
        if not entry.get(key):
            return Cell(None, why_empty="no pair" if key == "truth" else "none")
        path = str(entry[key])
        if path not in self._pixels:
            try:
                self._pixels[path] = read_photo(self._contents.file(path)).pixels
            except (Missing, ImageError):
                return Cell(None, why_empty="file missing")
        return Cell(self._pixels[path], synthetic=key not in ("input", "truth"))

    def _spread(self, rows: Sequence[Entry]) -> Person:
        """One row for each expression, of people who are not shown yet where there are such."""
        chosen: dict[str, Entry] = {}
        seen: list[str] = []
        for name in self.expressions:
            of_name = [row for row in rows if _expression(row) == name]
            if of_name:
                # Complete rows first, then new people; min keeps the order of the file.
                row = min(
                    of_name,
                    key=lambda one: (not one.get("truth"), seen.count(str(one.get("subject")))),
                )
                seen.append(str(row.get("subject")))
                chosen[name] = row
        return chosen

    def _by_source(self) -> dict[str, list[Person]]:
        """The people of each source of the data, those with most expressions first."""
        found: dict[str, dict[str, dict[str, Entry]]] = defaultdict(lambda: defaultdict(dict))
        for row in self._there:
            person = found[str(row.get("data_source") or "")][str(row.get("subject"))]
            person.setdefault(_expression(row), row)
        return {
            source: sorted(people.values(), key=len, reverse=True)
            for source, people in found.items()
        }

    def _write(
        self, name: str, groups: Sequence[Group], rows: Sequence[Row], methods: tuple[str, ...]
    ) -> Drawn:
        sides = [
            cell.pixels.shape[0] for row in rows for cell in row.cells if cell.pixels is not None
        ]
        if not sides:
            raise Missing("the pictures that results/grid.json names are not in the output folder")
        tile_px = min(max(*sides, TILE_PX[0]), TILE_PX[1])
        pixels = picture_sheet(groups, rows, tile_px=tile_px, footer=NOTICE)
        inputs = "".join(sha256_bytes(one.tobytes()) for one in self._pixels.values())
        mark = Mark(
            source=f"{len(self._pixels)} pictures of {self._contents.out.name}",
            source_sha256=sha256_bytes(inputs.encode()),
            model_sha256=", ".join(f"{method}: {self._model(method)}" for method in methods),
            settings={"figure": name, "methods": ", ".join(methods)},
            credit=" ".join(self._contents.credits),
        )
        path = self._contents.figure(name)
        like = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
        write_marked(path, pixels, like, mark)
        return Drawn(path, ", ".join(row.label for row in rows if row.label), methods)

    def _model(self, method: str) -> str:
        """Hash of what made a method's pictures."""
        made = self._contents.parts.get(f"generate-{method}", self._part)
        return ", ".join(map(str, made.model_sha256.values())) or "unknown"


def picture_sheet(
    groups: Sequence[Group], rows: Sequence[Row], *, tile_px: int, footer: str
) -> Pixels:
    """Lay out the rows, each cell fitted into a square of `tile_px`.

    Raises:
        ValueError: no rows, or one with another number of cells than there are columns.
    """
    heads = [name for group in groups for name in group.columns]
    if not rows or any(len(row.cells) != len(heads) for row in rows):
        raise ValueError(f"expected rows of {len(heads)} cells, got {len(rows)} rows")
    scale = max(1.0, len(heads) * tile_px / _SHOWN_PX)
    size = round(16 * scale)
    line, label_px, title_px = round(1.2 * size), round(5.6 * size), round(1.5 * size) + _GAP
    lefts: list[int] = []
    left = label_px
    for group in groups:
        lefts += [left + place * (tile_px + _GAP) for place in range(len(group.columns))]
        left = lefts[-1] + tile_px + _GAP + round(26 * scale)
    wrapped = [_wrapped(name, size, tile_px) for name in heads]
    top = _GAP + line * max(map(len, wrapped)) + 2 * _GAP
    top += title_px * any(group.title for group in groups)
    height = top + line + 2 * _GAP
    height += sum(tile_px + _GAP + title_px * bool(row.title) for row in rows)
    sheet = Image.new("RGB", (lefts[-1] + tile_px + _GAP, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)

    first = 0
    for group in groups:
        width = lefts[first + len(group.columns) - 1] + tile_px - lefts[first]
        _write(draw, (lefts[first], _GAP), [group.title], round(1.2 * size), width)
        first += len(group.columns)
    for left, lines in zip(lefts, wrapped, strict=True):
        _write(draw, (left, top - _GAP - line * len(lines)), lines, size, tile_px)
    for row in rows:
        if row.title:
            width = sheet.width - label_px
            _write(draw, (label_px, top), [row.title], round(1.1 * size), width)
            top += title_px
        lines = _wrapped(row.label, size, label_px - 2 * _GAP)
        middle = top + (tile_px - line * len(lines)) // 2
        _write(draw, (_GAP, middle), lines, size, label_px - 2 * _GAP)
        for left, cell in zip(lefts, row.cells, strict=True):
            _place(sheet, (left, top), cell, tile_px, scale)
        top += tile_px + _GAP
    _write(draw, (_GAP, top + _GAP), [footer], size, sheet.width - 2 * _GAP, QUIET_INK)
    return np.asarray(sheet, dtype=np.uint8)


def _expression(row: Entry) -> str:
    """The expression of a row: the asked one, or of a row back to neutral that of its input."""
    asked = str(row.get("expression"))
    return str(row.get("source")) if asked == NEUTRAL else asked


def _place(
    sheet: Image.Image, place: tuple[int, int], cell: Cell, tile_px: int, scale: float
) -> None:
    """A picture in the middle of its square, or the reason why there is none."""
    left, top = place
    draw = ImageDraw.Draw(sheet)
    if cell.pixels is not None:
        picture = fitted(cell.pixels, tile_px)
        x, y = left + (tile_px - picture.width) // 2, top + (tile_px - picture.height) // 2
        sheet.paste(picture, (x, y))
        if cell.synthetic:
            _mark(draw, (x + picture.width, y + picture.height), round(11 * min(scale, 1.3)))
    elif cell.why_empty:
        draw.rectangle((left, top, left + tile_px - 1, top + tile_px - 1), fill=_EMPTY)
        size = round(16 * scale)
        middle = (left + 8, top + (tile_px - round(1.2 * size)) // 2)
        _write(draw, middle, [cell.why_empty], size, tile_px - 16, QUIET_INK)


def _mark(draw: ImageDraw.ImageDraw, corner: tuple[int, int], size_px: int) -> None:
    """The word in the lower right corner, on the picture itself, so that a crop keeps it."""
    font = ImageFont.load_default(size_px)
    x, y = corner
    width = round(draw.textlength(SYNTHETIC, font=font)) + 6
    top = y - size_px - 3
    draw.rectangle((x - width, top, x - 1, y - 1), fill=INK)
    draw.text((x - width + 3, top), SYNTHETIC, fill=(255, 255, 255), font=font)


def _wrapped(label: str, size_px: int, width: int) -> list[str]:
    """A label in as many lines as it takes."""
    font = ImageFont.load_default(size_px)
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _write(  # noqa: PLR0917
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    lines: Sequence[str],
    size_px: int,
    width: int,
    ink: tuple[int, int, int] = INK,
) -> None:
    """Lines of text, one below the other."""
    left, top = place
    for number, line in enumerate(lines):
        below = (left, top + number * round(1.2 * size_px))
        write_line(draw, below, line, size_px=size_px, ink=ink, width=width)
