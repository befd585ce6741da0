"""RaFD: `Rafd090_01_Caucasian_female_angry_frontal.jpg`, five angles and three gazes."""

from __future__ import annotations

import re

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, UnfitError, named_layout
from ecgan.expressions import EXPRESSIONS, canonical_expression

ANGLES = ("000", "045", "090", "135", "180")
"""Degrees of the camera; 090 is in front."""


def _label(match: re.Match[str]) -> Label:
    angle, gaze = match["angle"], match["gaze"].lower()
    if angle not in ANGLES:
        raise UnfitError(f"there is no angle {angle} among {', '.join(ANGLES)}")
    emotion = match["expression"].lower()
    expression = "contempt" if emotion == "contemptuous" else canonical_expression(emotion)
    if expression not in (*EXPRESSIONS, "contempt"):
        raise UnfitError(f"there is no emotion {emotion!r}")
    tags = [f"pose-{angle}"] if angle != "090" else []
    tags += [f"gaze-{gaze}"] if gaze != "frontal" else []
    return Label(f"rafd-{match['person']}", expression, variant="+".join(tags) or None)


RAFD = named_layout(
    name="rafd",
    title="Radboud Faces Database (RaFD)",
    citation=(
        "O. Langner, R. Dotsch, G. Bijlstra, D. H. J. Wigboldus, S. T. Hawk and A. van "
        "Knippenberg, Presentation and validation of the Radboud Faces Database, Cognition and "
        "Emotion 24(8), 2010"
    ),
    terms="for researchers at universities, on request from its owners",
    naming=(
        "Rafd090_01_Caucasian_female_angry_frontal.jpg (angle; model; group; sex; emotion; gaze "
        "frontal, left or right)"
    ),
    pattern=(
        r"Rafd(?P<angle>\d{3})_(?P<person>\d\d)_[a-z]+_(?:fe)?male_(?P<expression>[a-z]+)_"
        r"(?P<gaze>frontal|left|right)" + IMAGE_ENDING
    ),
    label=_label,
)
