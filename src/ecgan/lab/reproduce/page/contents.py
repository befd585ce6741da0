"""What a reproduction has on disk: plan, parts and training curves, and what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.evaluation.bootstrap import Interval
from ecgan.training.metrics import read_metrics

Series = NDArray[np.float64]

PLAN_NAME = "plan.json"
RESULTS_NAME = "results"
FIGURES_NAME = "figures"
EVALUATION = "evaluation-"
"""And the method: the name of a part."""
SHORT = 12
"""Digits of a hash where the whole one is told elsewhere."""
ROLES = ("generator", "discriminator")
BINS = 60
"""Points of a training curve at most."""
_LAST_SHARE = 0.1


class Missing(LookupError):  # noqa: N818 - nothing failed: a part is not there
    """What the page cannot show; each argument is a reason that names it."""


@dataclass(frozen=True)
class Part:
    """One file of `results/`."""

    name: str
    values: Mapping[str, Any]
    seed: int | None = None
    seconds: float | None = None
    command: str = ""
    """What makes this part alone; what makes all, where it is not told."""
    model_sha256: Mapping[str, str] = field(default_factory=dict)
    settings_sha256: str = ""


@dataclass(frozen=True)
class Contents:
    """Everything below an output folder that the page is made of."""

    out: Path
    plan: Mapping[str, Any]
    parts: dict[str, Part]
    damaged: dict[str, str]
    """Files of `results/` that cannot be used, and why, by the name of the part."""
    no_plan: str | None
    """Why there is no plan; None where there is one."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The planned methods in the order of the plan, then those that only results know."""
        names = map(str, listed(self.plan.get("methods")))
        evaluated = (name.partition("-")[2] for name in self.parts if name.startswith(EVALUATION))
        return tuple(dict.fromkeys([*names, *sorted(evaluated)]))

    @property
    def data(self) -> Mapping[str, Any]:
        """`data` of the plan; empty where there is none."""
        return mapping(self.plan.get("data"))

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Date, machine and versions; empty where they are not known."""
        return mapping(self.plan.get("provenance"))

    @property
    def people(self) -> Mapping[str, Any]:
        """Number of people by split; empty where it is not known."""
        return mapping(self.data.get("people"))

    @property
    def card(self) -> Mapping[str, Any]:
        """The card of the data; empty where there is none."""
        return mapping(self.data.get("card"))

    @property
    def name(self) -> str | None:
        """Of the data, as the card has it; else their folder."""
        known = self.card.get("name") or self.data.get("path")
        return None if known is None else str(known)

    @property
    def credits(self) -> list[str]:
        """Attribution and licence of the data, which must go where pictures of them go."""
        stated = (self.card.get(key) for key in ("attribution", "licence"))
        return [str(one) for one in stated if one]

    @property
    def skipped(self) -> Mapping[str, Any]:
        """Why a method or a part was left out on purpose."""
        return mapping(self.plan.get("skipped"))

    @property
    def command(self) -> str:
        """What makes everything that is missing: done parts are not done again."""
        return str(self.plan.get("command") or "ecgan reproduce DATA --out OUT")

    def in_order(self, expressions: Sequence[str]) -> list[str]:
        """Expressions in the order of the plan, others last; each once."""
        planned = map(str, listed(self.data.get("expressions")))
        known = (name for name in planned if name in expressions)
        return list(dict.fromkeys([*known, *expressions]))

    def evaluations(self) -> dict[str, Part]:
        """What `ecgan evaluate` found, by method."""
        found = {name: self.parts.get(EVALUATION + name) for name in self.methods}
        return {name: part for name, part in found.items() if part is not None}

    def part(self, name: str) -> Part:
        """Raises Missing where it is not there, or cannot be read."""
        if name in self.damaged:
            raise Missing(f"{RESULTS_NAME}/{name}.json {self.damaged[name]}")
        if name not in self.parts:
            reason = self.skipped.get(name, "this part has not been run")
            raise Missing(f"{RESULTS_NAME}/{name}.json is not there: {reason}")
        return self.parts[name]

    def figure(self, name: str) -> Path:
        """Where a figure of the page is written."""
        return self.out / FIGURES_NAME / f"{name}.png"

    def file(self, name: Any) -> Path:
        """A file that a part names, relative to the folder.

        Raises:
            Missing: it is not below the folder.
        """
        path = self.out / str(name)
        if not path.resolve().is_relative_to(self.out.resolve()) or not path.is_file():
            raise Missing(f"there is no file {name} in the output folder")
        return path


def read_contents(out: Path) -> Contents:
    """Read the plan and all parts; what is damaged is noted, not raised."""
    plan, problem = {}, None
    try:
        plan = _object(out / PLAN_NAME)
    except (OSError, ValueError) as error:
        problem = f"{PLAN_NAME} cannot be used: {_line(error)}"
    contents = Contents(out, plan, {}, {}, problem)
    for path in sorted((out / RESULTS_NAME).glob("*.json")):
        try:
            contents.parts[path.stem] = _part(path, contents.command)
        except (OSError, ValueError) as error:
            contents.damaged[path.stem] = f"cannot be used: {_line(error)}"
    return contents


def listed(value: Any) -> list[Any]:
    """A list; an empty one where it is something else."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where it is no list."""
    return [one for one in listed(value) if isinstance(one, dict)]


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def ordered(values: Mapping[str, Any], contents: Contents) -> list[str]:
    """The keys that hold objects: methods as planned, then what they are compared with."""
    known = [name for name in (*contents.methods, *values) if isinstance(values.get(name), dict)]
    return list(dict.fromkeys(known))


