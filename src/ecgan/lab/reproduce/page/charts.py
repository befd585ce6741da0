"""The charts of scores, features and doses, drawn with Matplotlib: equal numbers give equal files.

Colours are told apart by the colour-blind; marks, lines and hatches tell the same in grey.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecgan.errors import UsageError
from ecgan.evaluation.bootstrap import Interval
from ecgan.files import write_bytes
from ecgan.lab.reproduce.page.contents import Contents, Missing, interval_of, mapping, objects
from ecgan.lab.reproduce.page.labels import (
    GREY,
    ORIGINAL,
    counts_of,
    expression_styles,
    label_of,
    noted,
    number,
    rate,
    style_of,
)
from ecgan.lab.reproduce.page.tables import Context

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Of a printed page between its margins, in inches."""
_DPI = 200
INK = "#1d2126"
_STYLE = Path(__file__).parent / "templates" / "charts.mplstyle"


@contextmanager
def chart(contents: Contents, name: str, height: float) -> Iterator[tuple[Figure, Context]]:
    """A figure to draw on, `WIDTH` wide and `height` high in inches, and its picture (`in_page`),
    which is there at the end, as is `figures/<name>.png`; whatever the user's own settings of
    Matplotlib are.

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
    picture: Context = {}
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure, file = Figure(figsize=(WIDTH, height), layout="constrained"), io.BytesIO()
        yield figure, picture
        figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    write_bytes(contents.figure(name), file.getvalue())
    picture |= in_page(file.getvalue())


def in_page(png: bytes) -> Context:
    """A PNG file that lies in the page itself; its size as the header states it."""
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    return {"base64": base64.b64encode(png).decode(), "width": width, "height": height}


def vgg_score(contents: Contents) -> Context:
    """Figure 5a: mean probability and accuracy of methods, original images and doing nothing."""
    values = contents.part("vgg_score").values
    kinds = {"probability": ("mean probability", -0.2, ""), "accuracy": ("accuracy", 0.2, "////")}
    names = contents.ordered(values)
    scores = {name: _intervals({key: values[name].get(key) for key in kinds}) for name in names}
    if not any(scores.values()):
        raise Missing("results/vgg_score.json holds no scores")
    with chart(contents, "figure-5a", 2.9) as (figure, picture):
        axes = figure.subplots()
        for place, (name, found) in enumerate(scores.items()):
            for key, (_, shift, hatch) in kinds.items():
                if key in found:
                    _bar(axes, place + shift, found[key], style_of(name).colour, hatch)
        for label, _, hatch in kinds.values():
            axes.bar(0, 0, facecolor="white", edgecolor=INK, hatch=hatch, label=label)
        labels = [style_of(name).label for name in names]
        labels = [label.replace(" ", "\n", 1) if len(label) > 9 else label for label in labels]
        axes.set_xticks(range(len(labels)), labels)
        axes.set_ylim(0, 100)
        axes.set_ylabel("VGG score (%)")
        axes.set_xlim(-0.6, len(labels) - 0.4)
        _legend_above(axes, 2)
    return {"image": picture, "scores": scores}


def vgg_score_by_expression(contents: Contents) -> Context:
    """The accuracy by method and expression: a mark with its interval for each."""
    values = contents.part("vgg_score").values
    scores = {}
    for name in contents.ordered(values):
        shown = mapping(values[name].get("by_expression"))
        found = _intervals({key: mapping(one).get("accuracy") for key, one in shown.items()})
        if found:
            scores[name] = found
    if not scores:
        raise Missing("results/vgg_score.json holds no scores by expression")
    expressions = list(dict.fromkeys(name for one in scores.values() for name in one))
    with chart(contents, "figure-5a-expressions", 3.2) as (figure, picture):
        axes = figure.subplots()
        for index, (method, found) in enumerate(scores.items()):
            shift = (index - (len(scores) - 1) / 2) * min(0.13, 0.8 / len(scores))
            places = [place + shift for place, name in enumerate(expressions) if name in found]
            _marks(axes, places, [found[name] for name in expressions if name in found], method)
        for place in range(1, len(expressions)):
            axes.axvline(place - 0.5, color="#e3e5e8", linewidth=0.7)
        axes.set_xticks(range(len(expressions)), expressions)
        axes.set_xlim(-0.5, len(expressions) - 0.5)
        axes.set_ylim(0, 100)
        axes.set_ylabel("accuracy (%)")
        _legend_above(axes, 4)
    return {"image": picture}


def feature_maps(contents: Contents) -> Context:
    """Figure 5b-c: t-SNE of the 4,096-D features, a chart for each method, one legend."""
    part = contents.part("tsne")
    maps = {}
    for name in sorted(contents.ordered(part.values), key=lambda name: name != ORIGINAL):
        xy, labels = part.values[name].get("xy"), part.values[name].get("expression")
        if xy and isinstance(labels, list) and len(xy) == len(labels):
            maps[name] = (xy, [str(label) for label in labels])
    if not maps:
        raise Missing("results/tsne.json holds no points")
    expressions = contents.in_order([label for _, labels in maps.values() for label in labels])
    styles = expression_styles(expressions)
    columns = min(3 if len(maps) < 7 else 4, len(maps))
    rows = -(-len(maps) // columns)
    height = 0.4 + rows * (WIDTH / columns + 0.1)
    with chart(contents, "figure-5bc", height) as (figure, picture):
        charts = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in charts[len(maps) :]:
            axes.set_axis_off()
        for axes, (name, (xy, labels)) in zip(charts, maps.items(), strict=False):
            places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
            for expression, (colour, marker) in styles.items():
                axes.scatter(
                    *places[[label == expression for label in labels]].T,
                    s=float(np.clip(900 / max(len(places), 1), 5, 22)),
                    c=colour,
                    marker=marker,
                    linewidths=0.3,
                    edgecolors=INK,
                    label=expression if axes is charts[0] else None,
                )
            axes.set_title(style_of(name).label)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            axes.spines[["top", "right"]].set_visible(True)
        figure.legend(loc="outside upper center", ncols=min(7, len(styles)), markerscale=1.5)
    counts = {name: len(labels) for name, (_, labels) in maps.items()}
    return {"image": picture, "counts": counts, "expressions": expressions, "part": part}


def dose_generated(contents: Contents) -> Context:
    """Accuracy against generated images a class."""
    return _dose(contents, "dose_generated", "per_class", "generated images a class")


def dose_people(contents: Contents) -> Context:
    """Accuracy against people in training."""
    return _dose(contents, "dose_people", "people", "people in training")


def _dose(contents: Contents, part_name: str, key: str, counted: str) -> Context:
    """The curves of a part whose points are counted by `key`, and their numbers. Places are even
    steps; the accuracy without any generated image is drawn across."""
    part = contents.part(part_name)
    curves: dict[str, dict[int, Interval]] = {}
    notes: dict[tuple[str, int], str] = {}
    for name, rows in part.values.items():
        known = [row for row in objects(rows) if isinstance(row.get(key), int)]
        for row in sorted(known, key=lambda row: int(row[key])):
            if (accuracy := interval_of(row.get("accuracy"))) is not None:
                curves.setdefault(str(name), {})[row[key]] = accuracy
                seeds = row.get("seeds")
                if isinstance(seeds, list) and len(seeds) > 1:
                    told = ", ".join(number(one, scale=100) for one in seeds)
                    notes[name, row[key]] = f"by seed: {told}"
    if not curves:
        raise Missing(f"results/{part_name}.json holds no curves")
    numbers = sorted({count for curve in curves.values() for count in curve})
    baseline = next(iter(curves.values())).get(0) if key == "per_class" else None
    with chart(contents, part_name.replace("_", "-"), 3.6) as (figure, picture):
        axes = figure.subplots()
        if baseline is not None:
            axes.axhline(
                100 * baseline.value, color=GREY, linestyle=(0, (2, 2)), linewidth=1, zorder=0
            )
        for index, (name, curve) in enumerate(curves.items()):
            shift = (index - (len(curves) - 1) / 2) * 0.06
            places = [numbers.index(count) + shift for count in curve]
            _marks(axes, places, list(curve.values()), name, joined=True)
        axes.set_xticks(range(len(numbers)), [f"{count:,}".replace(",", " ") for count in numbers])
        axes.set_xlim(-0.4, len(numbers) - 0.6)
        axes.set_xlabel(f"{counted} (even steps, not to scale)")
        axes.set_ylabel("accuracy on original test images (%)")
        _legend_above(axes, 3)
    return {
        "image": picture,
        "counted": counted,
        "curves": curves,
        "numbers": numbers,
        "rows": [
            (
                label_of(name),
                *(noted(rate(curve.get(one)), notes.get((name, one), "")) for one in numbers),
            )
            for name, curve in curves.items()
        ],
        "people": counts_of(one.people for curve in curves.values() for one in curve.values()),
        "part": part,
    }


def _intervals(values: Mapping[str, Any]) -> dict[str, Interval]:
    found = {key: interval_of(value) for key, value in values.items()}
    return {key: one for key, one in found.items() if one is not None}


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
    style = style_of(name.partition(" + ")[2] or name)
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
        label=label_of(name) if joined else style.label,
    )


def _beyond(found: Sequence[Interval]) -> Any:
    """(2, values): how far intervals reach below and above, in percent; 0 where there is none."""
    low = [one.value - (one.value if one.low is None else one.low) for one in found]
    high = [(one.value if one.high is None else one.high) - one.value for one in found]
    return 100 * np.maximum(np.array([low, high]), 0)


def _legend_above(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)
