"""The charts, drawn with Matplotlib: equal numbers give equal files.

Colours are told apart by the colour-blind; marks, lines and hatches tell the same in grey.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecgan.errors import UsageError
from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import ROLES, Curve, Training
from ecgan.lab.reproduce.page.labels import (
    GREY,
    ORIGINAL,
    Style,
    expression_styles,
    label_of,
    style_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Of a printed page between its margins, in inches."""
_DPI = 200
INK = "#1d2126"
_STYLE = Path(__file__).parent / "templates" / "charts.mplstyle"
_FAR_APART = 8
"""Times as large."""
_FEW = 3
"""Points that are marked one by one, since they make no visible line."""

Points = tuple[Sequence[Sequence[float]], Sequence[str]]
"""(images, 2) places and the expression of each."""


def vgg_score_bars(scores: Mapping[str, Mapping[str, Interval]]) -> bytes:
    """Figure 5a: mean probability and accuracy of methods, original images and doing nothing."""
    with _chart(2.9) as (figure, file):
        axes = figure.subplots()
        names = list(scores)
        for number, name in enumerate(names):
            style = style_of(name)
            for offset, key, hatch in ((-0.2, "probability", ""), (0.2, "accuracy", "////")):
                found = scores[name].get(key)
                if found is not None:
                    _bar(axes, number + offset, found, style.colour, hatch)
        for key, hatch in (("mean probability", ""), ("accuracy", "////")):
            axes.bar(0, 0, facecolor="white", edgecolor=INK, hatch=hatch, label=key)
        labels = [_short(style_of(name).label) for name in names]
        axes.set_xticks(range(len(names)), labels)
        axes.set_ylim(0, 100)
        axes.set_ylabel("VGG score (%)")
        axes.set_xlim(-0.6, len(names) - 0.4)
        _legend_above(axes, 2)
    return file.getvalue()


def vgg_score_by_expression(scores: Mapping[str, Mapping[str, Interval]]) -> bytes:
    """The accuracy by method and expression: a mark with its interval for each."""
    with _chart(3.2) as (figure, file):
        axes = figure.subplots()
        expressions = list(dict.fromkeys(name for one in scores.values() for name in one))
        for number, (method, found) in enumerate(scores.items()):
            shift = (number - (len(scores) - 1) / 2) * min(0.13, 0.8 / len(scores))
            known = [
                (place, found[name]) for place, name in enumerate(expressions) if name in found
            ]
            _marks(axes, [place + shift for place, _ in known], [one for _, one in known], method)
        for place in range(1, len(expressions)):
            axes.axvline(place - 0.5, color="#e3e5e8", linewidth=0.7)
        axes.set_xticks(range(len(expressions)), expressions)
        axes.set_xlim(-0.5, len(expressions) - 0.5)
        axes.set_ylim(0, 100)
        axes.set_ylabel("accuracy (%)")
        _legend_above(axes, 4)
    return file.getvalue()


def feature_maps(maps: Mapping[str, Points], expressions: Sequence[str]) -> bytes:
    """Figure 5b-c: t-SNE of the 4,096-D features, a panel for each method, one legend."""
    columns = min(3 if len(maps) < 7 else 4, len(maps))
    rows = -(-len(maps) // columns)
    with _chart(0.4 + rows * (WIDTH / columns + 0.1)) as (figure, file):
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        styles = expression_styles(list(expressions))
        for axes in panels[len(maps) :]:
            axes.set_axis_off()
        for number, (axes, (name, (xy, labels))) in enumerate(
            zip(panels, maps.items(), strict=False)
        ):
            places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
            size = float(np.clip(900 / max(len(places), 1), 5, 22))
            for expression, (colour, marker) in styles.items():
                here = places[[label == expression for label in labels]]
                axes.scatter(
                    *here.T,
                    s=size,
                    c=colour,
                    marker=marker,
                    linewidths=0.3,
                    edgecolors=INK,
                    label=expression if number == 0 else None,
                )
            axes.set_title(style_of(name).label)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            for side in ("top", "right"):
                axes.spines[side].set_visible(True)
        figure.legend(loc="outside upper center", ncols=min(7, len(styles)), markerscale=1.5)
    return file.getvalue()


def training_curves(trainings: Mapping[str, Training]) -> bytes:
    """Figure 5d: losses on the left and gradient norms on the right, a row for each method."""
    with _chart(0.6 + 1.45 * len(trainings)) as (figure, file):
        panels = figure.subplots(len(trainings), 2, squeeze=False)
        lines = (("generator", "#0072B2", "-"), ("discriminator", "#D55E00", (0, (4, 1.5))))
        for pair, (name, training) in zip(panels, trainings.items(), strict=True):
            for axes, term, title in zip(
                pair, ("total", "gradient_norm"), ("loss", "gradient norm"), strict=True
            ):
                shown = [
                    (role, colour, line, training.curves[f"{role}/{term}"])
                    for role, colour, line in lines
                    if f"{role}/{term}" in training.curves
                ]
                for role, colour, line, curve in shown:
                    axes.fill_between(
                        curve.steps, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0
                    )
                    axes.plot(
                        curve.steps,
                        curve.mean,
                        color=colour,
                        linestyle=line,
                        marker="o" if len(curve.steps) <= _FEW else None,
                        markersize=3,
                        label=role,
                    )
                _scale(axes, [curve for *_, curve in shown])
                axes.set_title(f"{style_of(name).label}: {title}")
                axes.margins(x=0.01)
        for axes in panels[-1]:
            axes.set_xlabel("updates")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(ROLES))
    return file.getvalue()


