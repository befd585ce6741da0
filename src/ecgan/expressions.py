"""The expression vocabulary, its aliases, and the expression vector z of the paper (Sec. 3)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import UsageError

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
NEUTRAL = "neutral"
MAX_INTENSITY = 1.2
"""Up to which drawn and re-animated faces are labelled; 1 is the full expression."""

ALIASES = {
    "neutral": ("ne", "neu", "normal", "neutrality", "no expression"),
    "happy": ("ha", "happiness", "joy", "joyful", "smile", "smiling"),
    "sad": ("sa", "sadness", "unhappy"),
    "angry": ("an", "anger"),
    "fear": ("fe", "af", "afraid", "fearful", "scared"),
    "disgust": ("di", "disgusted"),
    "surprise": ("su", "surprised"),
}
_CANONICAL = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}


def canonical_expression(name: str) -> str:
    """Vocabulary name of a label (`"AF"` -> `"fear"`, `"AF:Gasping"` -> `"fear:gasping"`); an
    unknown label stays, in lower case."""
    label, colon, recipe = name.partition(":")
    key = label.strip().lower().replace("_", " ").replace("-", " ")
    return _CANONICAL.get(key, key.replace(" ", "_")) + colon + recipe.strip().lower()


def expression_of(name: str) -> str:
    """The expression of a vocabulary name: `fear` of `fear:gasping`."""
    return name.partition(":")[0]


@dataclass(frozen=True)
class Vocabulary:
    """An ordered set of expressions that contains `neutral`; position i is entry i of z.

    A name may be a recipe of an expression, `fear:gasping`. The expression's own name then stands
    for its first recipe.
    """

    names: tuple[str, ...] = EXPRESSIONS

    def __post_init__(self) -> None:
        if NEUTRAL not in self.names or len(set(self.names)) != len(self.names):
            raise UsageError(
                f"an expression vocabulary needs distinct names and {NEUTRAL!r} among them, "
                f"got {list(self.names)}"
            )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def neutral_index(self) -> int:
        return self.names.index(NEUTRAL)

    @property
    def expressions(self) -> tuple[str, ...]:
        """All expressions in order, each once, without recipes."""
        return tuple(dict.fromkeys(map(expression_of, self.names)))

    @property
    def expressive(self) -> tuple[str, ...]:
        """All expressions but neutral, in order."""
        return tuple(name for name in self.expressions if name != NEUTRAL)

    def led_by(self, leads: Mapping[str, str]) -> Vocabulary:
        """The recipes of each expression in its place: the one that `leads` names for it first, so
        that it stands for the expression, then the others by name."""
        places = {expression: place for place, expression in enumerate(self.expressions)}
        first = {f"{expression}:{recipe}" for expression, recipe in leads.items()}
        return Vocabulary(
            tuple(sorted(self.names, key=lambda n: (places[expression_of(n)], n not in first, n)))
        )

    def index(self, name: str) -> int:
        """Position of a name or alias; of an expression's first recipe where it has some.

        Raises:
            UsageError: the name is not in this vocabulary; the message gives the nearest one.
        """
        canonical = canonical_expression(name)
        if canonical in self.names:
            return self.names.index(canonical)
        if canonical in self.expressions:
            return [expression_of(known) for known in self.names].index(canonical)
        known = dict.fromkeys((*self.expressions, *self.names))
        near = difflib.get_close_matches(canonical, [*known, *_CANONICAL], n=1)
        hint = f"; did you mean {canonical_expression(near[0])!r}?" if near else ""
        raise UsageError(f"unknown expression {name!r}, expected one of {', '.join(known)}{hint}")

    def code(self, name: str, intensity: float = 1.0) -> NDArray[np.float32]:
        """Expression vector z, shape (len(self),): `intensity` at the entry of `name`, the rest
        of one at neutral, so that intensity 0 of any expression is neutral itself.

        `code("neutral")` is the paper's z': one-hot z with the entries of neutral and of the
        expression exchanged.
        """
        z = np.zeros(len(self), dtype=np.float32)
        z[self.neutral_index] = 1.0 - intensity
        z[self.index(name)] = 1.0 if canonical_expression(name) == NEUTRAL else intensity
        return z


def parse_targets(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """`"happy,sad"`, `"fear:gasping"` or `"all"` (every expression but neutral) as known names."""
    if text.strip().lower() == "all":
        return vocabulary.expressive
    names = [part for part in text.split(",") if part.strip()]
    if not names:
        raise UsageError(
            f"expected an expression name, a comma list of them, or 'all'; got {text!r}"
        )
    for name in names:
        vocabulary.index(name)
    return tuple(dict.fromkeys(map(canonical_expression, names)))
