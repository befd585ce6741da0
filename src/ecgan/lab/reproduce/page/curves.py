"""Losses and gradient norms of training runs, as Figure 5d of the paper shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.training.metrics import read_metrics

Series = NDArray[np.float64]

ROLES = ("generator", "discriminator")
BINS = 60
_LAST_SHARE = 0.1


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


def read_training(folder: Path) -> Training | None:
    """All `run*` below a method's folder; None where none has logged anything."""
    runs = {
        path.parent.name: rows
        for path in sorted(folder.glob("run*/metrics.jsonl"))
        if (rows := [row for row in read_metrics(path) if row.get("kind") == "train"])
    }
    if not runs:
        return None
    names = dict.fromkeys(
        name for rows in runs.values() for row in rows for name in row if name.startswith(ROLES)
    )
    curves = {}
    for role in ROLES:
        for term in ("total", "gradient_norm"):
            name = f"{role}/{term}"
            curve = _curve([_series(rows, name) for rows in runs.values()])
            if curve is not None:
                curves[name] = curve
    last = {name: _last(list(runs.values()), name) for name in names}
    return Training(tuple(runs), curves, {k: v for k, v in last.items() if np.isfinite(v)})


def _series(rows: Sequence[dict[str, Any]], name: str) -> Series:
    """(rows, 2): step and value, where there is a value."""
    pairs = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
    return np.asarray(pairs, dtype=np.float64).reshape(-1, 2)


def _curve(runs: Sequence[Series]) -> Curve | None:
    known = [run for run in runs if len(run)]
    if not known:
        return None
    end = max(run[-1, 0] for run in known)
    count = max(1, min(BINS, *(len(run) for run in known)))
    edges = np.linspace(0, end, count + 1)
    binned = [np.clip(np.searchsorted(edges, run[:, 0]) - 1, 0, count - 1) for run in known]
    means = np.full((len(known), count), np.nan)
    quartiles = np.full((2, count), np.nan)
    for number, (run, place) in enumerate(zip(known, binned, strict=True)):
        for stretch in np.unique(place):
            values = run[place == stretch, 1]
            means[number, stretch] = values.mean()
            quartiles[:, stretch] = np.quantile(values, [0.25, 0.75])
    there = np.isfinite(means).any(axis=0)
    middle = ((edges[:-1] + edges[1:]) / 2)[there]
    means = means[:, there]
    if len(known) == 1:
        return Curve(middle, means[0], quartiles[0, there], quartiles[1, there])
    return Curve(
        middle, np.nanmean(means, axis=0), np.nanmin(means, axis=0), np.nanmax(means, axis=0)
    )


def _last(runs: Sequence[Sequence[dict[str, Any]]], name: str) -> float:
    ends = []
    for rows in runs:
        values = _series(rows, name)[:, 1]
        if len(values):
            ends.append(values[-max(1, round(len(values) * _LAST_SHARE)) :].mean())
    return float(np.mean(ends)) if ends else float("nan")