def dose_curves(
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    counted: str,
    baseline: Interval | None = None,
) -> bytes:
    """Accuracy against a number of images or people, with intervals; places are even steps.

    Args:
        curves: number and accuracy, by method.
        counted: what the numbers count.
        baseline: accuracy without any generated image, drawn across.
    """
    with _chart(3.6) as (figure, file):
        axes = figure.subplots()
        numbers = sorted({count for curve in curves.values() for count, _ in curve})
        places = {count: place for place, count in enumerate(numbers)}
        if baseline is not None:
            axes.axhline(
                100 * baseline.value, color=GREY, linestyle=(0, (2, 2)), linewidth=1, zorder=0
            )
        for number, (name, curve) in enumerate(curves.items()):
            shift = (number - (len(curves) - 1) / 2) * 0.06
            at = [places[count] + shift for count, _ in curve]
            _marks(axes, at, [found for _, found in curve], name, joined=True)
        axes.set_xticks(range(len(numbers)), [f"{count:,}".replace(",", " ") for count in numbers])
        axes.set_xlim(-0.4, len(numbers) - 0.6)
        axes.set_xlabel(f"{counted} (even steps, not to scale)")
        axes.set_ylabel("accuracy on original test images (%)")
        _legend_above(axes, 3)
    return file.getvalue()


@contextmanager
def _chart(height: float) -> Iterator[tuple[Figure, io.BytesIO]]:
    """A figure to draw on, `WIDTH` wide and `height` high in inches, and the PNG file that it is
    written to at the end; whatever the user's own settings of Matplotlib are.

    Raises:
        UsageError: Matplotlib is not installed.
    """
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError(
            "charts need Matplotlib: pip install 'ecgan[reproduce]', then run the same command "
            "again"
        ) from None
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure, file = Figure(figsize=(WIDTH, height), layout="constrained"), io.BytesIO()
        yield figure, file
        figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})


def _bar(axes: Axes, place: float, found: Interval, colour: str, hatch: str) -> None:
    """One bar in percent; the hatch is drawn light over the colour, with its interval on top."""
    value = 100 * found.value
    axes.bar(place, value, 0.38, color=colour, edgecolor="white", hatch=hatch, linewidth=0)
    axes.bar(place, value, 0.38, color="none", edgecolor=INK, linewidth=0.6)
    if found.low is not None and found.high is not None:
        axes.errorbar(place, value, _beyond([found]), color=INK, capsize=2.5, linewidth=1)


def _marks(
    axes: Axes,
    places: Sequence[float],
    found: Sequence[Interval],
    name: str,
    *,
    joined: bool = False,
) -> None:
    """Values in percent with their intervals in the style of a method."""
    method = name.partition(" + ")[2] or name
    style: Style = style_of(method)
    axes.errorbar(
        places,
        [100 * one.value for one in found],
        _beyond(found),
        color=style.colour,
        marker=style.marker,
        linestyle=style.line if joined else "none",
        markersize=5,
        markeredgecolor=INK,
        markeredgewidth=0.5,
        linewidth=1.3,
        elinewidth=0.9,
        capsize=2,
        label=label_of(name) if " + " in name or (joined and name == ORIGINAL) else style.label,
    )


def _beyond(found: Sequence[Interval]) -> Any:
    """(2, values): how far intervals reach below and above, in percent; 0 where there is none."""
    low = [one.value - (one.value if one.low is None else one.low) for one in found]
    high = [(one.value if one.high is None else one.high) - one.value for one in found]
    return 100 * np.maximum(np.array([low, high]), 0)


def _scale(axes: Axes, curves: Sequence[Curve]) -> None:
    """Logarithmic where the curves are above 0 and far apart, as two networks' losses are."""
    from matplotlib.ticker import LogLocator

    if not curves:
        return
    values = np.concatenate([curve.mean for curve in curves])
    low, high = float(values.min()), float(values.max())
    if low <= 0 or high / low < _FAR_APART:
        return
    axes.set_yscale("log")
    subs = (1.0,) if high / low > 100 * _FAR_APART else (1.0, 3.0)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()


def _legend_above(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)


def _short(label: str) -> str:
    """A label over two lines where it is long."""
    return label.replace(" ", "\n", 1) if len(label) > 9 else label
