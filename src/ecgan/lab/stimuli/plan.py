"""What a set of stimuli holds: its series, its levels, and how the pictures are matched."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecgan.errors import UsageError
from ecgan.expressions import NEUTRAL, Vocabulary, canonical_target, target_in_file_names
from ecgan.inference.strength import MAX_STRENGTH


@dataclass(frozen=True)
class Series:
    """Pictures of one face in steps, from `first` at level 0 to `second` at level 100."""

    first: str
    second: str

    @property
    def name(self) -> str:
        """In file names and tables: `happy`, or `happy-sad` for the way between two."""
        names = (self.second,) if self.first == NEUTRAL else (self.first, self.second)
        return "-".join(map(target_in_file_names, names))

    def asked(self, level: int) -> tuple[str, float]:
        """Target and strength of a level."""
        if self.first == NEUTRAL:
            return self.second, level / 100
        if level in (0, 100):
            return (self.second if level else self.first), 1.0
        return f"{self.first}*{1 - level / 100:g}+{self.second}*{level / 100:g}", 1.0


@dataclass(frozen=True)
class Plan:
    """Of a whole set."""

    series: tuple[Series, ...]
    levels: tuple[int, ...]
    """Rising, in per cent."""
    equalise: bool = False
    """Give all pictures the same mean luminance and contrast inside the face."""
    oval_px: int | None = None
    """Side of the pictures if they show an upright face in an oval on grey; None: whole photos."""

    def __post_init__(self) -> None:
        names = [series.name for series in self.series]
        if not names or len(set(names)) < len(names):
            raise UsageError(f"expected different series, got {', '.join(names) or 'none'}")
        if self.oval_px is not None and not 64 <= self.oval_px <= 2048:
            raise UsageError(f"--size goes from 64 to 2048, got {self.oval_px}")
        if self.levels[-1] > 100 and any(series.first != NEUTRAL for series in self.series):
            raise UsageError(f"--between goes from 0 to 100, got the level {self.levels[-1]}")

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "series": [asdict(s) for s in self.series],
                "levels": list(self.levels)}  # fmt: skip


def series_of(
    targets: Sequence[str], between: Sequence[str], vocabulary: Vocabulary
) -> tuple[Series, ...]:
    """A series from neutral to each target, and one for each pair `"happy,sad"`.

    Raises:
        UsageError: an unknown expression, or no pair.
    """
    series = [Series(NEUTRAL, target) for target in targets]
    for text in between:
        names = [canonical_target(name) for name in text.split(",") if name.strip()]
        if len(names) != 2 or names[0] == names[1] or any("*" in name for name in names):
            raise UsageError(f"--between takes two expressions such as happy,sad, got {text!r}")
        if NEUTRAL in names:
            raise UsageError(f"--between {text}: the way from neutral is --to")
        for name in names:
            vocabulary.index(name)
        series.append(Series(names[0], names[1]))
    return tuple(series)


def parse_levels(text: str) -> tuple[int, ...]:
    """`"0,20,...,100"` or `"0,50,100"`: whole per cents that rise.

    Raises:
        UsageError: anything else.
    """
    expected = f"--levels takes rising whole per cents such as 0,20,...,100, got {text!r}"
    parts = [part.strip().rstrip("%") for part in text.replace("…", "...").split(",")]
    levels: list[int] = []
    for place, part in enumerate(parts):
        if part == "...":
            after = parts[place + 1 : place + 2]
            if len(levels) < 2 or not after or not after[0].isdigit():
                raise UsageError(expected)
            step, last = levels[-1] - levels[-2], int(after[0])
            if step <= 0 or (last - levels[-1]) % step:
                raise UsageError(f"{expected}: the steps do not reach {last}")
            levels += range(levels[-1] + step, last, step)
        elif part.isascii() and part.isdigit():
            levels.append(int(part))
        else:
            raise UsageError(expected)
    if len(levels) < 2 or any(b <= a for a, b in itertools.pairwise(levels)):
        raise UsageError(expected)
    if levels[-1] > 100 * MAX_STRENGTH:
        raise UsageError(f"--levels end at {100 * MAX_STRENGTH:g}, got {levels[-1]}")
    return tuple(levels)


def ids_of(paths: Sequence[Path]) -> list[str]:
    """A name of letters, digits and hyphens for each photo below a folder, which experiment
    software takes in file names; no two are alike, not even on a system that ignores case."""
    ids: list[str] = []
    taken: set[str] = set()
    for path in paths:
        words = re.findall(r"[A-Za-z0-9]+", "-".join(path.with_suffix("").parts))
        base = name = "-".join(words) or "photo"
        for number in itertools.count(2):
            if name.lower() not in taken:
                break
            name = f"{base}-{number}"
        taken.add(name.lower())
        ids.append(name)
    return ids
