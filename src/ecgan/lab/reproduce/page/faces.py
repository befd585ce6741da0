"""Figures 3 and 4 of the paper: what the methods made of people whom no method has seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ecgan.errors import ImageError
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.reproduce.page.contents import Contents, Missing, Part, objects
from ecgan.lab.reproduce.page.labels import METHODS, style_of
from ecgan.lab.reproduce.page.sheet import Cell, Group, Pixels, Row, picture_sheet

TILE_PX = (112, 160)
"""Smaller images are shown larger than they are, larger ones smaller."""
PEOPLE_PER_SOURCE = 2
_FIGURE_3 = ("pix2pix", "cyclegan", "paper", "default")
"""The methods of the paper's Figure 3; Figure 4 of this page shows all."""
_SHOWN = ("default", "paper")

Entry = Mapping[str, Any]


def _shown_expression(row: Entry) -> str:
    """The expression of a row: the asked one, or of a row back to neutral that of its input."""
    asked = str(row.get("expression"))
    return str(row.get("source")) if asked == NEUTRAL else asked


@dataclass(frozen=True)
class Drawn:
    """A figure on disk, and what it shows."""

    path: Path
    rows: str
    methods: tuple[str, ...]


class FacePictures:
    """Draws the figures of `grid.json`."""

    def __init__(self, contents: Contents, figures: Path) -> None:
        """Raises Missing where there is no such part, or it names no pictures."""
        self._contents = contents
        self._figures = figures
        self._part: Part = contents.part("grid")
        self._there = objects(self._part.values.get("rows"))
        self._back = objects(self._part.values.get("neutral_rows"))
        if not self._there:
            raise Missing("results/grid.json names no translations")
        self._pixels: dict[str, Pixels] = {}
        self._used: list[str] = []

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Methods with a picture, in the order of the paper's figure, others last."""
        known = self._contents.methods
        made = {key for row in (*self._there, *self._back) for key, path in row.items() if path}
        order = [name for name in METHODS if name in known]
        order += [name for name in known if name not in order]
        return tuple(name for name in order if name in made)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """The expressions of the rows in the order of the plan, others last."""
        planned = self._contents.data.get("expressions")
        order = [str(name) for name in planned] if isinstance(planned, list) else []
        there = list(dict.fromkeys(map(_shown_expression, self._there)))
        known = [name for name in order if name in there]
        return (*known, *(name for name in there if name not in known))

    def figure_3(self) -> Drawn:
        """Each expression once, of as many people as there are: there on the left, back on the
        right."""
        paper = tuple(name for name in self.methods if name in _FIGURE_3)
        methods = paper if len(paper) > 1 else self.methods
        columns = ("Input", *(style_of(name).label for name in methods), "Truth")
        there, back = self._spread(self._there), self._spread(self._back)
        rows = [
            Row(
                name,
                (*self._cells(there.get(name), methods), *self._cells(back.get(name), methods)),
            )
            for name in self.expressions
        ]
        groups = [
            Group("Expression generation: neutral to ...", columns),
            Group("Neutralisation: ... to neutral", columns),
        ]
        return self._write("figure-3", groups, rows, methods)

    def figure_4(self) -> Drawn:
        """The neutral input and every expression by ECGAN, a block for each source of the data."""
        shown = next((name for name in _SHOWN if name in self.methods), self.methods[-1])
        columns = ("Input", *self.expressions)
        rows = []
        for source, people in self._by_person(self._there).items():
            first = True
            for person in self._most_complete(people)[:PEOPLE_PER_SOURCE]:
                cells = self._line(people[person], shown, synthetic=True)
                rows.append(Row("", cells, title=f"Source: {source}" if first and source else ""))
                first = False
        return self._write("figure-4", [Group(style_of(shown).label, columns)], rows, (shown,))

    def figure_4_methods(self) -> Drawn:
        """One person: every expression by every method, and the truth."""
        source, people = max(
            self._by_person(self._there).items(),
            key=lambda item: max(len(found) for found in item[1].values()),
        )
        order = self._most_complete(people)
        found = people[order[min(len(order) - 1, PEOPLE_PER_SOURCE)]]
        columns = ("Input", *self.expressions)
        rows = [Row("Truth", self._line(found, "truth", synthetic=False))]
        for name in self.methods:
            line = self._line(found, name, synthetic=True)
            rows.append(Row(style_of(name).label, (Cell(None), *line[1:])))
        return self._write(
            "figure-4-methods", [Group(f"One test person {source}", columns)], rows, self.methods
        )

    def _model(self, method: str) -> str:
        """Hash of what made a method's pictures."""
        made = self._contents.parts.get(f"generate-{method}", self._part)
        return ", ".join(map(str, made.model_sha256.values())) or "unknown"

    def _cells(self, row: Entry | None, methods: Sequence[str]) -> tuple[Cell, ...]:
        """Input, what each method made, and the truth."""
        entry: Entry = row or {}
        return (
            self._cell(entry.get("input")),
            *(self._cell(entry.get(name), synthetic=True) for name in methods),
            self._cell(entry.get("truth"), why="no pair"),
        )

    def _line(self, found: Mapping[str, Entry], key: str, *, synthetic: bool) -> tuple[Cell, ...]:
        """The input and one picture of each expression."""
        why = "no pair" if key == "truth" else "none"
        made = (
            self._cell(found.get(name, {}).get(key), synthetic=synthetic, why=why)
            for name in self.expressions
        )
        return (self._cell(next(iter(found.values())).get("input")), *made)

    def _cell(self, name: Any, *, synthetic: bool = False, why: str = "none") -> Cell:
        if not name:
            return Cell(None, why_empty=why)
        key = str(name)
        if key not in self._pixels:
            try:
                self._pixels[key] = read_photo(self._contents.file(key)).pixels
            except (Missing, ImageError):
                return Cell(None, why_empty="file missing")
            self._used.append(key)
        return Cell(self._pixels[key], synthetic)

    def _spread(self, rows: Sequence[Entry]) -> dict[str, Entry]:
        """One row for each expression, of people who are not shown yet where there are such."""
        chosen: dict[str, Entry] = {}
        seen: list[str] = []
        for name in self.expressions:
            of_name = [row for row in rows if _shown_expression(row) == name]
            if of_name:
                # Complete rows first, then new people; min keeps the order of the file.
                row = min(
                    of_name,
                    key=lambda one: (not one.get("truth"), seen.count(str(one.get("subject")))),
                )
                seen.append(str(row.get("subject")))
                chosen[name] = row
        return chosen

    def _by_person(self, rows: Sequence[Entry]) -> dict[str, dict[str, dict[str, Entry]]]:
        """Rows by source of the data, person and expression."""
        found: dict[str, dict[str, dict[str, Entry]]] = defaultdict(lambda: defaultdict(dict))
        for row in rows:
            person = found[str(row.get("data_source") or "")][str(row.get("subject"))]
            person.setdefault(_shown_expression(row), row)
        return found

    def _most_complete(self, people: Mapping[str, Mapping[str, Entry]]) -> list[str]:
        return sorted(people, key=lambda person: -len(people[person]))

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
        path = self._figures / f"{name}.png"
        models = {method: self._model(method) for method in methods}
        inputs = "".join(sha256_bytes(self._pixels[key].tobytes()) for key in self._used)
        mark = Mark(
            source=f"{len(self._used)} pictures of {self._contents.out.name}",
            source_sha256=sha256_bytes(inputs.encode()),
            model_sha256=", ".join(f"{key}: {value}" for key, value in models.items()),
            settings={"figure": name, "methods": ", ".join(methods)},
            credit=" ".join(
                str(self._contents.card[key])
                for key in ("attribution", "licence")
                if self._contents.card.get(key)
            ),
        )
        like = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
        write_marked(path, pixels, like, mark)
        return Drawn(path, ", ".join(row.label for row in rows if row.label), methods)
