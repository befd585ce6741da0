"""RAF-DB: `EmoLabel/list_patition_label.txt` and `Image/aligned/train_00001_aligned.jpg`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.label_map import ORDERS
from ecgan.data.layouts.layout import Entry, Label, Layout, ListOptions, Rejection, labelled
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.layouts.tree import Tree

_LISTS = ("list_patition_label.txt", "list_partition_label.txt")
"""The release misspells it."""
_LINE = re.compile(r"(?P<stem>(?P<partition>train|test)_\d+)\.jpg\s+(?P<code>[1-7])", re.ASCII)
_NAMING = (
    "EmoLabel/list_patition_label.txt with lines such as 'train_00001.jpg 5' (1 to 7), and "
    "Image/aligned/train_00001_aligned.jpg or Image/original/train_00001.jpg"
)


def _lists(tree: Tree) -> list[str]:
    return [name for name in tree.names if PurePosixPath(name).name in _LISTS]


def _recognise(tree: Tree) -> str | None:
    lists = _lists(tree)
    return f"it has the list {lists[0]}" if lists else None


def _read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    files, used = _files(tree), DiskDict()
    for table in _lists(tree)[:1]:
        tree.use(table)
        for offset, line in tree.lines(table, MAX_ROW_BYTES):
            match = _LINE.fullmatch(line.strip())
            if match is None:
                if line.strip():
                    shown = tree.shown(f"{table}, byte {offset}: {line.strip()[:80]}")
                    yield Rejection(shown, "row", f"expected {_NAMING}")
                continue
            stem = match["stem"]
            if stem in used:
                yield Rejection(tree.shown(stem), "row", "the list names it twice")
            elif stem not in files:
                message = f"the list names it, but there is no such image; expected {_NAMING}"
                yield Rejection(tree.shown(f"{stem}.jpg"), "missing", message)
            else:
                label = Label(f"rafdb-{stem}", ORDERS["rafdb"][int(match["code"])], alone=True)
                image = labelled(tree, files[stem], label)
                yield replace(image, partition=match["partition"], stem=stem)
            used[stem] = ""
    for stem, file in files.items():
        if stem not in used:
            message = f"the list does not name this image; expected {_NAMING}"
            yield Rejection(tree.shown(file), "no-label", message)


def _files(tree: Tree) -> Mapping[str, str]:
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
    naming=_NAMING,
    recognise=_recognise,
    read=_read,
)
