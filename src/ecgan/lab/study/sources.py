"""Which pictures a study can show: real ones of prepared data, generated ones of folders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.expressions import canonical_expression, expression_of
from ecgan.files import sha256_file
from ecgan.image_names import IMAGE_SUFFIXES


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


def _of_record(manifest: Manifest, record: Record) -> Picture:
    return Picture(manifest.image_path(record), record.image, record.subject, record.expression)


def _class_folders(folder: Path, real: Manifest) -> tuple[Picture, ...]:
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; give the folder that a method's pictures are in")
    people = _People(real)
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
            continue
        stem, expression = _labels(name, real.vocabulary.expressions)
        person = people.of(stem)
        if expression is not None and person is not None:
            found.append(Picture(path, name, person, expression))
    return tuple(found)


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


class _People:
    """Finds whom a file shows by its stem: a prepared image's, or a person's name and more."""

    def __init__(self, real: Manifest) -> None:
        self._by_stem: dict[str, str | None] = {}
        for record in real.records:
            stem = Path(record.image).stem
            same = self._by_stem.get(stem, record.subject) == record.subject
            self._by_stem[stem] = record.subject if same else None
        names = {record.subject for record in real.records}
        self._names = sorted(names, key=lambda name: (-len(name), name))

    def of(self, stem: str) -> str | None:
        """The longest name that fits; None where none does."""
        known = self._by_stem.get(stem)
        if known is not None:
            return known
        for name in self._names:
            if stem == name or (stem.startswith(name) and not stem[len(name)].isalnum()):
                return name
        return None


def picture_sha256(picture: Picture) -> str:
    """Raises DataError where the file is missing."""
    try:
        return sha256_file(picture.path)
    except OSError as error:
        raise DataError(f"cannot read {picture.path}: {error.strerror}") from None
