"""What `prepare` makes of a tree whose truth is known: right, warned of, or wrong in silence."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.layouts import (
    ListedSource,
    ListOptions,
    SubjectRule,
    list_source,
    part_of,
    read_label_map,
)
from ecgan.data.prepare import prepare
from ecgan.errors import EcganError
from support.folder_trees import FolderTree

ABOUT_PEOPLE = ("--subject-pattern", "--subjects")
ABOUT_LABELS = ("--labels", "<expression>/<file>", "class folders")
ABOUT_SPLITS = ("--use-parts", "--split")


@dataclass(frozen=True)
class Verdict:
    """What came of a tree."""

    outcome: str
    """right, warned, refused or silent."""
    wrong: tuple[str, ...]
    said: tuple[str, ...]
    """Warnings, or the error."""


def check(tree: FolderTree, folder: Path) -> Verdict:
    """Write the tree below a folder, list it and compare with the truth."""
    root = _write(tree, folder)
    options = {}
    if tree.labels is not None:
        name = tree.labels if "\n" not in tree.labels else str(folder / "map.yaml")
        (folder / "map.yaml").write_text(tree.labels, encoding="utf-8")
        options["labels"] = name
    table = None
    if tree.subjects is not None:
        table = folder / "people.csv"
        text = tree.subjects.replace("{root}", str(root.resolve()))
        table.write_text(text, encoding="utf-8", newline="")
    try:
        asked = ListOptions(
            SubjectRule(tree.pattern, table) if tree.pattern or table else None,
            labels=read_label_map(options["labels"]) if options else None,
        )
        source = list_source(root, options=asked)
        report = prepare(
            [root],
            None,
            dry_run=True,
            subject_pattern=tree.pattern,
            subjects_csv=table,
            labels=read_label_map(options["labels"]) if options else None,
            use_parts=tree.use_parts,
        )
    except EcganError as error:
        return Verdict("refused", (), (str(error).replace(str(folder), "FOLDER"),))
    wrong = list(_wrong(tree, source))
    if tree.use_parts:
        wrong += _wrong_splits(tree, source, report.images_by_split)
    for about in {about for about, _ in wrong}:
        if not any(word in text for text in report.warnings for word in about):
            return Verdict("silent", tuple(what for _, what in wrong), report.warnings)
    unknown = any(truth.person is None and truth.expression for truth in tree.images.values())
    if unknown and source.layout.name == "folders" and not _warns(report.warnings, ABOUT_PEOPLE):
        return Verdict("silent", ("nobody knows who is on it, and nobody says so",), ())
    return Verdict(
        "warned" if wrong else "right", tuple(what for _, what in wrong), report.warnings
    )


def _warns(warnings: tuple[str, ...], about: tuple[str, ...]) -> bool:
    return any(word in text for text in warnings for word in about)


def _wrong(  # noqa: PLR0912  one branch a way of being wrong
    tree: FolderTree, source: ListedSource
) -> Iterator[tuple[tuple[str, ...], str]]:
    found = {image.place.member or image.name: image for image in source.listing.images}
    if source.layout.name == "fer2013":
        found = {image.name: image for image in source.listing.images}
    rejected = {r.file.removeprefix(f"{source.name}/") for r in source.listing.rejected}
    people: dict[str, set[str]] = defaultdict(set)
    subjects: dict[str, set[str]] = defaultdict(set)
    for name, truth in tree.images.items():
        image = found.get(name)
        if truth.expression is None:
            if image is not None:
                yield ABOUT_LABELS, f"{name} was taken as {image.expression}"
        elif image is None:
            if name not in rejected:
                yield ABOUT_LABELS, f"{name} is lost"
        elif truth.expression not in {image.expression, "other"}:
            yield ABOUT_LABELS, f"{name} is {image.expression}, not {truth.expression}"
        elif truth.expression == "other" and image.expression in {"happy", "neutral"}:
            yield (), f"{name} is {image.expression}"
        elif truth.part is not None and image.partition != truth.part:
            yield ABOUT_SPLITS, f"{name}: part {image.partition}, not {truth.part}"
        if image is not None:
            subjects[image.subject].add(truth.person or name)
            people[truth.person or name].add(image.subject)
    for person, names in people.items():
        if len(names) > 1:
            yield ABOUT_PEOPLE, f"{person} is {len(names)} people"
    for subject, persons in subjects.items():
        if len(persons) > 1:
            yield ABOUT_PEOPLE, f"{subject} is {len(persons)} people in one"


def _wrong_splits(
    tree: FolderTree, source: ListedSource, images: dict[str, int]
) -> Iterator[tuple[tuple[str, ...], str]]:
    expected: dict[str, int] = defaultdict(int)
    for truth in tree.images.values():
        expected[part_of(truth.part or "") or ""] += 1
    if expected.get("val"):
        same = all(images[split] == expected[split] for split in images)
    else:  # val comes out of train
        same = images["test"] == expected["test"]
    if not same or source.listing.rejected:
        yield ABOUT_SPLITS, f"splits {images}, expected {dict(expected)}"


def _write(tree: FolderTree, folder: Path) -> Path:
    files = {name: name.encode() for name in tree.images if ".csv/" not in name} | tree.others
    if tree.as_zip:
        path = folder / "set.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path
    root = folder / "set"
    for parent in {(root / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (root / name).write_bytes(data)
    return root
