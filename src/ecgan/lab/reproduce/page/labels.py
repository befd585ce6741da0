"""How the page names and writes things: methods, expressions, scores, intervals and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import finite

NOTHING = "–"
_MINUS = "−"

# Okabe and Ito (2008): told apart by the colour-blind. The marks, lines and hatches beside them
# tell the same things apart in grey.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#8C8C8C"

ORIGINAL = "original"
NOTHING_DONE = "nothing"


@dataclass(frozen=True)
class Style:
    """How one thing looks in every chart."""

    label: str
    colour: str
    marker: str
    line: str | tuple[int, tuple[int, ...]]


METHODS = {
    "pix2pix": Style("Pix2pix", BLUE, "s", (0, (5, 2))),
    "cyclegan": Style("CycleGAN", VERMILLION, "^", (0, (4, 1, 1, 1))),
    "cyclegan-shared": Style("CycleGAN with z", ORANGE, "v", (0, (1, 1))),
    "stargan": Style("StarGAN", PURPLE, "P", (0, (3, 1, 1, 1, 1, 1))),
    "paper": Style("ECGAN as printed", SKY, "D", (0, (8, 2))),
    "default": Style("ECGAN default", GREEN, "o", "-"),
}
_REFERENCES = {
    ORIGINAL: Style("Original images", BLACK, "*", "-"),
    NOTHING_DONE: Style("Output = input", GREY, "X", (0, (2, 2))),
}
_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "<", ">", "p", "h")
_COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, YELLOW, BLACK, GREY)
_EXPRESSIONS = {
    "neutral": (GREY, "X"),
    "happy": (ORANGE, "o"),
    "sad": (BLUE, "v"),
    "angry": (VERMILLION, "^"),
    "fear": (PURPLE, "D"),
    "disgust": (GREEN, "s"),
    "surprise": (SKY, "P"),
}


def style_of(key: str) -> Style:
    """Of a method, the original images or doing nothing; unknown methods look alike in grey."""
    return METHODS.get(key) or _REFERENCES.get(key) or Style(key, GREY, "h", (0, (1, 3)))


def label_of(key: str) -> str:
    """The name of a method in the page; `original + cyclegan` likewise."""
    first, plus, method = key.partition(" + ")
    if plus and first == ORIGINAL:
        return f"original + {style_of(method).label}"
    return key if key == ORIGINAL else style_of(key).label


def expression_styles(expressions: list[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each expression; those that a data set brings get what is left."""
    taken = {_EXPRESSIONS[name][1] for name in expressions if name in _EXPRESSIONS}
    free = [marker for marker in _MARKERS if marker not in taken] or list(_MARKERS)
    found = {}
    others = 0
    for name in expressions:
        if name in _EXPRESSIONS:
            found[name] = _EXPRESSIONS[name]
        else:
            found[name] = (_COLOURS[-1 - others % 3], free[others % len(free)])
            others += 1
    return found


def labels_of(names: Iterable[str]) -> str:
    """The names of methods in the page, one after the other."""
    return ", ".join(style_of(name).label for name in names)


def people_of(found: Iterable[Interval | None]) -> str:
    """How many people the numbers are of."""
    return any_of(one.people for one in found if one is not None)


def any_of(counts: Iterable[int]) -> str:
    """Each count once; `3 or 5` where they differ, a dash where there is none."""
    return " or ".join(map(str, sorted({one for one in counts if one}))) or NOTHING


def number(value: Any, digits: int = 1, scale: float = 1.0, *, sign: bool = False) -> str:
    """A number with so many digits after the point, with a true minus; a dash where it is none."""
    found = finite(value)
    if found is None:
        return NOTHING
    written = f"{found * scale:{'+' if sign else ''}.{digits}f}"
    if float(written) == 0:
        written = written.lstrip("+-")
    return written.replace("-", _MINUS)


@dataclass(frozen=True)
class Cell:
    """A measured value in a table."""

    value: str
    interval: str = ""
    best: bool = False
    """Better than all others of its row or column."""
    note: str = ""
    """In a line of its own."""
    strong: bool = False
    """Of the note."""


@dataclass(frozen=True)
class Code:
    """A command or a hash in a table, and what is told before it."""

    code: object
    before: str = ""


