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


def parse_blend(target: str) -> dict[str, float]:
    """Share of each name of a target: `"happy*0.7+surprise*0.3"`, `"happy+sad"` (a half each),
    `"happy*0.5"` (the rest is neutral), or one name alone.

    Raises:
        UsageError: a share that is no number above 0, one missing beside others, or more than 1 in
            sum.
    """
    parts = [part.partition("*") for part in target.split("+")]
    given = [share.strip() for _, star, share in parts if star]
    expected = f"expected a blend such as happy*0.7+surprise*0.3, got {target!r}"
    if any(not name.strip() for name, _, _ in parts):
        raise UsageError(f"{expected}: an expression's name is missing")
    if given and len(given) < len(parts):
        raise UsageError(f"{expected}: give each expression its share, or none")
    try:
        shares = [float(share) for share in given] or [1 / len(parts)] * len(parts)
    except ValueError:
        raise UsageError(f"{expected}: a share is a number between 0 and 1") from None
    if not all(0 < share <= 1 for share in shares) or sum(shares) > 1 + 1e-6:
        raise UsageError(f"{expected}: shares lie above 0 and sum up to 1 at most")
    blend: dict[str, float] = {}
    for (name, _, _), share in zip(parts, shares, strict=True):
        canonical = canonical_expression(name)
        blend[canonical] = blend.get(canonical, 0.0) + share
    return blend


def canonical_target(target: str) -> str:
    """A target with its names as in a vocabulary: `"Joy * .7 + sad*.3"` is `happy*0.7+sad*0.3`.

    Raises:
        UsageError: see `parse_blend`.
    """
    if "*" not in target and "+" not in target:
        return canonical_expression(target)
    blend = parse_blend(target)
    if list(blend.values()) == [1.0]:
        return next(iter(blend))
    return "+".join(f"{name}*{share:.4g}" for name, share in blend.items())


def target_in_file_names(target: str) -> str:
    """`happy-laugh70+sad30` for `happy:laugh*0.7+sad*0.3`, which file systems do not take."""
    if "*" not in target and "+" not in target:
        return target.replace(":", "-")
    return "+".join(
        f"{name.replace(':', '-')}{100 * share:.4g}" for name, share in parse_blend(target).items()
    )


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

    def shares(self, target: str) -> dict[str, float]:
        """Share of each entry in a name, an alias or a blend (`parse_blend`).

        Raises:
            UsageError: an unknown name, or shares that do not fit.
        """
        whole = canonical_expression(target) in self.names
        shares: dict[str, float] = {}
        for name, share in ({target: 1.0} if whole else parse_blend(target)).items():
            entry = self.names[self.index(name)]
            shares[entry] = shares.get(entry, 0.0) + share
        return shares

    def code(self, name: str, intensity: float = 1.0) -> NDArray[np.float32]:
        """Expression vector z, shape (len(self),): `intensity` at the entry of `name`, the rest
        of one at neutral, so that intensity 0 of any expression is neutral itself. Of a blend,
        each entry has its share of `intensity`.

        `code("neutral")` is the paper's z': one-hot z with the entries of neutral and of the
        expression exchanged.
        """
        z = np.zeros(len(self), dtype=np.float32)
        shares = {entry: share for entry, share in self.shares(name).items() if entry != NEUTRAL}
        for entry, share in shares.items():
            z[self.names.index(entry)] = share * intensity
        z[self.neutral_index] = 1.0 - sum(shares.values()) * intensity
        return z


def parse_targets(text: str, vocabulary: Vocabulary, *, blends: bool = True) -> tuple[str, ...]:
    """`"happy,sad"`, `"fear:gasping"`, `"happy*0.7+sad*0.3"` or `"all"` (every expression but
    neutral) as known names; without `blends` single names alone."""
    if text.strip().lower() == "all":
        return vocabulary.expressive
    names = [part for part in text.split(",") if part.strip()]
    if not names:
        raise UsageError(
            f"expected an expression name, a comma list of them, or 'all'; got {text!r}"
        )
    for name in names:
        if blends:
            vocabulary.shares(name)
        else:
            vocabulary.index(name)
    return tuple(dict.fromkeys(map(canonical_target, names)))
