"""BU-3DFE (the paper's 3DFE): `F0001/F0001_AN01WH_F2D.bmp`, four levels of each expression."""

from __future__ import annotations

import re

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, UnfitError, named_layout
from ecgan.data.layouts.source import is_image_name
from ecgan.expressions import NEUTRAL, canonical_expression

LEVELS = 4


def _label(match: re.Match[str]) -> Label:
    expression, level = canonical_expression(match["expression"]), int(match["level"])
    if (level == 0) != (expression == NEUTRAL) or level > LEVELS:
        raise UnfitError(
            f"there is no {match['expression']}{match['level']}, the levels go from 01 to 04, "
            "and NE00 alone is neutral"
        )
    person = match["person"].upper()
    if match["folder"] is not None and match["folder"].upper() != person:
        raise UnfitError(f"the folder is {match['folder']}, but the name says {person}")
    return Label(f"bu3dfe-{person}", expression, intensity=level / LEVELS)


def _takes(name: str) -> bool:
    """The textures of the 3-D models (`_F3D`) lie beside the photos."""
    return is_image_name(name) and not name.rsplit(".", 1)[0].upper().endswith("_F3D")


BU3DFE = named_layout(
    name="bu3dfe",
    title="Binghamton University 3D Facial Expression database (BU-3DFE)",
    citation=(
        "L. Yin, X. Wei, Y. Sun, J. Wang and M. J. Rosato, A 3D Facial Expression Database for "
        "Facial Behavior Research, IEEE Conference on Automatic Face and Gesture Recognition, 2006"
    ),
    terms="research only, by signed agreement with its owners",
    naming=(
        "F0001/F0001_AN01WH_F2D.bmp (person; AN, DI, FE, HA, SA or SU with the level 01 to 04, "
        "or NE00; ethnicity)"
    ),
    pattern=(
        r"(?:(?P<folder>[FM]\d{4})/)?(?P<person>[FM]\d{4})_(?P<expression>AN|DI|FE|HA|NE|SA|SU)"
        r"(?P<level>\d\d)[A-Z]{2}_F2D" + IMAGE_ENDING
    ),
    label=_label,
    takes=_takes,
)