def spread(
    interval: Interval | None,
    digits: int = 1,
    scale: float = 1.0,
    *,
    sign: bool = False,
    best: bool = False,
    note: str = "",
    strong: bool = False,
) -> Cell | str:
    """A value with its interval; a dash where there is none."""
    if interval is None:
        return NOTHING
    value, low, high = (
        number(one, digits, scale, sign=sign)
        for one in (interval.value, interval.low, interval.high)
    )
    bounds = "one person: no interval" if interval.low is None else f"[{low}, {high}]"
    return Cell(value, bounds, best, note, strong)


def rate(interval: Interval | None, *, best: bool = False, note: str = "") -> Cell | str:
    """A rate between 0 and 1 in percent."""
    return spread(interval, scale=100, best=best, note=note)


def plain_rate(interval: Interval | None) -> str:
    """A rate in percent without any markup, for alternative texts."""
    if interval is None:
        return "not measured"
    value = f"{number(interval.value, scale=100)} %"
    if interval.low is None or interval.high is None:
        return value
    return f"{value} ({number(interval.low, scale=100)} to {number(interval.high, scale=100)})"


def excludes_zero(interval: Interval) -> bool:
    """Whether a difference lies outside its interval about no difference."""
    if interval.low is None or interval.high is None:
        return False
    return interval.low > 0 or interval.high < 0


def best_of(found: Mapping[str, Interval | None], *, higher: bool) -> str | None:
    """Who is better than everybody else beyond doubt: an interval that overlaps no other one."""
    bounds = {
        name: (one.low, one.high) if higher else (-one.high, -one.low)
        for name, one in found.items()
        if one is not None and one.low is not None and one.high is not None
    }
    if len(bounds) < 2:
        return None
    first = max(bounds, key=lambda name: bounds[name][0])
    others = (high for name, (_, high) in bounds.items() if name != first)
    return first if bounds[first][0] > max(others) else None


def seconds(value: Any) -> str:
    """A time in the unit in which it is easily read."""
    found = finite(value)
    if found is None:
        return NOTHING
    if found < 100:
        return f"{found:.1f} s"
    if found < 100 * 60:
        return f"{found / 60:.1f} min"
    return f"{found / 3600:.1f} h"


@dataclass(frozen=True)
class Score:
    """How a figure of `ecgan evaluate` is named and written."""

    label: str
    unit: str = ""
    digits: int = 3
    higher: bool | None = None
    """Whether more is better; None where it says nothing about quality."""

    @property
    def title(self) -> str:
        """With its unit and an arrow towards the better."""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher]
        return f"{self.label}, {self.unit}{arrow}" if self.unit else f"{self.label}{arrow}"

    def cell(self, interval: Interval | None, best: bool = False) -> Cell | str:
        """A value of this score in a table."""
        scale = 100 if self.unit == "%" else 1
        return spread(interval, self.digits, scale, best=best)


SCORES = {
    "mean_probability": Score("VGG score, mean probability", "%", 1, True),
    "accuracy": Score("VGG score, accuracy", "%", 1, True),
    "fid_recognizer": Score("FID on fc7 of the recogniser", "", 1, False),
    "fid_inception": Score("FID on Inception-v3", "", 1, False),
    "kid_recognizer": Score("KID on fc7 of the recogniser", "", 4, False),
    "kid_inception": Score("KID on Inception-v3", "", 4, False),
    "lpips": Score("LPIPS to the truth", "", 3, False),
    "perceptual_recognizer": Score(
        "perceptual distance to the truth (recogniser, no LPIPS)", "", 3, False
    ),
    "ssim": Score("SSIM to the truth", "", 3, True),
    "psnr_db": Score("PSNR to the truth", "dB", 1, True),
    "identity_dlib": Score("face-recognition distance to the source (dlib)", "", 3, False),
    "same_person": Score("same person by face recognition (dlib)", "%", 1, True),
    "identity_descriptor": Score("identity, landmark-normalised descriptor", "", 3, True),
    "landmark_validity": Score("faces found in place", "%", 1, True),
    "landmark_error": Score("landmark error", "eye distances", 3, False),
    "outside": Score("change outside the mask", "grey levels", 3, False),
    "outside_face": Score("change outside the face", "grey levels", 3, False),
    "intensity_monotone": Score("curves that rise with the strength", "%", 1, True),
    "intensity_correlation": Score("rank correlation with the strength", "", 3, True),
}


def score_of(name: str) -> Score:
    return SCORES.get(name) or Score(name, digits=4)
