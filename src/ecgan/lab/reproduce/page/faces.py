"""Figures 3 and 4 of the paper: what the methods made of people whom no method has seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecgan.errors import ImageError
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.reproduce.page.charts import in_page
from ecgan.lab.reproduce.page.contents import Contents, Missing, objects
from ecgan.lab.reproduce.page.labels import METHODS, style_of
from ecgan.lab.reproduce.page.sheet import Cell, Group, Pixels, Row, picture_sheet
from ecgan.lab.reproduce.page.tables import Context

TILE_PX = (112, 160)
"""Smaller images are shown larger than they are, larger ones smaller."""
PEOPLE_PER_SOURCE = 2
_FIGURE_3 = ("pix2pix", "cyclegan", "paper", "default")
"""The methods of the paper's Figure 3; Figure 4 of this page shows all."""

Entry = Mapping[str, Any]
"""A row of `grid.json`: paths by `input`, `truth` and method, and whose face it is."""
Person = Mapping[str, Entry]
"""Rows by expression."""


def figure_3(contents: Contents) -> Context:
    """Each expression once, of as many people as there are: there on the left, back on the
    right."""
    pictures = _Pictures(contents)
    paper = [name for name in pictures.methods if name in _FIGURE_3]
    methods = paper if len(paper) > 1 else pictures.methods
    columns = ["Input", *(style_of(name).label for name in methods), "Truth"]
    sides = [pictures.one_by_expression(rows) for rows in (pictures.there, pictures.back)]
    keys = ["input", *methods, "truth"]
    rows = [
        Row(name, [pictures.cell(side.get(name, {}), key) for side in sides for key in keys])
        for name in pictures.expressions
    ]
    groups = [
        ("Expression generation: neutral to ...", columns),
        ("Neutralisation: ... to neutral", columns),
    ]
    return pictures.write("figure-3", groups, rows, methods)


def figure_4(contents: Contents) -> Context:
    """The neutral input and every expression by ECGAN, a block for each source of the data."""
    pictures = _Pictures(contents)
    ecgan = [name for name in ("default", "paper") if name in pictures.methods]
    shown = (*ecgan, pictures.methods[-1])[0]
    rows = []
    for source, people in pictures.by_source().items():
        for number, person in enumerate(people[:PEOPLE_PER_SOURCE]):
            title = f"Source: {source}" if source and not number else ""
            rows.append(Row("", pictures.line(person, shown, pictures.input_of(person)), title))
    groups = [(style_of(shown).label, ["Input", *pictures.expressions])]
    return pictures.write("figure-4", groups, rows, [shown])


def figure_4_methods(contents: Contents) -> Context:
    """One person: every expression by every method, and the truth."""
    pictures = _Pictures(contents)
    source, people = max(pictures.by_source().items(), key=lambda item: len(item[1][0]))
    person = people[min(len(people) - 1, PEOPLE_PER_SOURCE)]
    rows = [Row("Truth", pictures.line(person, "truth", pictures.input_of(person)))]
    rows += [
        Row(style_of(name).label, pictures.line(person, name, Cell(None)))
        for name in pictures.methods
    ]
    groups = [(f"One test person {source}", ["Input", *pictures.expressions])]
    return pictures.write("figure-4-methods", groups, rows, pictures.methods)


class _Pictures:
    """The pictures that `grid.json` names."""

    def __init__(self, contents: Contents) -> None:
        """Raises Missing where there is no such part, or it names no pictures."""
        self._contents = contents
        self._part = contents.part("grid")
        self.there = objects(self._part.values.get("rows"))
        self.back = objects(self._part.values.get("neutral_rows"))
        if not self.there:
            raise Missing("results/grid.json names no translations")
        made = {key for row in (*self.there, *self.back) for key, path in row.items() if path}
        usual = [name for name in METHODS if name in contents.methods]
        names = dict.fromkeys([*usual, *contents.methods])
        self.methods = [name for name in names if name in made]
        """Those with a picture, in the order of the paper's figure, others last."""
        self.expressions = contents.in_order(list(map(_expression, self.there)))
        self._pixels: dict[str, Pixels] = {}

    def one_by_expression(self, rows: Sequence[Entry]) -> Person:
        """One row for each expression, of people who are not shown yet where there are such."""
        chosen: dict[str, Entry] = {}
        seen: list[str] = []
        for name in self.expressions:
            # Complete rows first, then new people; min keeps the order of the file.
            row = min(
                (row for row in rows if _expression(row) == name),
                key=lambda one: (not one.get("truth"), seen.count(str(one.get("subject")))),
                default=None,
            )
            if row is not None:
                seen.append(str(row.get("subject")))
                chosen[name] = row
        return chosen

    def by_source(self) -> dict[str, list[Person]]:
        """The people of each source of the data, those with most expressions first."""
        found: dict[str, dict[str, dict[str, Entry]]] = defaultdict(lambda: defaultdict(dict))
        for row in self.there:
            person = found[str(row.get("data_source") or "")][str(row.get("subject"))]
            person.setdefault(_expression(row), row)
        return {
            source: sorted(people.values(), key=len, reverse=True)
            for source, people in found.items()
        }

    def line(self, person: Person, key: str, first: Cell) -> list[Cell]:
        """`first`, then one picture of each expression."""
        return [first, *(self.cell(person.get(name, {}), key) for name in self.expressions)]

    def input_of(self, person: Person) -> Cell:
        return self.cell(next(iter(person.values())), "input")

    def cell(self, entry: Entry, key: str) -> Cell:
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

    def write(
        self, name: str, groups: Sequence[Group], rows: Sequence[Row], methods: Iterable[str]
    ) -> Context:
        """Write the figure and its sidecar; returns what its macro takes."""
        if not self._pixels:
            raise Missing("the pictures that results/grid.json names are not in the output folder")
        largest = max(len(pixels) for pixels in self._pixels.values())
        tile_px = min(max(largest, TILE_PX[0]), TILE_PX[1])
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
        return {
            "image": in_page(path.read_bytes()),
            "rows": [row.label for row in rows if row.label],
            "methods": methods,
            "credits": self._contents.credits,
            "part": self._part,
        }

    def _model(self, method: str) -> str:
        """Hash of what made a method's pictures."""
        made = self._contents.parts.get(f"generate-{method}", self._part)
        return ", ".join(map(str, made.model_sha256.values())) or "unknown"


def _expression(row: Entry) -> str:
    """The expression of a row: the asked one, or of a row back to neutral that of its input."""
    asked = str(row.get("expression"))
    return str(row.get("source")) if asked == NEUTRAL else asked
