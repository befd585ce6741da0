"""Intervals and other numbers of the results, read from JSON and written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.experiments.reproduce.page.markup import Html, join, text

NOTHING = Html("–")
_MINUS = "−"


def interval_of(value: Any) -> Interval | None:
    """An interval as the results have it: `value`, `low`, `high` and how many `people` (or `n`).

    None where there is none, or its value is no finite number.
    """
    if not isinstance(value, Mapping) or not _finite(value.get("value")):
        return None
    low, high = value.get("low"), value.get("high")
    bounds = (float(low), float(high)) if _finite(low) and _finite(high) else (None, None)
    people = value.get("people", value.get("n"))
    images = value.get("images")
    return Interval(
        float(value["value"]),
        *bounds,
        people=int(people) if _finite(people) else 0,
        images=int(images) if _finite(images) else 0,
    )


def number(value: Any, digits: int = 1, scale: float = 1.0, *, sign: bool = False) -> str:
    """A number with so many digits after the point, with a true minus; a dash where it is none."""
    if not _finite(value):
        return NOTHING
    written = f"{value * scale:{'+' if sign else ''}.{digits}f}"
    if float(written) == 0:
        written = written.lstrip("+-")
    return written.replace("-", _MINUS)


def spread(
    interval: Interval | None,
    digits: int = 1,
    scale: float = 1.0,
    *,
    sign: bool = False,
    best: bool = False,
) -> Html:
    """A value, and its interval in brackets behind it."""
    if interval is None:
        return NOTHING
    value = text(number(interval.value, digits, scale, sign=sign))
    shown = Html(f"<strong>{value}</strong>" if best else f"<span>{value}</span>")
    if interval.low is None or interval.high is None:
        return join([shown, Html('<span class="interval">one person: no interval</span>')], " ")
    low = number(interval.low, digits, scale, sign=sign)
    high = number(interval.high, digits, scale, sign=sign)
    bounds = Html(f'<span class="interval">[{text(low)}, {text(high)}]</span>')
    return join([shown, bounds], " ")


def rate(interval: Interval | None, *, best: bool = False) -> Html:
    """A rate between 0 and 1 in percent."""
    return spread(interval, scale=100, best=best)


def plain_rate(interval: Interval | None) -> str:
    """A rate in percent without any markup, for alternative texts."""
    if interval is None:
        return "not measured"
    value = f"{number(interval.value, scale=100)} %"
    if interval.low is None or interval.high is None:
        return value
    return f"{value} ({number(interval.low, scale=100)} to {number(interval.high, scale=100)})"


def excludes_zero(interval: Interval) -> bool:
    """Whether a difference lies outside its interval about no difference."""
    if interval.low is None or interval.high is None:
        return False
    return interval.low > 0 or interval.high < 0


def best_of(found: Mapping[str, Interval | None], *, higher: bool) -> str | None:
    """Who is better than everybody else beyond doubt: an interval that overlaps no other one."""
    known = {
        name: one for name, one in found.items() if one is not None and one.low is not None
    }
    if len(known) < 2:
        return None
    bounds = {name: (float(one.low or 0), float(one.high or 0)) for name, one in known.items()}
    key = (lambda name: bounds[name][0]) if higher else (lambda name: -bounds[name][1])
    first = max(bounds, key=key)
    others = [bound for name, bound in bounds.items() if name != first]
    if higher:
        apart = all(bounds[first][0] > high for _, high in others)
    else:
        apart = all(bounds[first][1] < low for low, _ in others)
    return first if apart else None


def seconds(value: Any) -> str:
    """A time in the unit in which it is easily read."""
    if not _finite(value):
        return NOTHING
    if value < 100:
        return f"{value:.1f} s"
    if value < 100 * 60:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:.1f} h"


def _finite(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    )
