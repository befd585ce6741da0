"""Yale: `subject01.happy`, GIFs whose names have no suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, UnfitError, named_layout
from ecgan.data.layouts.source import Entry, ListOptions, Rejection, SourceImage, is_image_name
from ecgan.data.layouts.tree import Tree
from ecgan.errors import DataError

_CONDITIONS: dict[str, tuple[str, str | None]] = {
    "normal": ("neutral", None),
    "happy": ("happy", None),
    "sad": ("sad", None),
    "sleepy": ("sleepy", None),
    "surprised": ("surprise", None),
    "wink": ("wink", None),
    "glasses": ("neutral", "glasses"),
    "noglasses": ("neutral", "no-glasses"),
    "centerlight": ("neutral", "center-light"),
    "leftlight": ("neutral", "left-light"),
    "rightlight": ("neutral", "right-light"),
}
"""Expression and variant."""


def _label(match: re.Match[str]) -> Label:
    condition = match["condition"].lower()
    if condition not in _CONDITIONS:
        known = ", ".join(_CONDITIONS)
        raise UnfitError(f"there is no condition {condition!r} among {known}")
    expression, variant = _CONDITIONS[condition]
    return Label(f"yale-{match['person']}", expression, variant=variant)


def _takes(name: str) -> bool:
    return is_image_name(name) or PurePosixPath(name).name.lower().startswith("subject")


_NAMED = named_layout(
    name="yale",
    title="Yale face database",
    citation=(
        "P. N. Belhumeur, J. P. Hespanha and D. J. Kriegman, Eigenfaces vs. Fisherfaces: "
        "Recognition Using Class Specific Linear Projection, IEEE TPAMI 19(7), 1997"
    ),
    terms="research only, not inside a larger collection that is passed on",
    naming="subject01.happy (person; condition; a suffix such as .gif may follow)",
    pattern=rf"subject(?P<person>\d\d)\.(?P<condition>[a-z]+)(?:{IMAGE_ENDING})?",
    label=_label,
    takes=_takes,
)


def _read(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """As named, but for the one mislabelled file of the release, if this copy has it."""
    sad, normal = (
        next((name for name in tree.names if f"subject04.{condition}" in name.lower()), None)
        for condition in ("sad", "normal")
    )
    copied = sad is not None and normal is not None and _same_bytes(tree, sad, normal)
    for entry in _NAMED.read(tree, options):
        if copied and isinstance(entry, SourceImage) and entry.name == sad:
            message = f"a known fault of the release: it is a copy of {normal}, so not sad"
            yield Rejection(tree.shown(entry.name), "mislabelled", message)
        else:
            yield entry


def _same_bytes(tree: Tree, first: str, second: str) -> bool:
    try:
        data = tree.bytes_of(first)
        return len(data) > 0 and data == tree.bytes_of(second)
    except DataError:  # whoever reads the photo itself will say so
        return False


YALE = replace(_NAMED, read=_read)
