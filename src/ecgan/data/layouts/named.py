"""Data sets whose file names say everything: AR, BU-3DFE, FERG, JAFFE, KDEF, RaFD and Yale."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from ecgan.data.layouts.layout import (
    IMAGE_ENDING,
    Entry,
    Form,
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
from ecgan.data.layouts.tree import Tree
from ecgan.errors import DataError
from ecgan.expressions import EXPRESSIONS, NEUTRAL, canonical_expression

_AR_SHOTS: dict[int, tuple[str, str | None]] = {
    1: ("neutral", None),
    2: ("happy", None),
    3: ("angry", None),
    4: ("scream", None),
    5: ("neutral", "left-light"),
    6: ("neutral", "right-light"),
    7: ("neutral", "both-lights"),
    8: ("neutral", "glasses"),
    9: ("neutral", "glasses+left-light"),
    10: ("neutral", "glasses+right-light"),
    11: ("neutral", "scarf"),
    12: ("neutral", "scarf+left-light"),
    13: ("neutral", "scarf+right-light"),
}
"""Expression and variant of a session's shots; numbers 14 to 26 are the second session's."""
_BU3DFE_LEVELS = 4
_FERG_CHARACTERS = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
_KDEF_ANGLES = {
    "FL": "full-left",
    "HL": "half-left",
    "S": None,
    "HR": "half-right",
    "FR": "full-right",
}
"""Variant by the code of the angle."""
_RAFD_ANGLES = ("000", "045", "090", "135", "180")
"""Degrees of the camera; 090 is in front."""
_YALE_CONDITIONS: dict[str, tuple[str, str | None]] = {
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


def _named(
    name: str,
    *,
    pattern: str,
    label: Callable[[re.Match[str]], Label],
    takes: Callable[[str], bool] = is_image_name,
    form: Callable[[str], Form] = lambda _: "photo",
) -> Layout:
    """A layout whose file names say everything.

    Args:
        pattern: of the path's end, from a `/` on or from the start; ignores case.
        label: what a matching name says; raises UnfitError where a part of it has no meaning.
        takes: whether a file is meant to be an image of the set.
    """
    naming = about(name)["naming"]
    compiled = re.compile(rf"(?:^|/){pattern}$", re.IGNORECASE | re.ASCII)

    def recognise(tree: Tree) -> str | None:
        fitting, files = counted(filter(takes, tree.names), compiled.search)
        said = f"{fitting} of {files} images are named like {naming}"
        return said if 2 * fitting > files else None

    def read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
        for file in filter(takes, tree.names):
            match = compiled.search(file)
            try:
                if match is None:
                    raise UnfitError("the name does not fit")
                said = label(match)
            except UnfitError as error:
                message = f"{error}; expected {naming}"
                yield Rejection(tree.shown(file), "naming", message)
            else:
                yield labelled(tree, file, said, form(file))

    return Layout(name, recognise, read)


def _ar(match: re.Match[str]) -> Label:
    number = int(match["shot"])
    if not 1 <= number <= 2 * len(_AR_SHOTS):
        raise UnfitError(f"there is no shot {match['shot']}, they go from 01 to 26")
    session, shot = divmod(number - 1, len(_AR_SHOTS))
    expression, variant = _AR_SHOTS[shot + 1]
    sex = "m" if match["sex"] in "Mm" else "w"
    subject = f"ar-{sex}-{int(match['person']):03d}"
    return Label(subject, expression, session=str(session + 1), variant=variant)


def _ar_form(name: str) -> Form:
    return "planes" if name.lower().endswith(".raw") else "photo"


AR = _named(
    "ar",
    pattern=rf"(?P<sex>[MFW])-(?P<person>\d{{2,3}})-(?P<shot>\d\d)(?:\.raw|{IMAGE_ENDING})",
    label=_ar,
    takes=lambda name: is_image_name(name) or _ar_form(name) == "planes",
    form=_ar_form,
)


def _bu3dfe(match: re.Match[str]) -> Label:
    """Four levels of each expression."""
    expression, level = canonical_expression(match["expression"]), int(match["level"])
    if (level == 0) != (expression == NEUTRAL) or level > _BU3DFE_LEVELS:
        raise UnfitError(
            f"there is no {match['expression']}{match['level']}, the levels go from 01 to 04, "
            "and NE00 alone is neutral"
        )
    person = match["person"].upper()
    if match["folder"] is not None and match["folder"].upper() != person:
        raise UnfitError(f"the folder is {match['folder']}, but the name says {person}")
    return Label(f"bu3dfe-{person}", expression, intensity=level / _BU3DFE_LEVELS)


def _bu3dfe_takes(name: str) -> bool:
    """The textures of the 3-D models (`_F3D`) lie beside the photos."""
    return is_image_name(name) and not name.rsplit(".", 1)[0].upper().endswith("_F3D")


BU3DFE = _named(
    "bu3dfe",
    pattern=(
        r"(?:(?P<folder>[FM]\d{4})/)?(?P<person>[FM]\d{4})_(?P<expression>AN|DI|FE|HA|NE|SA|SU)"
        r"(?P<level>\d\d)[A-Z]{2}_F2D" + IMAGE_ENDING
    ),
    label=_bu3dfe,
    takes=_bu3dfe_takes,
)


def _ferg(match: re.Match[str]) -> Label:
    character, expression = match["person"].lower(), canonical_expression(match["expression"])
    if character not in _FERG_CHARACTERS:
        known = ", ".join(_FERG_CHARACTERS)
        raise UnfitError(f"there is no character {character!r} among {known}")
    if expression not in EXPRESSIONS:
        raise UnfitError(f"there is no expression {match['expression']!r}")
    return Label(f"ferg-{character}", expression)


FERG = _named(
    "ferg",
    pattern=(
        r"(?P<person>[a-z]+)/(?P=person)_(?P<expression>[a-z]+)/"
        r"(?P=person)_(?P=expression)_\d+" + IMAGE_ENDING
    ),
    label=_ferg,
)


def _jaffe(match: re.Match[str]) -> Label:
    return Label(f"jaffe-{match['person'].upper()}", canonical_expression(match["expression"]))


JAFFE = _named(
    "jaffe",
    pattern=(
        r"(?P<person>[A-Z]{2})\.(?P<expression>AN|DI|FE|HA|NE|SA|SU)\d\.\d{1,3}" + IMAGE_ENDING
    ),
    label=_jaffe,
)


def _kdef(match: re.Match[str]) -> Label:
    return Label(
        subject=f"kdef-{match['person'].upper()}",
        expression=canonical_expression(match["expression"]),
        session=match["session"].upper(),
        variant=_KDEF_ANGLES[match["angle"].upper()],
    )


KDEF = _named(
    "kdef",
    # By position: `AF` is a session and sex at its start, fear inside.
    pattern=(
        r"(?P<session>[AB])(?P<person>[FM]\d\d)(?P<expression>AF|AN|DI|HA|NE|SA|SU)"
        r"(?P<angle>FL|HL|S|HR|FR)" + IMAGE_ENDING
    ),
    label=_kdef,
)


def _rafd(match: re.Match[str]) -> Label:
    angle, gaze = match["angle"], match["gaze"].lower()
    if angle not in _RAFD_ANGLES:
        raise UnfitError(f"there is no angle {angle} among {', '.join(_RAFD_ANGLES)}")
    emotion = match["expression"].lower()
    expression = "contempt" if emotion == "contemptuous" else canonical_expression(emotion)
    if expression not in (*EXPRESSIONS, "contempt"):
        raise UnfitError(f"there is no emotion {emotion!r}")
    tags = [f"pose-{angle}"] if angle != "090" else []
    tags += [f"gaze-{gaze}"] if gaze != "frontal" else []
    return Label(f"rafd-{match['person']}", expression, variant="+".join(tags) or None)


RAFD = _named(
    "rafd",
    pattern=(
        r"Rafd(?P<angle>\d{3})_(?P<person>\d\d)_[a-z]+_(?:fe)?male_(?P<expression>[a-z]+)_"
        r"(?P<gaze>frontal|left|right)" + IMAGE_ENDING
    ),
    label=_rafd,
)


def _yale(match: re.Match[str]) -> Label:
    condition = match["condition"].lower()
    if condition not in _YALE_CONDITIONS:
        known = ", ".join(_YALE_CONDITIONS)
        raise UnfitError(f"there is no condition {condition!r} among {known}")
    expression, variant = _YALE_CONDITIONS[condition]
    return Label(f"yale-{match['person']}", expression, variant=variant)


_YALE_AS_NAMED = _named(
    "yale",
    pattern=rf"subject(?P<person>\d\d)\.(?P<condition>[a-z]+)(?:{IMAGE_ENDING})?",
    label=_yale,
    takes=lambda name: (
        is_image_name(name) or PurePosixPath(name).name.lower().startswith("subject")
    ),
)


def _read_yale(tree: Tree, options: ListOptions) -> Iterator[Entry]:
    """As named, but for the one mislabelled file of the release, if this copy has it."""
    sad, normal = (
        next((name for name in tree.names if f"subject04.{condition}" in name.lower()), None)
        for condition in ("sad", "normal")
    )
    copied = sad is not None and normal is not None and _same_bytes(tree, sad, normal)
    for entry in _YALE_AS_NAMED.read(tree, options):
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


YALE = replace(_YALE_AS_NAMED, read=_read_yale)
