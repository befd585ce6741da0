"""What a study is: its pairs, its pictures and its rules, as `study.json` keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ecgan.errors import DataError
from ecgan.files import write_json

FORMAT = 1
STUDY_NAME = "study.json"
IMAGES_NAME = "images"
Kind = Literal["practice", "pair", "catch"]
Side = Literal["left", "right"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Item:
    """A real picture and what may stand beside it; one trial of every session."""

    kind: Kind
    expression: str
    people: tuple[str, ...]
    """Who is to be seen in it: one person, or two."""
    real: str
    """Name of the real picture."""
    fakes: Mapping[str, str]
    """Name of the generated picture by method; of a catch trial the broken one, by how it broke."""


@dataclass(frozen=True)
class Settings:
    """The rules of a study."""

    seed: int
    size_px: int
    """Side of all pictures."""
    show_ms: int
    """How long a pair is to be seen."""
    fixation_ms: int
    """How long the cross before it is."""
    break_every: int
    """Trials between two breaks."""
    contact: str | None
    """Who answers for the study; on the first and on the last page."""


@dataclass(frozen=True)
class Study:
    """A study as it was built. Only `sessions.trials` may go to a browser: this is the key."""

    settings: Settings
    methods: tuple[str, ...]
    items: tuple[Item, ...]
    pictures: Mapping[str, Mapping[str, str]]
    """Of each picture: `file`, relative to what it was copied from, and `sha256` of that file."""
    credits: tuple[str, ...]
    """Lines that the debriefing shows."""
    facts: Mapping[str, Any]
    """Date, command and versions."""

    def count(self, kind: Kind) -> int:
        """Trials of one kind in every session."""
        return sum(item.kind == kind for item in self.items)

    def picture_names(self) -> list[str]:
        """Names of all pictures, each once, by name."""
        return sorted({n for item in self.items for n in (item.real, *item.fakes.values())})


def write_study(study: Study, root: Path) -> None:
    """Write `study.json`; equal studies give equal bytes."""
    write_json(root / STUDY_NAME, {"format": FORMAT, **asdict(study)})


def load_study(root: Path) -> Study:
    """Read what `ecgan study build` wrote.

    Raises:
        DataError: there is no study, it is damaged, or of another format.
    """
    path = root / STUDY_NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"no study in {root} ({STUDY_NAME}: {error.strerror}); make it with "
            "`ecgan study build --real DATA --method NAME=FOLDER --out STUDY`"
        ) from None
    except ValueError:
        raise DataError(f"{path} is damaged: not JSON; build the study again") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise DataError(f"{path} has format {found!r}, expected {FORMAT}; build the study again")
    try:
        return _study(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged ({type(error).__name__}: {error}); build the study again"
        ) from None


def _study(values: dict[str, Any]) -> Study:
    study = Study(
        settings=Settings(**values["settings"]),
        methods=tuple(values["methods"]),
        items=tuple(Item(**{**item, "people": tuple(item["people"])}) for item in values["items"]),
        pictures=values["pictures"],
        credits=tuple(values["credits"]),
        facts=values["facts"],
    )
    for item in study.items:
        if item.kind not in KINDS or not item.fakes:
            raise ValueError(f"an item of kind {item.kind!r} with {len(item.fakes)} fakes")
        if item.kind != "catch" and set(item.fakes) != set(study.methods):
            raise ValueError(f"an item with {sorted(item.fakes)}, expected {study.methods}")
    if not study.methods or not study.count("pair"):
        raise ValueError("no methods or no pairs")
    return study
