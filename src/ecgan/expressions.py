"""The expression vocabulary, its aliases, and the expression vector z of the paper (Sec. 3)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import UsageError

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
NEUTRAL = "neutral"

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
    """Vocabulary name of a label (`"AF"` -> `"fear"`); an unknown label stays, in lower case."""
    key = name.strip().lower().replace("_", " ").replace("-", " ")
    return _CANONICAL.get(key, key.replace(" ", "_"))


@dataclass(frozen=True)
class Vocabulary:
    """An ordered set of expressions that contains `neutral`; position i is entry i of z."""

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
    def expressive(self) -> tuple[str, ...]:
        """All names but neutral, in order."""
        return tuple(name for name in self.names if name != NEUTRAL)

    def index(self, name: str) -> int:
        """Position of a name or alias.

        Raises:
            UsageError: the name is not in this vocabulary; the message gives the nearest one.
        """
        canonical = canonical_expression(name)
        if canonical in self.names:
            return self.names.index(canonical)
        near = difflib.get_close_matches(canonical, [*self.names, *_CANONICAL], n=1)
        hint = f"; did you mean {canonical_expression(near[0])!r}?" if near else ""
        raise UsageError(
            f"unknown expression {name!r}, expected one of {', '.join(self.names)}{hint}"
        )

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
    """`"happy,sad"` or `"all"` (every expression but neutral) as vocabulary names."""
    if text.strip().lower() == "all":
        return vocabulary.expressive
    names = [part for part in text.split(",") if part.strip()]
    if not names:
        raise UsageError(
            f"expected an expression name, a comma list of them, or 'all'; got {text!r}"
        )
    return tuple(dict.fromkeys(vocabulary.names[vocabulary.index(name)] for name in names))
