"""Class folders at any depth, `.../<expression>/.../<file>`, with optional `labels.jsonl`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ecgan.data.layouts.classes import Classes, Found
from ecgan.data.layouts.entries import Entry, Remark, SourceImage
from ecgan.data.layouts.layout import Layout, ListOptions, about, mostly
from ecgan.data.layouts.people import PeopleRule, find_rule
from ecgan.data.layouts.tables import LABELS_NAME, LabelLine, LabelsFiles, labels_files
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import are_masks, part_of, read_expression
from ecgan.errors import DataError

_NOWHERE = Found(None, 0, "")
"""Of an image whose expression stands in a labels file."""


def _recognise(tree: Tree) -> str | None:
    """None where most images lie in none of the usual names."""
    if labels_files(tree):
        return f"it has a {LABELS_NAME}"
    return mostly(
        tree.image_names,
        lambda name: any(map(read_expression, PurePosixPath(name).parts[:-1])),
        "lie in folders named after expressions",
    )


class _Reader:
    """Makes the entry of each image by `Classes` and `find_rule`.

    What a `labels.jsonl` says goes before folders, file names and the user's rules. Folders called
    train, val or test are `partition`. In a zip, all may lie in one folder of any name. Where
    nothing tells who is on an image, it counts as a person of its own.
    """

    def __init__(self, tree: Tree, options: ListOptions) -> None:
        """Reads all names; raises UsageError for folders that cannot be expressions (see
        `Classes`), DataError for a damaged labels file."""
        self._tree, self._options = tree, options
        self._base = _base(tree)
        self._labels = LabelsFiles(tree, self._base)
        unlabelled = (name for _, name, line in self._photos() if line.expression is None)
        self._classes = Classes(unlabelled, options.labels, tree.source)
        self._rule: PeopleRule | None = None
        """Where the user gives none."""
        self._alone = self._told = 0
        if options.subjects is None:
            self._rule = find_rule(self._untold())

    def entries(self) -> Iterator[Entry]:
        tree, seen = self._tree, False
        for member, name, line in self._photos():
            seen = True
            yield self._entry(member, name, line)
            self._labels.done(name)
        for name in self._labels.left():
            message = f"{LABELS_NAME} names it, but there is no such image file"
            yield tree.reject(name, "missing", message)
        if not seen:
            raise DataError(f"no images in {tree.root}; expected {FOLDERS.naming} in it")
        for remark in (*self._classes.remarks(), *self._people_remarks()):
            yield Remark(remark.kind, f"{tree.source}: {remark.text}")

    def _photos(self) -> Iterator[tuple[str, str, LabelLine]]:
        """Each photo as the tree calls it, its path below the base, its line of a labels file."""
        for member in self._tree.image_names:
            name = member.removeprefix(self._base)
            if name in self._labels.masks:
                self._tree.use(member)
            else:
                yield member, name, self._labels.of(name)

    def _untold(self) -> Iterator[tuple[str, Found]]:
        """Photos that have an expression, and no person in a labels file."""
        for _, name, line in self._photos():
            if line.subject is None and (found := self._classes.of(name)):
                yield name, found
            elif line.subject is None and line.expression is not None:
                yield name, _NOWHERE

    def _entry(self, member: str, name: str, line: LabelLine) -> Entry:
        tree, found = self._tree, self._classes.of(name)
        folders = PurePosixPath(name).parts[:-1]
        expression = found.expression if found else None
        if line.expression is not None:
            expression = self._classes.label(line.expression)
        elif found is None:
            message = f"lies in no class folder; expected {FOLDERS.naming}"
            return tree.reject(member, "no-label", message)
        elif any(are_masks(folder) for folder in folders):
            return tree.reject(member, "mask", "lies in a folder of masks, not of photos")
        if expression is None:
            tree.use(member)
            return Remark("left-out", f"label {line.expression or (found.name if found else '')}")
        subject, alone = self._person(name, found, line)
        if subject is None:
            message = "neither the subjects csv nor the subject pattern fits this file"
            return tree.reject(member, "no-subject", message)
        pair = line.pair if "pair" in line.model_fields_set else line.subject
        return SourceImage(
            place=tree.place(member),
            name=name,
            source=tree.source,
            subject=subject,
            expression=expression,
            intensity=line.intensity,
            landmarks=line.landmarks,
            pair=f"{tree.source}:{pair}" if pair else None,
            partition=next((folder for folder in folders if part_of(folder)), None),
            recipe=line.recipe,
            stem=_stem(name, found),
            alone=alone,
        )

    def _person(self, name: str, found: Found | None, line: LabelLine) -> tuple[str | None, bool]:
        """The person, None where the user's rule does not fit, and whether nothing told."""
        if line.subject:
            return line.subject, False
        source = self._tree.source
        if self._rule is None:
            assert self._options.subjects is not None
            return self._options.subjects.subject(name, source), False
        told = self._rule.person(name, found or _NOWHERE)
        alone = told is None or not self._rule.repeats
        self._alone += alone
        self._told += not alone
        return told or "-".join((source, *PurePosixPath(name).with_suffix("").parts)), alone

    def _people_remarks(self) -> Iterator[Remark]:
        if self._rule is None:
            return
        alone, told = self._alone, self._told
        if told:
            yield Remark("note", f"people are {self._rule.told}")
        if alone > 1 and not self._options.group_later:
            yield Remark(
                "warning",
                f"nothing says who is on {alone} of {alone + told} images: {self._rule.doubt}each "
                "counts as a person of its own, so the same face may be in train and test. Say who "
                "with --subject-pattern REGEX or --subjects people.csv, or sort them by face "
                "likeness with --group-people",
            )


def _stem(name: str, found: Found | None) -> str | None:
    """Of a nested class folder: all of the path but that folder."""
    if found is None or found.place == 0:
        return None
    parts = list(PurePosixPath(name).with_suffix("").parts)
    if found.place is not None:
        del parts[found.place]
    return "-".join(parts)


def _base(tree: Tree) -> str:
    """The one folder that a zip often holds everything in, as a prefix; else nothing."""
    top, slash, _ = next(iter(tree.names), "").partition("/")
    if tree.root.is_dir() or not slash or any(not n.startswith(top + "/") for n in tree.names):
        return ""
    deep = all(name.count("/") > 1 for name in tree.image_names)
    return f"{top}/" if deep and not read_expression(top) and not part_of(top) else ""


FOLDERS = Layout(
    "folders",
    _recognise,
    lambda tree, options: _Reader(tree, options).entries(),
    **about("folders"),
)
