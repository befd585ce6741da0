"""What `--layout auto` makes of each tree: counts, people, splits, wrong names reported.

python tests/support/layout_table.py
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ecgan.data.layouts import ListedSource, list_source
from ecgan.data.splits import split_of
from support.layout_trees import TREES, WRONG_NAMES, LayoutTree, write_tree

COLUMNS = ("layout", "auto", "images", "people", "labels", "variants", "train/val/test", "wrong")


def main() -> int:
    rows = [COLUMNS]
    with tempfile.TemporaryDirectory() as folder:
        for name, make in TREES.items():
            tree = make()
            source = list_source(write_tree(Path(folder, name), tree))
            rows.append(_row(name, source, _reported(Path(folder, f"{name}-wrong"), name, tree)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0 if all(row[0] == row[1] for row in rows[1:]) else 1


def _row(name: str, source: ListedSource, wrong: str) -> tuple[str, ...]:
    images = source.listing.images
    people = {image.subject for image in images}
    splits = Counter(split_of(person) for person in people)
    return (
        name,
        source.layout.name,
        f"{len(images)} + {len(source.listing.rejected)} rejected",
        str(len(people)),
        str(len({image.expression for image in images})),
        str(len({image.variant for image in images})),
        "/".join(str(splits[split]) for split in ("train", "val", "test")),
        wrong,
    )


def _reported(root: Path, name: str, tree: LayoutTree) -> str:
    """How many of ten wrongly named files are reported, where names say the label."""
    wrong = WRONG_NAMES.get(name)
    if wrong is None:
        return "-"
    some = dict(list(tree.files.items())[:60])
    files = {**some, **{f"stray/{file}": b"x" for file in wrong}}
    listing = list_source(write_tree(root, LayoutTree(files, {}, {})), name).listing
    files_named = {rejection.file for rejection in listing.rejected}
    return f"{sum(f'{root.name}/stray/{file}' in files_named for file in wrong)} of {len(wrong)}"


if __name__ == "__main__":
    sys.exit(main())
