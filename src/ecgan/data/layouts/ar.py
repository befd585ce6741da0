"""AR: `M-01-05.raw` (colour planes) and the cropped release `m-001-05.bmp`."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ecgan.data.layouts.layout import IMAGE_ENDING, Label, UnfitError, named_layout
from ecgan.data.layouts.source import Form, is_image_name
from ecgan.errors import ImageError

WIDTH, HEIGHT = 768, 576
PLANES_BYTES = 3 * WIDTH * HEIGHT
_SHOTS_A_SESSION = 13
_SHOTS: dict[int, tuple[str, str | None]] = {
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


def planes(data: bytes) -> NDArray[np.uint8]:
    """(576, 768, 3) RGB pixels of a raw file: the red plane, the green one, the blue one.

    Raises:
        ImageError: another number of bytes.
    """
    if len(data) != PLANES_BYTES:
        raise ImageError(
            f"expected raw planes of {WIDTH} x {HEIGHT} x 3 = {PLANES_BYTES} bytes, got {len(data)}"
        )
    pixels = np.frombuffer(data, np.uint8).reshape(3, HEIGHT, WIDTH)
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def _label(match: re.Match[str]) -> Label:
    number = int(match["shot"])
    if not 1 <= number <= 2 * _SHOTS_A_SESSION:
        raise UnfitError(f"there is no shot {match['shot']}, they go from 01 to 26")
    session, shot = divmod(number - 1, _SHOTS_A_SESSION)
    expression, variant = _SHOTS[shot + 1]
    sex = "m" if match["sex"] in "Mm" else "w"
    subject = f"ar-{sex}-{int(match['person']):03d}"
    return Label(subject, expression, session=str(session + 1), variant=variant)


def _form(name: str) -> Form:
    return "planes" if name.lower().endswith(".raw") else "photo"


AR = named_layout(
    name="ar",
    title="AR face database",
    citation=(
        "A. M. Martinez and R. Benavente, The AR Face Database, CVC Technical Report 24, 1998"
    ),
    terms="academic research only, not to be passed on to third parties",
    naming="M-01-05.raw or m-001-05.bmp (m, f or w; person; shot 01 to 26)",
    pattern=rf"(?P<sex>[MFW])-(?P<person>\d{{2,3}})-(?P<shot>\d\d)(?:\.raw|{IMAGE_ENDING})",
    label=_label,
    takes=lambda name: is_image_name(name) or _form(name) == "planes",
    form=_form,
)
