"""Intervals and other numbers of the results, read from JSON and written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.markup import Html, join, text

NOTHING = Html("–")
_MINUS = "−"


def interval_of(value: Any) -> Interval | None:
    """An interval as the results have it: `value`, `low`, `high` and how many `people` (or `n`).

    None where there is none, or its value is no finite number.
    """
    if not isinstance(value, Mapping):
        return None
    found, low, high = (_finite(value.get(key)) for key in ("value", "low", "high"))
    if found is None:
        return None
    if low is None or high is None:
        low = high = None
    people = _finite(value.get("people", value.get("n"))) or 0
    images = _finite(value.get("images")) or 0
    return Interval(found, low, high, people=int(people), images=int(images))


def number(value: Any, digits: int = 1, scale: float = 1.0, *, sign: bool = False) -> str:
    """A number with so many digits after the point, with a true minus; a dash where it is none."""
    found = _finite(value)
    if found is None:
        return NOTHING
    written = f"{found * scale:{'+' if sign else ''}.{digits}f}"
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
    known = {name: one for name, one in found.items() if one is not None and one.low is not None}
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
    found = _finite(value)
    if found is None:
        return NOTHING
    if found < 100:
        return f"{found:.1f} s"
    if found < 100 * 60:
        return f"{found / 60:.1f} min"
    return f"{found / 3600:.1f} h"


def _finite(value: Any) -> float | None:
    """A JSON value as a number; None where it is no finite one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) else None
