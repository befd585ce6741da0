"""Data sets with a list that gives each image a code: AffectNet
(`Manually_Annotated_file_lists/{training,validation}.csv`) and RAF-DB
(`EmoLabel/list_patition_label.txt`). Nobody knows who is on their images."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.label_map import ORDERS
from ecgan.data.layouts.layout import (
    Entry,
    Label,
    Layout,
    ListOptions,
    Rejection,
    SourceImage,
    about,
    labelled,
)
from ecgan.data.layouts.tables import MAX_ROW_BYTES, Row, header, rows
from ecgan.data.layouts.tree import Tree

_AFFECTNET_COLUMNS = (
    "subdirectory_filepath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_AFFECTNET_CODES = {str(code): name for code, name in ORDERS["affectnet"].items()}
_UNLABELLED = {"8": "none of the expressions", "9": "uncertain", "10": "no face"}
_AFFECTNET_LISTS = ("training.csv", "validation.csv")
_RAFDB_LISTS = ("list_patition_label.txt", "list_partition_label.txt")
"""The release misspells it."""
_RAFDB_LINE = re.compile(
    r"(?P<stem>(?P<partition>train|test)_\d+)\.jpg\s+(?P<code>[1-7])", re.ASCII
)
_RAFDB_NAMING = about("rafdb")["naming"]


def _affectnet_lists(tree: Tree) -> list[str]:
    """The lists; in some releases the second has no header."""
    named = [name for name in tree.names if PurePosixPath(name).name.lower() in _AFFECTNET_LISTS]
    return [
        name
        for name in named
        if "manually_annotated_file_lists/" in name.lower()
        or _AFFECTNET_COLUMNS[0] in header(tree, name)
    ]


def _recognise_affectnet(tree: Tree) -> str | None:
    tables = _affectnet_lists(tree)
    return f"it has the list {tables[0]}" if tables else None


def _read_affectnet(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    by_end, used = DiskDict(), DiskDict()
    by_end.update((_end(name), name) for name in tree.image_names)
    for table in _affectnet_lists(tree):
        partition = PurePosixPath(table).stem.lower()
        for row in rows(tree, table, _AFFECTNET_COLUMNS):
            named = row.values.get(_AFFECTNET_COLUMNS[0], "")
            file = by_end.get(_end(named))
            problem = _problem(row, file, used)
            if problem is None and file is not None:
                yield _image(tree, file, row, partition)
            elif problem is not None:
                shown = tree.shown(file or f"{table}/row {row.number}: {named}")
                yield Rejection(shown, *problem)
            if file is not None:
                used[file] = ""
    for file in by_end.values():
        if file not in used:
            yield Rejection(tree.shown(file), "no-label", "no list names this image")


def _problem(row: Row, file: str | None, used: Collection[str]) -> tuple[str, str] | None:
    code = row.values.get("expression", "")
    if code in _UNLABELLED:
        return "no-label", f"labelled as {_UNLABELLED[code]}"
    if code not in _AFFECTNET_CODES:
        return "row", f"the expression is {code!r}, expected 0 to 10"
    if file is None:
        return "missing", "the list names it, but there is no such image file"
    if file in used:
        return "row", "the lists name this image a second time"
    return None


def _image(tree: Tree, file: str, row: Row, partition: str) -> SourceImage:
    """Nobody knows who it shows, so it counts as a person of its own."""
    end = _end(file)
    label = Label(
        subject=f"affectnet-{end}",
        expression=_AFFECTNET_CODES[row.values["expression"]],
        partition=partition,
        stem="-".join(PurePosixPath(end).with_suffix("").parts),
        alone=True,
    )
    return labelled(tree, file, label)


def _end(name: str) -> str:
    """Folder and file, which tell the images apart wherever the set lies."""
    return "/".join(PurePosixPath(name).parts[-2:])


AFFECTNET = Layout(
    name="affectnet",
    recognise=_recognise_affectnet,
    read=_read_affectnet,
)


def _rafdb_lists(tree: Tree) -> list[str]:
    return [name for name in tree.names if PurePosixPath(name).name in _RAFDB_LISTS]


def _recognise_rafdb(tree: Tree) -> str | None:
    lists = _rafdb_lists(tree)
    return f"it has the list {lists[0]}" if lists else None


def _read_rafdb(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    files, used = _rafdb_files(tree), DiskDict()
    for table in _rafdb_lists(tree)[:1]:
        tree.use(table)
        for offset, line in tree.lines(table, MAX_ROW_BYTES):
            match = _RAFDB_LINE.fullmatch(line.strip())
            if match is None:
                if line.strip():
                    shown = tree.shown(f"{table}, byte {offset}: {line.strip()[:80]}")
                    yield Rejection(shown, "row", f"expected {_RAFDB_NAMING}")
                continue
            stem = match["stem"]
            if stem in used:
                yield Rejection(tree.shown(stem), "row", "the list names it twice")
            elif stem not in files:
                message = f"the list names it, but there is no such image; expected {_RAFDB_NAMING}"
                yield Rejection(tree.shown(f"{stem}.jpg"), "missing", message)
            else:
                label = Label(
                    subject=f"rafdb-{stem}",
                    expression=ORDERS["rafdb"][int(match["code"])],
                    partition=match["partition"],
                    stem=stem,
                    alone=True,
                )
                yield labelled(tree, files[stem], label)
            used[stem] = ""
    for stem, file in files.items():
        if stem not in used:
            message = f"the list does not name this image; expected {_RAFDB_NAMING}"
            yield Rejection(tree.shown(file), "no-label", message)


def _rafdb_files(tree: Tree) -> Mapping[str, str]:
    """Image by the stem that the list gives it: the aligned one where both are there."""
    files = DiskDict()
    for name in tree.image_names:
        stem = PurePosixPath(name).stem
        aligned = stem.endswith("_aligned")
        stem = stem.removesuffix("_aligned")
        if aligned or stem not in files:
            files[stem] = name
    return files


RAFDB = Layout(
    name="rafdb",
    recognise=_recognise_rafdb,
    read=_read_rafdb,
)
