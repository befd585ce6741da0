"""FERG-DB: `aia/aia_anger/aia_anger_10.png`, six drawn characters."""

from __future__ import annotations

import re

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, UnfitError, named_layout
from ecgan.expressions import EXPRESSIONS, canonical_expression

CHARACTERS = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")


def _label(match: re.Match[str]) -> Label:
    character, expression = match["person"].lower(), canonical_expression(match["expression"])
    if character not in CHARACTERS:
        raise UnfitError(f"there is no character {character!r} among {', '.join(CHARACTERS)}")
    if expression not in EXPRESSIONS:
        raise UnfitError(f"there is no expression {match['expression']!r}")
    return Label(f"ferg-{character}", expression)


FERG = named_layout(
    name="ferg",
    title="Facial Expression Research Group database (FERG-DB)",
    citation=(
        "D. Aneja, A. Colburn, G. Faigin, L. Shapiro and B. Mones, Modeling Stylized Character "
        "Expressions via Deep Learning, ACCV 2016"
    ),
    terms="research only, on request from its owners",
    naming=(
        "aia/aia_anger/aia_anger_10.png (character; anger, disgust, fear, joy, neutral, sadness "
        "or surprise; number)"
    ),
    pattern=(
        r"(?P<person>[a-z]+)/(?P=person)_(?P<expression>[a-z]+)/"
        r"(?P=person)_(?P=expression)_\d+" + IMAGE_ENDING
    ),
    label=_label,
)