def finite(value: Any) -> float | None:
    """A JSON value as a number; None where it is no finite one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) else None


def interval_of(value: Any) -> Interval | None:
    """An interval as the results have it: `value`, `low`, `high` and how many `people` (or `n`).

    None where there is none, or its value is no finite number.
    """
    if not isinstance(value, Mapping):
        return None
    found, low, high = (finite(value.get(key)) for key in ("value", "low", "high"))
    if found is None:
        return None
    if low is None or high is None:
        low = high = None
    people = finite(value.get("people", value.get("n"))) or 0
    images = finite(value.get("images")) or 0
    return Interval(found, low, high, people=int(people), images=int(images))


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
    names = dict.fromkeys(
        name for rows in runs.values() for row in rows for name in row if name.startswith(ROLES)
    )
    curves, last = {}, {}
    for name in names:
        series = [found for rows in runs.values() if len(found := _series(rows, name))]
        ends = [one[-max(1, round(len(one) * _LAST_SHARE)) :, 1].mean() for one in series]
        if ends and np.isfinite(ends).all():
            last[name] = float(np.mean(ends))
        if series and name.endswith(("/total", "/gradient_norm")):
            curves[name] = _curve(series)
    return Training(tuple(runs), curves, last) if runs else None


def _part(path: Path, command: str) -> Part:
    found = _object(path)
    if not isinstance(found.get("values"), dict):
        raise ValueError("it holds no object `values`")
    return Part(
        name=path.stem,
        values=found["values"],
        seed=found.get("seed"),
        seconds=found.get("seconds"),
        command=str(found.get("command") or command),
        model_sha256=mapping(found.get("model_sha256")),
        settings_sha256=str(found.get("settings_sha256") or ""),
    )


def _object(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, expected an object")
    return found


def _line(error: Exception) -> str:
    known = error.strerror if isinstance(error, OSError) else None
    return known or " ".join(str(error).split()) or type(error).__name__


def _series(rows: Sequence[dict[str, Any]], name: str) -> Series:
    """(rows, 2): step and value, where there is a value."""
    pairs = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
    return np.asarray(pairs, dtype=np.float64).reshape(-1, 2)


def _curve(runs: Sequence[Series]) -> Curve:
    count = max(1, min(BINS, *(len(run) for run in runs)))
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
