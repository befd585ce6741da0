"""Figures 3 and 4 of the paper: what the methods made of people whom no method has seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgan.errors import ImageError
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.reproduce.page.contents import Contents, Missing, objects
from ecgan.lab.reproduce.page.labels import METHODS, style_of
from ecgan.lab.reproduce.page.sheet import Cell, Group, Pixels, Row, picture_sheet

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


def _expression(row: Entry) -> str:
    """The expression of a row: the asked one, or of a row back to neutral that of its input."""
    asked = str(row.get("expression"))
    return str(row.get("source")) if asked == NEUTRAL else asked
