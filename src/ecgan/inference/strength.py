"""What is asked of the generators, from what a user asks for: strength and route.

Pure rules on numbers. A face is first judged by the recogniser's probabilities; an expressive one
is neutralised, or translated as it is, as the route says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ecgan.errors import SnapshotError, UsageError
from ecgan.expressions import MAX_INTENSITY, NEUTRAL, Vocabulary

MAX_STRENGTH = 1.5
LEAST_FULL = MAX_INTENSITY / MAX_STRENGTH
"""Least labelled intensity that strength 1 may stand for: `MAX_STRENGTH` then shows the strongest
labels."""
NEUTRAL_FROM = 0.5
"""A face whose probability of neutral is lower is expressive."""
NEUTRAL_PASSES = 3
"""At most: one pass takes a broad smile back only in part. Each paints the mouth anew, so that a
further one must raise the probability of neutral."""
LEFT_BY = 0.5
"""The strength by which a face that is translated directly has left its own expression."""

Route = Literal["neutral-first", "direct", "auto"]
"""How an expressive face gets another expression: neutralised by the second generator, then
translated by the first; by the first alone, which must have learned it (`data.direct`); or by the
first alone where the recogniser then sees what was asked for, and more of it, at full strength."""
ROUTES: tuple[Route, ...] = get_args(Route)

Start = Literal["neutralised", "photo", "kept"]
"""What an expressive face's translation starts from; `kept`: the photo is the translation."""


@dataclass(frozen=True)
class Request:
    """What a generator is to do."""

    intensity: float
    """Of the expression in z."""
    share: float
    """How much of its change is applied: 0 none, 1 all, beyond 1 exaggerated."""


def request_for(
    strength: float, full: float | None, *, expressive: bool = False, direct: bool = False
) -> Request:
    """The request that shows a strength of an expression.

    Args:
        strength: in [0, `MAX_STRENGTH`]; 0 shows the face that the translation starts from.
        full: labelled intensity that strength 1 shows on a face that was neutral; None for
            generators that learned no intensities, of which only the change can be scaled.
        expressive: of an expression in the photo something stays, so that at least 1 is asked for.
        direct: the translation starts from an expressive face. That leaves its own expression on
            the way to `LEFT_BY`.
    """
    if full is None:
        return Request(1.0, strength)
    if expressive:
        full = max(1.0, full)
    if direct and strength < LEFT_BY:
        return Request(LEFT_BY * full, strength / LEFT_BY)
    intensity = strength * full
    # Beyond what labels go to, what the generator does there is exaggerated.
    share = max(1.0, intensity / MAX_INTENSITY) if strength else 0.0
    return Request(min(intensity, MAX_INTENSITY), share)


def check_strength(strength: float) -> None:
    """Raises UsageError for a strength outside [0, `MAX_STRENGTH`]."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise UsageError(f"strength goes from 0 to {MAX_STRENGTH}, got {strength:g}")


def is_expressive(probabilities: Mapping[str, float]) -> bool:
    """Whether the recogniser sees an expression in a face."""
    return probabilities[NEUTRAL] < NEUTRAL_FROM


def neutralises_further(passes: int, neutral: float) -> bool:
    """Whether to try one more pass after `passes`, which gave this probability of neutral."""
    return passes < NEUTRAL_PASSES and neutral < NEUTRAL_FROM


def best_start(
    expression: str,
    photo: Mapping[str, float],
    first: Mapping[str, float],
    direct: Mapping[str, float],
) -> Start:
    """Of the route `auto`: what shows most of the expression at full strength. The direct
    translation must convince: one that does not has kept the photo's own mouth. A photo that shows
    the expression already, and more of it than both, stays as it is.

    Args:
        expression: what was asked for.
        photo: probabilities by expression of the face in the photo.
        first: of the translation of the neutralised face.
        direct: of the translation of the face as it is.
    """

    def shows(seen: Mapping[str, float]) -> bool:
        return expression == max(seen, key=lambda name: seen[name])

    if shows(photo) and photo[expression] >= max(first[expression], direct[expression]):
        return "kept"
    if shows(direct) and direct[expression] > first[expression]:
        return "photo"
    return "neutralised"


def parse_route(text: str) -> Route:
    """One of `ROUTES`.

    Raises:
        UsageError: anything else.
    """
    for route in ROUTES:
        if text.strip().lower() == route:
            return route
    raise UsageError(f"a route is {', '.join(ROUTES[:-1])} or {ROUTES[-1]}, got {text!r}")


def full_intensities(value: Any, vocabulary: Vocabulary) -> dict[str, float]:
    """The labelled intensity that strength 1 shows, for each expressive entry of z.

    Args:
        value: one number for all, or a table with one for each.
        vocabulary: the entries.

    Raises:
        SnapshotError: not a number in [LEAST_FULL, MAX_INTENSITY].
    """
    names = [name for name in vocabulary.names if name != NEUTRAL]
    table = value if isinstance(value, Mapping) else dict.fromkeys(names, value)
    for name in names:
        full = table.get(name)
        if not isinstance(full, int | float) or not LEAST_FULL <= full <= MAX_INTENSITY:
            raise SnapshotError(
                f"full_intensity lies in [{LEAST_FULL:g}, {MAX_INTENSITY}], got {full!r} for {name}"
            )
    return {name: table[name] for name in names}


@dataclass(frozen=True)
class StrengthCurve:
    """A strength over time: straight between its keys, constant before and after them."""

    keys: tuple[tuple[float, float], ...]
    """Seconds, which rise, and strengths."""

    def at(self, seconds: float) -> float:
        before = self.keys[0]
        for time, value in self.keys:
            if seconds <= time:
                begin, first = before
                share = (seconds - begin) / (time - begin) if time > begin else 1.0
                return first + min(max(share, 0.0), 1.0) * (value - first)
            before = (time, value)
        return before[1]

    @property
    def constant(self) -> float | None:
        """The strength, where it is one all the time."""
        return self.keys[0][1] if len(self.keys) == 1 else None

    def told(self) -> float | str:
        """As a user would write it."""
        if self.constant is not None:
            return self.constant
        return ",".join(f"{time:g}s:{value:g}" for time, value in self.keys)


_TIMES = {"ms": 0.001, "s": 1.0, "": 1.0}


def parse_strength(text: str) -> StrengthCurve:
    """`0.8`, or keyframes `TIME:STRENGTH,...` with times such as `2`, `2s` or `500ms`.

    Raises:
        UsageError: something else, times that do not rise, or a strength out of range.
    """
    keys: list[tuple[float, float]] = []
    for part in text.split(","):
        time, colon, value = part.strip().rpartition(":")
        try:
            keys.append((_seconds(time.strip()) if colon else 0.0, float(value)))
        except ValueError:
            raise UsageError(
                "--strength takes a number such as 0.8, or for videos keyframes such as "
                f"0:0,2s:1, got {text!r}"
            ) from None
        check_strength(keys[-1][1])
        if len(keys) > 1 and (not colon or keys[-1][0] <= keys[-2][0]):
            raise UsageError(f"--strength takes keyframes whose times rise, got {text!r}")
    return StrengthCurve(tuple(keys))


def _seconds(text: str) -> float:
    number = text.rstrip("ms")
    value = float(number) * _TIMES.get(text[len(number) :], math.nan)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(text)
    return value
