"""KDEF: `AF01ANS.JPG`, read by position (`AF` is a session and sex at its start, fear inside)."""

from __future__ import annotations

import re

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, named_layout
from ecgan.expressions import canonical_expression

_ANGLES = {"FL": "full-left", "HL": "half-left", "S": None, "HR": "half-right", "FR": "full-right"}
"""Variant by the code of the angle."""


def _label(match: re.Match[str]) -> Label:
    return Label(
        subject=f"kdef-{match['person'].upper()}",
        expression=canonical_expression(match["expression"]),
        session=match["session"].upper(),
        variant=_ANGLES[match["angle"].upper()],
    )


KDEF = named_layout(
    name="kdef",
    title="Karolinska Directed Emotional Faces (KDEF)",
    citation=(
        "D. Lundqvist, A. Flykt and A. Ohman, The Karolinska Directed Emotional Faces - KDEF, "
        "Karolinska Institutet, 1998, ISBN 91-630-7164-9"
    ),
    terms="non-commercial research only, never to be passed on",
    naming=(
        "AF01ANS.JPG (session A or B; F or M with the person; AF, AN, DI, HA, NE, SA or SU; "
        "angle FL, HL, S, HR or FR)"
    ),
    pattern=(
        r"(?P<session>[AB])(?P<person>[FM]\d\d)(?P<expression>AF|AN|DI|HA|NE|SA|SU)"
        r"(?P<angle>FL|HL|S|HR|FR)" + IMAGE_ENDING
    ),
    label=_label,
)
