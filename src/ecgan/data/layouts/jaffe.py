"""JAFFE: `KA.AN1.39.tiff`."""

from __future__ import annotations

import re

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, named_layout
from ecgan.expressions import canonical_expression


def _label(match: re.Match[str]) -> Label:
    return Label(f"jaffe-{match['person'].upper()}", canonical_expression(match["expression"]))


JAFFE = named_layout(
    name="jaffe",
    title="Japanese Female Facial Expression (JAFFE) data set",
    citation=(
        "M. J. Lyons, S. Akamatsu, M. Kamachi and J. Gyoba, Coding Facial Expressions with Gabor "
        "Wavelets, IEEE Conference on Automatic Face and Gesture Recognition, 1998"
    ),
    terms="non-commercial research only, not to be passed on",
    naming="KA.AN1.39.tiff (person; AN, DI, FE, HA, NE, SA or SU with the take; number)",
    pattern=(
        r"(?P<person>[A-Z]{2})\.(?P<expression>AN|DI|FE|HA|NE|SA|SU)\d\.\d{1,3}" + IMAGE_ENDING
    ),
    label=_label,
)
