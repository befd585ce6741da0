"""CK+: sequences `cohn-kanade-images/S005/001/*.png` from neutral to peak, labels in `Emotion/`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ecgan.data.layouts.layout import (
    IMAGE_ENDING,
    Entry,
    Label,
    Layout,
    ListOptions,
    Rejection,
    SourceImage,
    UnfitError,
    about,
    counted,
    is_image_name,
    labelled,
)
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.layouts.tree import Tree
from ecgan.expressions import NEUTRAL

_EXPRESSIONS = (
    "neutral",
    "angry",
    "contempt",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
)
"""By code."""
_FRAME = re.compile(
    r"(?:^|/)(?P<subject>S\d{3})/(?P<sequence>\d{3})/(?P=subject)_(?P=sequence)_(?P<frame>\d{8})"
    + IMAGE_ENDING
    + "$",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:^|/)(?P<subject>S\d{3})/(?P<sequence>\d{3})/(?P=subject)_(?P=sequence)_\d{8}_emotion\.txt$",
    re.ASCII | re.IGNORECASE,
)
_NAMING = about("ckplus")["naming"]


class _Sequence(NamedTuple):
    subject: str
    number: str


def _recognise(tree: Tree) -> str | None:
    fitting, files = counted(tree.image_names, _FRAME.search)
    if 2 * fitting <= files:
        return None
    return f"{fitting} of {files} images are frames named like S005/001/S005_001_00000011.png"


def _read(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """The first frame of each labelled sequence as neutral, the last ones as its expression.

    The peak, which is the last frame, has intensity 1; of the ones before it nobody said. What
    lies between is left out.
    """
    frames: dict[_Sequence, list[str]] = defaultdict(list)
    labels: dict[_Sequence, str] = {}
    for name in tree.names:
        if match := _FRAME.search(name):
            frames[_Sequence(match["subject"].upper(), match["sequence"])].append(name)
        elif match := _LABEL.search(name):
            labels[_Sequence(match["subject"].upper(), match["sequence"])] = name
        elif is_image_name(name):
            message = f"the name does not fit; expected {_NAMING}"
            yield Rejection(tree.shown(name), "naming", message)
    for sequence, names in frames.items():
        try:
            expression = _expression(tree, labels.get(sequence))
            yield from _images(tree, sequence, sorted(names), expression, options.peak_frames)
        except UnfitError as error:
            folder = names[0].rsplit("/", 1)[0]
            yield Rejection(tree.shown(folder), "no-label", str(error))
    for sequence in sorted(set(labels) - set(frames)):
        message = "a label without its sequence of images"
        yield Rejection(tree.shown(labels[sequence]), "missing", message)


def _images(
    tree: Tree, sequence: _Sequence, names: Sequence[str], expression: str, peak_frames: int
) -> list[SourceImage]:
    if len(names) < 2:
        raise UnfitError("the sequence has one frame, expected a neutral one and a peak")
    images = []
    last = [] if expression == NEUTRAL else names[1:][-peak_frames:]
    for name in (names[0], *last):
        is_neutral = name == names[0]
        intensity = 0.0 if is_neutral else 1.0 if name == names[-1] else None
        label = Label(
            subject=f"ckplus-{sequence.subject}",
            expression=NEUTRAL if is_neutral else expression,
            intensity=intensity,
            session=sequence.number,
        )
        images.append(labelled(tree, name, label))
    return images


def _expression(tree: Tree, name: str | None) -> str:
    """Of a label file, which holds the code as a float."""
    if name is None:
        raise UnfitError("the sequence has no file in Emotion/, so its expression is not known")
    tree.use(name)
    text = " ".join(line for _, line in tree.lines(name, MAX_ROW_BYTES)).strip()
    codes = {float(code): expression for code, expression in enumerate(_EXPRESSIONS)}
    try:
        return codes[float(text)]
    except (ValueError, KeyError):
        raise UnfitError(f"{name} holds {text[:40]!r}, expected a number from 0 to 7") from None


CKPLUS = Layout(
    name="ckplus",
    recognise=_recognise,
    read=_read,
)
