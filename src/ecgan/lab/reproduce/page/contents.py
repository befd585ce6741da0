"""What a reproduction has on disk: its plan, its parts, and which of them are not there and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLAN_NAME = "plan.json"
RESULTS_NAME = "results"
EVALUATION = "evaluation-"
"""And the method: the name of a part."""
SHORT = 12
"""Digits of a hash where the whole one is told elsewhere."""


class Missing(LookupError):  # noqa: N818 - nothing failed: a part is not there
    """A part that the page cannot show; the message says which one and why."""


@dataclass(frozen=True)
class Part:
    """One file of `results/`."""

    name: str
    values: Mapping[str, Any]
    seed: int | None = None
    seconds: float | None = None
    command: str = ""
    """What makes this part alone."""
    model_sha256: Mapping[str, str] = field(default_factory=dict)
    settings_sha256: str = ""


@dataclass(frozen=True)
class Contents:
    """Everything below an output folder that the page is made of."""

    out: Path
    plan: Mapping[str, Any]
    parts: Mapping[str, Part]
    damaged: Mapping[str, str]
    """Files of `results/` that cannot be used, and why, by the name of the part."""
    no_plan: str | None
    """Why there is no plan; None where there is one."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The planned methods in the order of the plan, then those that only results know."""
        planned = self.plan.get("methods")
        names = [str(name) for name in planned] if isinstance(planned, list) else []
        evaluated = (name.partition("-")[2] for name in self.parts if name.startswith(EVALUATION))
        return tuple(dict.fromkeys([*names, *sorted(evaluated)]))

    @property
    def data(self) -> Mapping[str, Any]:
        """`data` of the plan; empty where there is none."""
        return mapping(self.plan.get("data"))

    @property
    def card(self) -> Mapping[str, Any]:
        """The card of the data; empty where there is none."""
        return mapping(self.data.get("card"))

    @property
    def skipped(self) -> Mapping[str, Any]:
        """Why a method or a part was left out on purpose."""
        return mapping(self.plan.get("skipped"))

    @property
    def command(self) -> str:
        """What makes everything that is missing: done parts are not done again."""
        return str(self.plan.get("command") or "ecgan reproduce DATA --out OUT")

    def part(self, name: str) -> Part:
        """Raises Missing where it is not there, or cannot be read."""
        if name in self.damaged:
            raise Missing(f"{RESULTS_NAME}/{name}.json {self.damaged[name]}")
        if name not in self.parts:
            raise Missing(self._why_absent(name))
        return self.parts[name]

    def file(self, name: Any) -> Path:
        """A file that a part names, relative to the folder.

        Raises:
            Missing: it is not below the folder.
        """
        path = self.out / str(name)
        if not path.resolve().is_relative_to(self.out.resolve()) or not path.is_file():
            raise Missing(f"there is no file {name} in the output folder")
        return path

    def _why_absent(self, name: str) -> str:
        reason = self.skipped.get(name, "this part has not been run")
        return f"{RESULTS_NAME}/{name}.json is not there: {reason}"


def read_contents(out: Path) -> Contents:
    """Read the plan and all parts; what is damaged is noted, not raised."""
    damaged: dict[str, str] = {}
    parts = {}
    for path in sorted((out / RESULTS_NAME).glob("*.json")):
        try:
            parts[path.stem] = _part(path)
        except (OSError, ValueError) as error:
            damaged[path.stem] = f"cannot be used: {_line(error)}"
    plan, problem = {}, None
    try:
        plan = _object(out / PLAN_NAME)
    except (OSError, ValueError) as error:
        problem = f"{PLAN_NAME} cannot be used: {_line(error)}"
    return Contents(out, plan, parts, damaged, problem)


def objects(value: Any) -> Sequence[Mapping[str, Any]]:
    """The objects of a list; nothing where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def _part(path: Path) -> Part:
    found = _object(path)
    if not isinstance(found.get("values"), dict):
        raise ValueError("it holds no object `values`")
    return Part(
        name=path.stem,
        values=found["values"],
        seed=found.get("seed"),
        seconds=found.get("seconds"),
        command=str(found.get("command") or ""),
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
