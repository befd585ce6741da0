"""A person's expression profile: every expression of one face, how it grows with strength, and how
the recogniser sees it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import MissingExtra
from ecgan.evaluation.recognition import monotonicity
from ecgan.expressions import expression_of
from ecgan.faces.alignment import crop
from ecgan.faces.photo import Photo
from ecgan.inference.grid import Tile, contact_grid
from ecgan.inference.marking import NOTICE
from ecgan.inference.translator import Translator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACE_PX = 300
_WIDTH_INCHES, _DPI = 11.0, 150
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e5e8",
    "legend.frameon": False,
}
_COLOURS = ("#e69f00", "#0072b2", "#d55e00", "#7b5aa6", "#009e73", "#cc79a7", "#56b4e9")
_MARKS = "osD^vPX"


@dataclass(frozen=True)
class Profile:
    """What one face shows when it is given each expression."""

    photo: dict[str, float]
    """What the recogniser sees in the photo."""
    strengths: tuple[float, ...]
    curves: dict[str, list[dict[str, float]]]
    """By expression, what the recogniser sees at each strength."""
    number: int
    """Of the face; 1 is the largest."""
    neutralised_first: bool
    faces: dict[str, NDArray[np.uint8]]
    """Aligned pictures: `photo`, and each expression at the strength nearest to 1."""

    def curve(self, expression: str) -> list[float]:
        """Probability of an expression that was asked for, at each strength."""
        return [seen.get(expression_of(expression), 0.0) for seen in self.curves[expression]]

    @property
    def full(self) -> int:
        """Place of the strength that is nearest to 1."""
        return int(np.argmin(np.abs(np.array(self.strengths) - 1)))

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        expressions = {}
        for name, seen in self.curves.items():
            at_full, figures = seen[self.full], monotonicity(self.curve(name), self.strengths)
            expressions[name] = {
                "curve": [round(value, 4) for value in self.curve(name)],
                "monotone": bool(figures["intensity_monotone"]),
                "recognised": max(at_full, key=lambda key: at_full[key]),
                "probabilities": {key: round(value, 4) for key, value in at_full.items()},
            }
        return {
            "face": self.number,
            "neutralised_first": self.neutralised_first,
            "photo_probabilities": {key: round(value, 4) for key, value in self.photo.items()},
            "strengths": list(self.strengths),
            "expressions": expressions,
        }


def profile_of(
    photo: Photo,
    translator: Translator,
    strengths: Sequence[float],
    targets: Sequence[str] = (),
    progress: Callable[[], None] = lambda: None,
) -> Profile:
    """The profile of the largest face of a photo.

    Args:
        photo: any size.
        translator: on the route `neutral-first`, so that every curve starts from the same face.
        strengths: rising, two at least.
        targets: expressions; none: all of the translator but neutral.
        progress: called after each picture.

    Raises:
        FaceError: no face can be translated; with the reason.
    """
    ready = translator.prepare(photo)
    face = ready.faces[0]
    alignment = face.aligned.alignment.scaled(FACE_PX)
    full = int(np.argmin(np.abs(np.array(strengths) - 1)))
    pictures = {"photo": crop(photo.pixels, alignment)}
    curves: dict[str, list[dict[str, float]]] = {}
    for target in targets or translator.vocabulary.expressive:
        curves[target] = []
        for place, strength in enumerate(strengths):
            made = translator.render(ready, target, strength)
            curves[target].append(made.faces[0].after or {})
            if place == full:
                pictures[target] = crop(made.pixels, alignment)
            progress()
    return Profile(
        photo=face.probabilities or {},
        strengths=tuple(strengths),
        curves=curves,
        number=face.aligned.number,
        neutralised_first=face.passes > 0,
        faces=pictures,
    )


def check_matplotlib() -> None:
    """Raises MissingExtra where the pictures cannot be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "the picture of a profile needs Matplotlib: pip install 'ecgan[reproduce]'"
        ) from None


def draw_profile(profile: Profile, title: str) -> NDArray[np.uint8]:
    """The faces, the radar of all expressions, and how each grows with strength; RGB pixels."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from PIL import Image

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that the font lacks
        figure = Figure(figsize=(_WIDTH_INCHES, 7.4), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
        grid = figure.add_gridspec(2, 2, height_ratios=(1, 2.1), width_ratios=(1, 1.15))
        strip = figure.add_subplot(grid[0, :])
        tiles = [_tile(profile, name, pixels) for name, pixels in profile.faces.items()]
        strip.imshow(contact_grid(tiles, columns=len(tiles), tile_px=FACE_PX))
        strip.axis("off")
        _draw_radar(figure, grid[1, 0], profile)
        _draw_curves(figure, grid[1, 1], profile)
        figure.text(0.01, 0.005, NOTICE, fontsize=8, color="#6e6e6e", va="bottom")
        layout: Any = figure.get_layout_engine()
        layout.set(rect=(0, 0.03, 1, 0.97))
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=_DPI, facecolor="white")
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _tile(profile: Profile, name: str, pixels: NDArray[np.uint8]) -> Tile:
    seen = profile.photo if name == "photo" else profile.curves[name][profile.full]
    best = max(seen, key=lambda key: seen[key], default="")
    return Tile(name, pixels, f"{best} {100 * seen.get(best, 0):.0f} %")


def _draw_radar(figure: Figure, place: Any, profile: Profile) -> None:
    """Probability of each asked expression at full strength, and in the photo."""
    names = list(profile.curves)
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    around = np.append(angles, angles[0])
    axes: Any = figure.add_subplot(place, projection="polar")
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    made = [profile.curve(name)[profile.full] for name in names]
    shown = [profile.photo.get(expression_of(name), 0.0) for name in names]
    strength = profile.strengths[profile.full]
    axes.plot(around, [*made, made[0]], "o-", color=_COLOURS[1], label=f"at strength {strength:g}")
    axes.fill(around, [*made, made[0]], color=_COLOURS[1], alpha=0.18)
    axes.plot(around, [*shown, shown[0]], "--", color="#6e6e6e", label="in the photo")
    axes.set_xticks(angles, names)
    axes.set_ylim(0, 1)
    axes.set_yticks((0.25, 0.5, 0.75, 1.0), ("", "0.5", "", "1"))
    axes.set_title("recognised as asked", fontsize=11, pad=14)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.2, 1.12), fontsize=8)


def _draw_curves(figure: Figure, place: Any, profile: Profile) -> None:
    axes = figure.add_subplot(place)
    for index, name in enumerate(profile.curves):
        axes.plot(
            profile.strengths,
            profile.curve(name),
            color=_COLOURS[index % len(_COLOURS)],
            marker=_MARKS[index % len(_MARKS)],
            label=name,
        )
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("strength")
    axes.set_ylabel("probability of the asked expression")
    axes.set_title("how each grows", fontsize=11)
    axes.legend(fontsize=9)
