"""The user's own names of expressions: a small YAML file, or the order of a known data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from ecgan.data.layouts.words import code_of, is_usual, key, nearest_expression
from ecgan.errors import DataError, UsageError
from ecgan.expressions import canonical_expression

ORDERS: dict[str, dict[int, str]] = {
    "fer2013": dict(enumerate(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))),
    "rafdb": dict(
        enumerate(("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"), start=1)
    ),
    "affectnet": dict(
        enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"))
    ),
}
"""Expression by number in the well-known data sets."""
_LEFT_OUT = ("", "~", "null", "none")
_EXPECTED = (
    'expected lines such as `Freude: happy` or `"0": angry` (`skip: null` leaves a name out), '
    f"or one of {', '.join(ORDERS)} for the numbers of that data set"
)


class LabelMap:
    """Expressions by the names that folders, files or labels files have."""

    def __init__(self, names: Mapping[str, str | None], where: str) -> None:
        self.where = where
        """What messages call it."""
        self._given: dict[str | int, tuple[str, str | None]] = {}
        """Name as written and its expression, by `key` and by number."""
        self._unused = dict.fromkeys(names)
        for name, expression in names.items():
            if self._given.setdefault(key(name), (name, expression))[1] != expression:
                raise DataError(f"{where} gives {name!r} two meanings; name it once")
            if (number := code_of(name)) is not None:
                self._given[number] = name, expression

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that nothing had, so far."""
        return tuple(self._unused)

    def hint(self) -> str | None:
        """What to say of expressions that are none of the usual ones, such as a slip of the pen."""
        named = dict.fromkeys(expression for _, expression in self._given.values() if expression)
        odd = [name for name in named if not is_usual(name) and ":" not in name]
        near = [(name, nearest_expression(name)) for name in odd]
        said = [f"{name} (did you mean {other}?)" if other else name for name, other in near]
        return f"{self.where} names expressions of its own: {', '.join(said)}" if said else None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._place(name) is not None

    def __getitem__(self, name: str) -> str | None:
        """The expression, or None where the name is left out; KeyError where it is unknown."""
        place = self._place(name)
        if place is None:
            raise KeyError(name)
        given, expression = self._given[place]
        self._unused.pop(given, None)
        return expression

    def _place(self, name: str) -> str | int | None:
        return next((one for one in (key(name), code_of(name)) if one in self._given), None)


def read_label_map(given: str) -> LabelMap:
    """A YAML (or JSON) file of names, or the name of one of `ORDERS`.

    Raises:
        UsageError: neither a file nor an order.
        DataError: it cannot be read, or is no table of names.
    """
    if given.lower() in ORDERS and not Path(given).exists():
        order = ORDERS[given.lower()]
        return LabelMap({str(code): name for code, name in order.items()}, f"--labels {given}")
    if not Path(given).is_file():
        raise UsageError(f"--labels: there is no file {given}; {_EXPECTED}")
    try:
        table = yaml.load(Path(given).read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"cannot read the labels {given}: {first}; {_EXPECTED}") from None
    if not isinstance(table, dict) or not table:
        raise DataError(f"the labels {given} hold no table of names; {_EXPECTED}")
    names: dict[str, str | None] = {}
    for name, value in table.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise DataError(f"the labels {given} give {name!r} no plain name; {_EXPECTED}")
        left_out = value.strip().lower() in _LEFT_OUT
        names[name] = None if left_out else canonical_expression(value)
    return LabelMap(names, given)


def orders_text() -> str:
    """The well-known orders in a sentence."""
    return "; ".join(
        f"{name}: {', '.join(f'{code} {expression}' for code, expression in order.items())}"
        for name, order in ORDERS.items()
    )
