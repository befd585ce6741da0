"""Figure 5d: the losses and gradient norms that the runs of the methods logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reproduce.page.charts import chart
from ecgan.lab.reproduce.page.contents import Contents, Missing
from ecgan.lab.reproduce.page.labels import number, style_of
from ecgan.lab.reproduce.page.tables import Context
from ecgan.training.run import read_metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROLES = {"generator": ("#0072B2", "-"), "discriminator": ("#D55E00", (0, (4, 1.5)))}
"""Colour and line."""
_TERMS = {"total": "loss", "gradient_norm": "gradient norm"}
_BINS = 60
"""Points of a curve at most."""
_FEW = 3
"""Points that are marked one by one, since they make no visible line."""
_LAST_SHARE = 0.1
_FAR_APART = 8
"""Times as large."""

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Means over stretches of the updates, and over the runs of a method."""

    steps: Series
    """(stretches,) in updates, the middle of each."""
    mean: Series
    low: Series
    """Smallest and largest of the runs; of one run, the quartiles within the stretch."""
    high: Series


@dataclass(frozen=True)
class Training:
    """What a method's runs logged."""

    runs: tuple[str, ...]
    curves: dict[str, Curve]
    """By `generator/total`, `generator/gradient_norm` and so on."""
    last: dict[str, float]
    """Every logged term: mean over the last tenth of the rows, then over the runs."""


def training_curves(contents: Contents) -> Context:
    """Losses on the left and gradient norms on the right, a row for each method; and the last
    values of every term."""
    trainings = {
        name: found
        for name in contents.methods
        if (found := read_training(contents.out / "methods" / name)) is not None
    }
    if not trainings:
        raise Missing("no methods/<method>/run*/metrics.jsonl is there")
    terms = dict.fromkeys(term for one in trainings.values() for term in one.last)
    height = 0.6 + 1.45 * len(trainings)
    with chart(contents, "figure-5d", height) as (figure, picture):
        charts = figure.subplots(len(trainings), 2, squeeze=False)
        for pair, (name, training) in zip(charts, trainings.items(), strict=True):
            for axes, (term, title) in zip(pair, _TERMS.items(), strict=True):
                for role, (colour, line) in _ROLES.items():
                    curve = training.curves.get(f"{role}/{term}")
                    if curve is None:
                        continue
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
                _scale(axes)
                axes.set_title(f"{style_of(name).label}: {title}")
                axes.margins(x=0.01)
        for axes in charts[-1]:
            axes.set_xlabel("updates")
        handles, labels = charts[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(_ROLES))
    return {
        "image": picture,
        "trainings": trainings,
        "rows": [
            (term, *(number(one.last.get(term), 4) for one in trainings.values())) for term in terms
        ],
        "parts": {
            style_of(name).label: contents.parts[f"train-{name}"]
            for name in trainings
            if f"train-{name}" in contents.parts
        },
    }


def read_training(folder: Path) -> Training | None:
    """All `run*` below a method's folder; None where none has logged anything."""
    runs = {
        path.parent.name: rows
        for path in sorted(folder.glob("run*/metrics.jsonl"))
        if (rows := [row for row in read_metrics(path) if row.get("kind") == "train"])
    }
    names = dict.fromkeys(name for rows in runs.values() for row in rows for name in row)
    curves, last = {}, {}
    for name in names:
        if not name.startswith(tuple(_ROLES)):
            continue
        series = [found for rows in runs.values() if len(found := _series(rows, name))]
        ends = [one[-max(1, round(len(one) * _LAST_SHARE)) :, 1].mean() for one in series]
        if ends and np.isfinite(ends).all():
            last[name] = float(np.mean(ends))
        if series and name.endswith(("/total", "/gradient_norm")):
            curves[name] = _curve(series)
    return Training(tuple(runs), curves, last) if runs else None


def _series(rows: Sequence[dict[str, Any]], name: str) -> Series:
    """(rows, 2): step and value, where there is a value."""
    pairs = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
    return np.asarray(pairs, dtype=np.float64).reshape(-1, 2)


def _curve(runs: Sequence[Series]) -> Curve:
    count = max(1, min(_BINS, *(len(run) for run in runs)))
    edges = np.linspace(0, max(run[-1, 0] for run in runs), count + 1)
    found = np.full((len(runs), 3, count), np.nan)
    for values, run in zip(found, runs, strict=True):
        place = np.clip(np.searchsorted(edges, run[:, 0]) - 1, 0, count - 1)
        for stretch in np.unique(place):
            here = run[place == stretch, 1]
            values[:, stretch] = here.mean(), *np.quantile(here, [0.25, 0.75])
    there = np.isfinite(found[:, 0]).any(axis=0)
    middle, found = ((edges[:-1] + edges[1:]) / 2)[there], found[:, :, there]
    if len(runs) == 1:
        return Curve(middle, *found[0])
    means = found[:, 0]
    return Curve(middle, np.nanmean(means, axis=0), np.nanmin(means, axis=0), np.nanmax(means, 0))


def _scale(axes: Axes) -> None:
    """Logarithmic where the curves are above 0 and far apart, as two networks' losses are."""
    from matplotlib.ticker import LogLocator

    lines = axes.get_lines()
    if not lines:
        return
    values = np.concatenate([np.asarray(line.get_ydata()) for line in lines])
    low, high = float(values.min()), float(values.max())
    if low <= 0 or high / low < _FAR_APART:
        return
    axes.set_yscale("log")
    subs = (1.0,) if high / low > 100 * _FAR_APART else (1.0, 3.0)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
