"""Data sets whose paths say everything: AR, BU-3DFE, FERG, JAFFE, KDEF, RaFD and Yale by
`named.yaml`, and the sequences of CK+."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ecgan.data.layouts.entries import Entry, Form, SourceImage, is_image_name
from ecgan.data.layouts.layout import Layout, ListOptions, UnfitError, about, labelled, mostly
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.layouts.tree import MAX_MEMBER_BYTES, Tree
from ecgan.data.layouts.words import read_yaml
from ecgan.errors import DataError
from ecgan.expressions import EXPRESSIONS, NEUTRAL, canonical_expression

_IMAGE_ENDING = r"\.(?:jpe?g|png|bmp|tiff?|gif|webp|p[gp]m)"
"""Of a file name: copies of a set are often saved anew."""
_IGNORE_CASE = re.ASCII | re.IGNORECASE


class _Names:
    """How the files of one data set are called, see `named.yaml`."""

    def __init__(self, layout: str) -> None:
        said = read_yaml("named.yaml")[layout]
        pattern = said["pattern"].replace("IMAGE", _IMAGE_ENDING)
        self._pattern = re.compile(rf"(?:^|/){pattern}$", _IGNORE_CASE)
        self._also = re.compile(said.get("also", "(?!)"), _IGNORE_CASE)
        self._never = re.compile(said.get("never", "(?!)"), _IGNORE_CASE)
        self._upper = said["case"] == "upper"
        self._subject: str = said["subject"]
        self._codes: dict[str, dict[str, dict[str, str]]] = said.get("codes", {})
        self._naming = about(layout)["naming"]

    def recognise(self, tree: Tree) -> str | None:
        files = filter(self._takes, tree.names)
        return mostly(files, self._pattern.search, f"are named like {self._naming}")

    def read(self, tree: Tree, _options: ListOptions) -> Iterator[Entry]:
        for file in filter(self._takes, tree.names):
            form: Form = "planes" if file.lower().endswith(".raw") else "photo"
            try:
                said = self._labels(file)
            except UnfitError as error:
                yield tree.reject(file, "naming", f"{error}; expected {self._naming}")
            else:
                yield labelled(tree, file, form, **said)

    def _takes(self, file: str) -> bool:
        meant = is_image_name(file) or self._also.search(file)
        return bool(meant and not self._never.search(file))

    def _labels(self, file: str) -> dict[str, Any]:
        """What the name says, as fields of `SourceImage`."""
        match = self._pattern.search(file)
        if match is None:
            raise UnfitError("the name does not fit")
        groups = {
            group: value.upper() if self._upper else value.lower()
            for group, value in match.groupdict().items()
            if value is not None
        }
        usual = canonical_expression(groups.get("expression", ""))
        said = {**groups, "expression": usual if usual in EXPRESSIONS else ""}
        variants = []
        for group, codes in self._codes.items():
            value = groups[group]
            if value in codes:
                said |= codes[value]
                variants.append(codes[value].get("variant"))
            elif group != "expression":
                known = f" among {', '.join(codes)}" if len(codes) < 12 else ""
                raise UnfitError(f"there is no {group} {value!r}{known}")
        if not said["expression"]:
            raise UnfitError(f"there is no expression {groups['expression']!r}")
        if said.get("folder", said.get("person")) != said.get("person"):
            raise UnfitError(f"the folder is {said['folder']}, but the name says {said['person']}")
        return {
            "subject": self._subject.format_map(said),
            "expression": said["expression"],
            "intensity": float(said["intensity"]) if "intensity" in said else None,
            "session": said.get("session"),
            "variant": "+".join(filter(None, variants)) or None,
        }


def _read_yale(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """As named, but for the one mislabelled file of the release, if this copy has it."""
    normal = next((name for name in tree.names if "subject04.normal" in name.lower()), None)
    for entry in _Names("yale").read(tree, options):
        if (
            isinstance(entry, SourceImage)
            and "subject04.sad" in entry.name.lower()
            and normal is not None
            and _same_bytes(tree, entry.name, normal)
        ):
            message = f"a known fault of the release: it is a copy of {normal}, so not sad"
            yield tree.reject(entry.name, "mislabelled", message)
        else:
            yield entry


def _same_bytes(tree: Tree, *names: str) -> bool:
    try:
        found = set()
        for name in names:
            with tree.open(name) as file:
                found.add(file.read(MAX_MEMBER_BYTES))
    except DataError:  # whoever reads the photo itself will say so
        return False
    return len(found) == 1 and b"" not in found


def _by_name(name: str) -> Layout:
    names = _Names(name)
    read = _read_yale if name == "yale" else names.read
    return Layout(name, names.recognise, read, **about(name))


BY_NAME = tuple(_by_name(name) for name in read_yaml("named.yaml"))
"""The layouts of `named.yaml`, in its order."""

_CK_EXPRESSIONS = ["neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"]
"""By code."""
_CK_SEQUENCE = r"(?:^|/)(?P<person>S\d{3})/(?P<number>\d{3})/(?P=person)_(?P=number)_\d{8}"
_CK_FRAME = re.compile(rf"{_CK_SEQUENCE}{_IMAGE_ENDING}$", _IGNORE_CASE)
_CK_LABEL = re.compile(rf"{_CK_SEQUENCE}_emotion\.txt$", _IGNORE_CASE)


def _recognise_ckplus(tree: Tree) -> str | None:
    what = "are frames named like S005/001/S005_001_00000011.png"
    return mostly(tree.image_names, _CK_FRAME.search, what)


def _read_ckplus(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """The first frame of each labelled sequence as neutral, the last ones as its expression.

    The peak, which is the last frame, has intensity 1; of the ones before it nobody said. What
    lies between is left out.
    """
    frames: dict[tuple[str, str], list[str]] = defaultdict(list)
    labels: dict[tuple[str, str], str] = {}
    for name in tree.names:
        if match := _CK_FRAME.search(name):
            frames[match["person"].upper(), match["number"]].append(name)
        elif match := _CK_LABEL.search(name):
            labels[match["person"].upper(), match["number"]] = name
        elif is_image_name(name):
            naming = about("ckplus")["naming"]
            yield tree.reject(name, "naming", f"the name does not fit; expected {naming}")
    for sequence, names in frames.items():
        first, *others = sorted(names)
        try:
            expression = _ckplus_expression(tree, labels.pop(sequence, None))
            if not others:
                raise UnfitError("the sequence has one frame, expected a neutral one and a peak")
        except UnfitError as error:
            yield tree.reject(names[0].rsplit("/", 1)[0], "no-label", str(error))
            continue
        peaks = [] if expression == NEUTRAL else others[-options.peak_frames :]
        said: dict[str, Any] = {"subject": f"ckplus-{sequence[0]}", "session": sequence[1]}
        yield labelled(tree, first, expression=NEUTRAL, intensity=0.0, **said)
        for name in peaks:
            intensity = 1.0 if name == others[-1] else None
            yield labelled(tree, name, expression=expression, intensity=intensity, **said)
    for _, name in sorted(labels.items()):
        yield tree.reject(name, "missing", "a label without its sequence of images")


def _ckplus_expression(tree: Tree, name: str | None) -> str:
    """Of a label file, which holds the code as a float."""
    if name is None:
        raise UnfitError("the sequence has no file in Emotion/, so its expression is not known")
    tree.use(name)
    text = " ".join(line for _, line in tree.lines(name, MAX_ROW_BYTES)).strip()
    try:
        return dict(enumerate(_CK_EXPRESSIONS))[float(text)]  # type: ignore[index]
    except (ValueError, KeyError):
        raise UnfitError(f"{name} holds {text[:40]!r}, expected a number from 0 to 7") from None


CKPLUS = Layout("ckplus", _recognise_ckplus, _read_ckplus, **about("ckplus"))
