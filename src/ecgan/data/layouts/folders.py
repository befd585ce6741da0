"""Class folders at any depth, `.../<expression>/.../<file>`, with optional `labels.jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ecgan.data.layouts.classes import SOURCE, Classes, Found
from ecgan.data.layouts.labels_file import LABELS_NAME, LabelLine, LabelsFiles, has_labels
from ecgan.data.layouts.layout import (
    Entry,
    Layout,
    ListOptions,
    Rejection,
    Remark,
    SourceImage,
    about,
    counted,
)
from ecgan.data.layouts.people import PeopleRule, find_rule
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import are_masks, part_of, read_expression
from ecgan.errors import DataError

_NOWHERE = Found(None, 0, "")
"""Of an image whose expression stands in a labels file."""
_NAMING = about("folders")["naming"]


def has_class_folders(tree: Tree) -> str | None:
    """Why a tree holds class folders; None where most images lie in none of the usual names."""
    if has_labels(tree):
        return f"it has a {LABELS_NAME}"
    inside, files = counted(
        tree.image_names,
        lambda name: any(read_expression(folder) for folder in PurePosixPath(name).parts[:-1]),
    )
    if 2 * inside <= files:
        return None
    return f"{inside} of {files} images lie in folders named after expressions"


def read(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """List all images by `Classes`; folders called train, val or test are `partition`.

    Each line of a `labels.jsonl` holds `file` (path below its folder) and any of `subject`,
    `expression`, `recipe` (which of several ways of showing it), `intensity`, `landmarks` (68 x, y
    in source pixels), `pair` and `mask` (path of an image that is no photo, so it is not listed).
    It goes before folders, file names and the rules of `subjects`. All files of one person in it
    match pixel for pixel (`pair`: null on a line says that this one does not). In a zip, all may
    lie in one folder of any name. Where nothing tells who is on an image (see `find_rule`), it
    counts as a person of its own.

    Raises:
        UsageError: folders that cannot be expressions (see `Classes`).
        DataError: no images, or a damaged labels file.
    """
    base = _base(tree)
    labels = LabelsFiles(tree, base)

    def names() -> Iterator[str]:
        return (name.removeprefix(base) for name in tree.image_names)

    unlabelled = (n for n in names() if n not in labels.masks and not labels.says_expression(n))
    classes = Classes(unlabelled, options.labels, tree.source)
    people = _People(tree.source, options, classes, labels, names())
    reader = _Reader(tree, base, labels, classes, people)
    seen = False
    for member in tree.image_names:
        name = member.removeprefix(base)
        if name in labels.masks:
            tree.use(member)
            continue
        seen = True
        yield reader.entry(member)
        labels.done(name)
    for name in labels.left():
        message = f"{LABELS_NAME} names it, but there is no such image file"
        yield Rejection(tree.shown(name), "missing", message)
    if not seen:
        raise DataError(f"no images in {tree.root}; expected {_NAMING} in it")
    for kind, text in (*classes.remarks(), *people.remarks()):
        yield Remark(kind, f"{tree.source}: {text}")


@dataclass(frozen=True)
class _Reader:
    """Makes the entry of each image."""

    tree: Tree
    base: str
    labels: LabelsFiles
    classes: Classes
    people: _People

    def entry(self, member: str) -> Entry:
        tree, name = self.tree, member.removeprefix(self.base)
        line, found = self.labels.of(name), self.classes.of(name)
        folders = PurePosixPath(name).parts[:-1]
        expression = found.expression if found else None
        if line.expression is not None:
            expression = self.classes.label(line.expression)
        elif found is None:
            message = f"lies in no class folder; expected {_NAMING}"
            return Rejection(tree.shown(member), "no-label", message)
        elif any(are_masks(folder) for folder in folders):
            return Rejection(tree.shown(member), "mask", "lies in a folder of masks, not of photos")
        if expression is None:
            tree.use(member)
            return Remark("left-out", f"label {line.expression or (found.name if found else '')}")
        subject, alone = self.people.person(name, found, line)
        if subject is None:
            message = "neither the subjects csv nor the subject pattern fits this file"
            return Rejection(tree.shown(member), "no-subject", message)
        pair = f"{tree.source}:{subject}" if line.paired and line.subject else None
        return SourceImage(
            place=tree.place(member),
            name=name,
            source=tree.source,
            subject=subject,
            expression=expression,
            intensity=line.intensity,
            landmarks=line.landmarks,
            pair=f"{tree.source}:{line.pair}" if line.pair else pair,
            partition=next((folder for folder in folders if part_of(folder)), None),
            recipe=line.recipe,
            stem=_stem(name, found),
            alone=alone,
        )


def _stem(name: str, found: Found | None) -> str | None:
    """Of a nested class folder: all of the path but that folder."""
    if found is None or found.place == 0:
        return None
    parts = list(PurePosixPath(name).with_suffix("").parts)
    if found.place not in {None, SOURCE}:
        del parts[found.place]
    return "-".join(parts)


class _People:
    """Who is on each image: from the labels file, the user's rule, or `find_rule`."""

    def __init__(
        self,
        source: str,
        options: ListOptions,
        classes: Classes,
        labels: LabelsFiles,
        names: Iterator[str],
    ) -> None:
        self._source = source
        self._given, self._group_later = options.subjects, options.group_later
        self._rule: PeopleRule | None = None
        self._counts: Counter[str] = Counter()
        if self._given is None:
            untold = (n for n in names if n not in labels.masks and not labels.says_subject(n))
            found = ((n, classes.of(n)) for n in untold)
            self._rule = find_rule(
                (n, one or _NOWHERE) for n, one in found if one or labels.says_expression(n)
            )

    def person(self, name: str, found: Found | None, line: LabelLine) -> tuple[str | None, bool]:
        """The person, None where the user's rule does not fit, and whether nothing told."""
        if line.subject:
            return line.subject, False
        if self._given is not None:
            return self._given.subject(name, self._source), False
        assert self._rule is not None
        told = self._rule.person(name, found or _NOWHERE)
        alone = told is None or not self._rule.repeats
        self._counts["alone" if alone else "told"] += 1
        path = PurePosixPath(name).with_suffix("").parts
        return told or "-".join((self._source, *path)), alone

    def remarks(self) -> Iterator[tuple[Literal["note", "warning"], str]]:
        alone, told = self._counts["alone"], self._counts["told"]
        doubt = self._rule.doubt if self._rule is not None else ""
        if told and self._rule is not None:
            yield "note", f"people are {self._rule.told}"
        if alone > 1 and not self._group_later:
            yield (
                "warning",
                f"nothing says who is on {alone} of {alone + told} images: {doubt}each counts "
                "as a person of its own, so the same face may be in train and test. Say who with "
                "--subject-pattern REGEX or --subjects people.csv, or sort them by face likeness "
                "with --group-people",
            )


FOLDERS = Layout(
    name="folders",
    recognise=has_class_folders,
    read=read,
)


def _base(tree: Tree) -> str:
    """The one folder that a zip often holds everything in, as a prefix; else nothing."""
    top, slash, _ = next(iter(tree.names), "").partition("/")
    if tree.root.is_dir() or not slash or any(not n.startswith(top + "/") for n in tree.names):
        return ""
    deep = all(name.count("/") > 1 for name in tree.image_names)
    return f"{top}/" if deep and not read_expression(top) and not part_of(top) else ""
