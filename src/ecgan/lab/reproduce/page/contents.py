"""What a reproduction has on disk: plan and parts, and what is missing or damaged."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecgan.evaluation.bootstrap import Interval

PLAN_NAME = "plan.json"
RESULTS_NAME = "results"
EVALUATION = "evaluation-"
"""And the method: the name of a part."""


class Missing(LookupError):  # noqa: N818 - nothing failed: a part is not there
    """What the page cannot show; each argument is a reason that names it."""


@dataclass(frozen=True)
class Part:
    """One file of `results/`."""

    name: str
    values: Mapping[str, Any]
    seed: int | None
    seconds: float | None
    command: str
    """What makes this part alone; what makes all, where it is not told."""
    model_sha256: Mapping[str, str]
    settings_sha256: str


@dataclass(frozen=True)
class Contents:
    """Everything below an output folder that the page is made of."""

    out: Path
    plan: Mapping[str, Any]
    no_plan: str | None
    """Why there is no plan; None where there is one."""
    parts: dict[str, Part] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    """Files of `results/` that cannot be used, and why, by the name of the part."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The planned methods in the order of the plan, then those that only results know."""
        evaluated = (name.partition("-")[2] for name in self.parts if name.startswith(EVALUATION))
        return tuple(dict.fromkeys([*_names(self.plan.get("methods")), *sorted(evaluated)]))

    @property
    def data(self) -> Mapping[str, Any]:
        """`data` of the plan; empty where there is none."""
        return mapping(self.plan.get("data"))

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
        known = [one for one in _names(self.data.get("expressions")) if one in expressions]
        return list(dict.fromkeys([*known, *expressions]))

    def ordered(self, values: Mapping[str, Any]) -> list[str]:
        """The keys that hold objects: methods as planned, then what they are compared with."""
        names = dict.fromkeys([*self.methods, *values])
        return [name for name in names if isinstance(values.get(name), dict)]

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
        return self.out / "figures" / f"{name}.png"

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
    try:
        contents = Contents(out, _object(out / PLAN_NAME), None)
    except (OSError, ValueError) as error:
        contents = Contents(out, {}, f"{PLAN_NAME} cannot be used: {_line(error)}")
    for path in sorted((out / RESULTS_NAME).glob("*.json")):
        try:
            contents.parts[path.stem] = _part(path, contents.command)
        except (OSError, ValueError) as error:
            contents.damaged[path.stem] = f"cannot be used: {_line(error)}"
    return contents


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def finite(value: Any) -> float | None:
    """A JSON value as a number; None where it is no finite one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) else None


def interval_of(value: Any) -> Interval | None:
    """An interval as the results have it: `value`, `low`, `high` and how many `people` (or `n`).

    None where there is none, or its value is no finite number.
    """
    found, low, high = (finite(mapping(value).get(key)) for key in ("value", "low", "high"))
    if found is None:
        return None
    if low is None or high is None:
        low = high = None
    people = finite(value.get("people", value.get("n"))) or 0
    images = finite(value.get("images")) or 0
    return Interval(found, low, high, people=int(people), images=int(images))


def _names(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


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
