"""AffectNet: `Manually_Annotated_file_lists/{training,validation}.csv` and the images they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
    labelled,
)
from ecgan.data.layouts.tables import Row, header, rows
from ecgan.data.layouts.tree import Tree

_COLUMNS = (
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
_EXPRESSIONS = {str(code): name for code, name in ORDERS["affectnet"].items()}
_UNLABELLED = {"8": "none of the expressions", "9": "uncertain", "10": "no face"}
_LISTS = ("training.csv", "validation.csv")
_NAMING = (
    "Manually_Annotated_file_lists/training.csv and validation.csv with the columns "
    "subDirectory_filePath and expression (0 to 10), and the images that they name"
)


def _tables(tree: Tree) -> list[str]:
    """The lists; in some releases the second has no header."""
    named = [name for name in tree.names if PurePosixPath(name).name.lower() in _LISTS]
    return [
        name
        for name in named
        if "manually_annotated_file_lists/" in name.lower() or _COLUMNS[0] in header(tree, name)
    ]


def _recognise(tree: Tree) -> str | None:
    tables = _tables(tree)
    return f"it has the list {tables[0]}" if tables else None


def _read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    by_end, used = DiskDict(), DiskDict()
    by_end.update((_end(name), name) for name in tree.image_names)
    for table in _tables(tree):
        partition = PurePosixPath(table).stem.lower()
        for row in rows(tree, table, _COLUMNS):
            named = row.values.get(_COLUMNS[0], "")
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
    if code not in _EXPRESSIONS:
        return "row", f"the expression is {code!r}, expected 0 to 10"
    if file is None:
        return "missing", "the list names it, but there is no such image file"
    if file in used:
        return "row", "the lists name this image a second time"
    return None


def _image(tree: Tree, file: str, row: Row, partition: str) -> SourceImage:
    """Nobody knows who it shows, so it counts as a person of its own."""
    end = _end(file)
    label = Label(f"affectnet-{end}", _EXPRESSIONS[row.values["expression"]], alone=True)
    image = labelled(tree, file, label)
    return SourceImage(**{**vars(image), "partition": partition, "stem": _stem(end)})


def _end(name: str) -> str:
    """Folder and file, which tell the images apart wherever the set lies."""
    return "/".join(PurePosixPath(name).parts[-2:])


def _stem(end: str) -> str:
    return "-".join(PurePosixPath(end).with_suffix("").parts)


AFFECTNET = Layout(
    name="affectnet",
    naming=_NAMING,
    recognise=_recognise,
    read=_read,
)
