"""Which pictures stand against which: what real and generated ones there are, and a choice of them
that is balanced over expressions and people, none used twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.expressions import canonical_expression, expression_of
from ecgan.image_names import IMAGE_SUFFIXES
from ecgan.lab.study.design import Kind
from ecgan.seeding import numpy_generator

Cells = dict[tuple[str, str], list["Picture"]]
"""Pictures by expression and person."""


@dataclass(frozen=True)
class Picture:
    """One picture that could be shown."""

    path: Path
    name: str
    """Relative to the folder that was given, with forward slashes."""
    person: str
    expression: str


def real_pictures(
    manifest: Manifest, split: Split | None, sources: Sequence[str] = ()
) -> tuple[Picture, ...]:
    """The pictures of one split (None: of all), of some sources or of all, in manifest order.

    Raises:
        UsageError: there is no such source.
        DataError: nothing is left.
    """
    known = sorted({record.source for record in manifest.records})
    for source in sources:
        if source not in known:
            raise UsageError(f"no source {source!r} in {manifest.root}; it has {', '.join(known)}")
    found = tuple(
        _of_record(manifest, record)
        for record in manifest.select(split=split)
        if not sources or record.source in sources
    )
    if not found:
        raise DataError(
            f"the {split} split of {manifest.root} has no such images; take --split all, or "
            "prepare more people"
        )
    return found


def generated_pictures(
    folder: Path, real: Manifest, people: Collection[str]
) -> tuple[Picture, ...]:
    """What a method made of these people of the real data, by name; either of

    - prepared data, from which what the real data have byte for byte is left out;
    - `<expression>/<person>*`, the person as the real data name them and then a separator;
    - `<person>*.<expression>.<suffix>`, as `ecgan translate DATA/images` writes.

    Pictures of other people, and of expressions that the real data do not know, are left out.

    Raises:
        DataError: there is no such folder, or no such picture in it.
    """
    if (folder / MANIFEST_NAME).exists():
        manifest = load_manifest(folder)
        original = {record.sha256 for record in real.records}
        records = [record for record in manifest.records if record.sha256 not in original]
        made = tuple(_of_record(manifest, record) for record in records)
    else:
        made = _class_folders(folder, real)
    found = tuple(picture for picture in made if picture.person in people)
    if not found:
        raise DataError(
            f"no generated pictures of these {len(people)} people in {folder}; expected prepared "
            "data, "
            "<expression>/<person>_1.png or <person>_1.<expression>.png, the people named as in "
            f"{real.root / MANIFEST_NAME}"
        )
    return found


@dataclass(frozen=True)
class Choice:
    """A real picture and, by method, a generated one of the same expression."""

    kind: Kind
    real: Picture
    generated: Mapping[str, Picture]
    """Empty for a catch trial, whose broken picture is made of the real one."""


def choose(
    real: Sequence[Picture],
    generated: Mapping[str, Sequence[Picture]],
    counts: Mapping[Kind, int],
    *,
    same_person: bool,
    seed: int,
) -> tuple[Choice, ...]:
    """Choose as many items of each kind as asked, by kind and then by expression.

    Expressions take turns, and so do the people of each. Every method must have a picture of the
    chosen person, and no picture comes twice: whoever saw a face in two pairs would know it for
    the real one.

    Args:
        real: what real pictures there are.
        generated: what each method made.
        counts: items of each kind, in the order in which they are chosen.
        same_person: against the real picture of the same person, otherwise of another.
        seed: equal arguments give equal choices.

    Raises:
        DataError: there are too few pictures; the message says how many items are possible.
    """
    pool = _Pool(real, generated, same_person, numpy_generator(seed, "choice"))
    chosen: list[Choice] = []
    for kind, number in counts.items():
        turns: Counter[str] = Counter()
        for _ in range(number):
            item = pool.draw(kind, turns)
            if item is None:
                raise DataError(_too_few(len(chosen), counts, same_person))
            chosen.append(item)
    kinds = list(counts)
    return tuple(sorted(chosen, key=lambda item: (kinds.index(item.kind), item.real.expression)))


def _too_few(possible: int, counts: Mapping[Kind, int], same_person: bool) -> str:
    wanted = " + ".join(f"{number} {kind}" for kind, number in counts.items())
    other = ", --people other" if same_person else ""
    return (
        f"the pictures make {possible} of the {sum(counts.values())} trials ({wanted}), each with "
        "a real picture that no other trial shows and one of every method; ask for fewer --pairs, "
        f"--practice or --catch, or take more people (--split all){other}"
    )


class _Pool:
    """Pictures not used yet."""

    def __init__(
        self,
        real: Sequence[Picture],
        generated: Mapping[str, Sequence[Picture]],
        same_person: bool,
        generator: np.random.Generator,
    ) -> None:
        self._same_person, self._generator = same_person, generator
        self._real = self._cells(real)
        self._fakes = {name: self._cells(made) for name, made in generated.items()}
        self._shown: Counter[str] = Counter()  # how often each person was chosen

    def draw(self, kind: Kind, turns: Counter[str]) -> Choice | None:
        """The next item, of an expression that had the fewest turns; None where none is left."""
        for expression in self._fewest({name for name, _ in self._real}, turns):
            for photographed, person in self._people(kind, expression):
                turns[expression] += 1
                real = self._take(self._real, expression, photographed)
                fakes = {} if kind == "catch" else self._fakes
                made = {name: self._take(fakes[name], expression, person) for name in fakes}
                return Choice(kind, real, made)
        return None

    def _people(self, kind: Kind, expression: str) -> Iterator[tuple[str, str]]:
        """Whom the real picture and the generated ones can show, those chosen least first."""
        known = {person for name, person in self._real if name == expression}
        if kind == "catch":
            yield from ((person, person) for person in self._fewest(known, self._shown))
            return
        made = [{p for name, p in cells if name == expression} for cells in self._fakes.values()]
        for person in self._fewest(set.intersection(*made), self._shown):
            against = {p for p in known if (p == person) == self._same_person}
            for other in self._fewest(against, self._shown):
                yield other, person

    def _fewest(self, names: Collection[str], used: Counter[str]) -> list[str]:
        """Names in random order, those used least first."""
        ordered = sorted(names)
        shuffled = [ordered[int(i)] for i in self._generator.permutation(len(ordered))]
        return sorted(shuffled, key=lambda name: used[name])

    def _take(self, cells: Cells, expression: str, person: str) -> Picture:
        cell = cells[expression, person]
        picture = cell.pop()
        if not cell:
            del cells[expression, person]
        self._shown[person] += 1
        return picture

    def _cells(self, pictures: Sequence[Picture]) -> Cells:
        """Pictures by expression and person, each cell in random order."""
        cells: Cells = defaultdict(list)
        for index in self._generator.permutation(len(pictures)):
            picture = pictures[int(index)]
            cells[picture.expression, picture.person].append(picture)
        return cells


def _of_record(manifest: Manifest, record: Record) -> Picture:
    return Picture(manifest.image_path(record), record.image, record.subject, record.expression)


def _class_folders(folder: Path, real: Manifest) -> tuple[Picture, ...]:
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; give the folder that a method's pictures are in")
    subjects: dict[str, set[str]] = defaultdict(set)
    for record in real.records:
        subjects[Path(record.image).stem].add(record.subject)
    names = sorted({record.subject for record in real.records}, key=len, reverse=True)
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
            continue
        stem, expression = _labels(name, real.vocabulary.expressions)
        person = _person(stem, subjects, names)
        if expression is not None and person is not None:
            found.append(Picture(path, name, person, expression))
    return tuple(found)


def _person(stem: str, subjects: Mapping[str, Collection[str]], names: Sequence[str]) -> str | None:
    """Whom a file shows: the one person whose prepared image has this stem, otherwise the longest
    name (`names` begin with it) that the stem is or begins with."""
    known = subjects.get(stem, ())
    if len(known) == 1:
        return next(iter(known))
    fits = (n for n in names if stem.startswith(n) and not stem[len(n) :][:1].isalnum())
    return next(fits, None)


def _labels(name: str, expressions: Sequence[str]) -> tuple[str, str | None]:
    """Stem and expression of `happy/anna_1.png` or of `neutral/anna_1.happy.png`."""
    *folders, file = name.split("/")
    stem = file.rpartition(".")[0]
    rest, dot, last = stem.rpartition(".")
    target = _expression(last.partition("-")[0]) if dot else ""
    if target in expressions:
        return rest, target
    inner = (_expression(part) for part in reversed(folders))
    return stem, next((label for label in inner if label in expressions), None)


def _expression(text: str) -> str:
    return expression_of(canonical_expression(text))
