"""What a name of a folder or file may say: an expression in some language, a published part, a
number that codes a label, or that it is no name of a person."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from ecgan.expressions import ALIASES, EXPRESSIONS, canonical_expression

MAPPED, SURE, GUESSED, CODE = 4, 3, 2, 1
"""How a name was read: by the user's map, by the usual names, by a word of `words.yaml` or beside
other words (which is said), or by a code of two letters, which may be somebody's initials."""


@cache
def read_yaml(name: str) -> dict[str, Any]:
    """A file of this package; all values in it are texts."""
    text = files("ecgan.data.layouts").joinpath(name).read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)
    return found


_TEXTS = read_yaml("words.yaml")
ORDERS: dict[str, dict[str, str]] = _TEXTS["orders"]
"""Expression by number in the well-known data sets."""
_OTHER_NAMES, _FILLER, _NOBODY, _NO_PEOPLE, _MASKS = (
    frozenset(_TEXTS[name].split(", "))
    for name in ("others", "filler", "nobody", "no_people", "masks")
)
_PART_WORDS: dict[str, str] = {
    word: part for part, text in _TEXTS["parts"].items() for word in text.split(", ")
}
_LONG_ALIASES = {a for aliases in ALIASES.values() for a in aliases if len(a) > 2}
_CJK_FILLER = re.compile("的?(?:表情|图片|圖片|照片|人脸|脸|顔|画像|類|类)|的$")


@dataclass(frozen=True)
class Reading:
    """What a name says of the expression; None: the labels map leaves it out."""

    expression: str | None
    rank: int


def key(name: str) -> str:
    """A name for comparing: lower case, no accents, single blanks between its parts."""
    flat = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name).casefold())
    latin = "".join(c for c in flat if not "\u0300" <= c <= "\u036f").replace("ı", "i")
    latin = latin.replace("ł", "l").replace("ø", "o").replace("æ", "ae")
    return " ".join(re.sub(r"[\s_.\-–()\[\]+,&#]+", " ", latin).split())


def words(name: str) -> list[str]:
    """The letters and numbers of a name in order: `HappyFaces_02` is happy, faces, 02."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", key(apart))


def _expression_of_word() -> dict[str, str]:
    """Expression by word, umlauts also as German spells them without."""
    found = {}
    for expression, text in _TEXTS["expressions"].items():
        for word in text.split(", "):
            spelled = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
            found[key(word)] = found[key(spelled)] = expression
    return {**found, **{key(word): word for word in _OTHER_NAMES}}


_TABLE = _expression_of_word()


def is_usual(expression: str) -> bool:
    """Whether a label is one of the usual seven, or another that data sets have."""
    return expression in EXPRESSIONS or expression in _OTHER_NAMES


@lru_cache(maxsize=1 << 14)
def read_expression(name: str) -> Reading | None:
    """The expression that a name stands for: alone, in another language, or among words that say
    nothing (`01_happy`, `Happy faces`); None where there is none or more than one."""
    canonical = canonical_expression(name)
    if canonical in EXPRESSIONS:
        return Reading(canonical, CODE if len(key(name)) <= 2 else SURE)
    if key(name) in _OTHER_NAMES:
        return Reading(key(name), SURE)
    whole = _TABLE.get(key(name)) or _TABLE.get(_CJK_FILLER.sub("", key(name)))
    if whole is not None:
        return Reading(whole, GUESSED)
    parts = words(name)
    found = {word: expression for word in parts if (expression := word_expression(word))}
    rest = (word for word in parts if word not in found)
    if len(set(found.values())) == 1 and all(_says_nothing(word) for word in rest):
        return Reading(next(iter(found.values())), GUESSED)
    return None


def word_expression(word: str) -> str | None:
    """The expression that a single word of a name stands for; codes of two letters do not count."""
    if word in EXPRESSIONS or word in _LONG_ALIASES:
        return canonical_expression(word)
    return _TABLE.get(word)


def nearest_expression(name: str) -> str | None:
    """A known word that looks like the name, or stands in it, for hints."""
    inside = {expression for word in words(name) if (expression := word_expression(word))}
    if len(inside) == 1:
        return inside.pop()
    known = [*EXPRESSIONS, *_LONG_ALIASES, *_TABLE]
    near = difflib.get_close_matches(key(name), known, n=1, cutoff=0.75)
    return None if not near else word_expression(near[0]) or canonical_expression(near[0])


def _says_nothing(word: str) -> bool:
    return word.isdigit() or len(word) == 1 or word in _FILLER or word in _PART_WORDS


@lru_cache(maxsize=1 << 14)
def part_of(name: str) -> str | None:
    """Which of train, val and test a name stands for: `Train`, `test_set`, `PublicTest`."""
    joined = key(name).replace(" ", "")
    if joined in _PART_WORDS:
        return _PART_WORDS[joined]
    parts = words(name)
    found = {_PART_WORDS[word] for word in parts if word in _PART_WORDS}
    rest = (word for word in parts if word not in _PART_WORDS)
    fits = all(_says_nothing(word) or word_expression(word) for word in rest)
    return next(iter(found)) if len(found) == 1 and fits else None


def code_of(name: str) -> int | None:
    """The number that a name is, such as `3`, `class001` or `label_7`."""
    parts = words(name)
    numbers = [word for word in parts if word.isdigit()]
    rest = (word for word in parts if not word.isdigit())
    if len(numbers) == 1 and numbers[0].isascii() and all(word in _FILLER for word in rest):
        return int(numbers[0])
    return None


def is_filler(name: str) -> bool:
    """Whether a name tells nothing of what a folder holds: `images`, `Dataset`."""
    return bool(words(name)) and all(word in _FILLER for word in words(name))


def are_masks(folder: str) -> bool:
    """Whether a folder holds no photos but what belongs to them."""
    return key(folder) in _MASKS


@lru_cache(maxsize=1 << 14)
def is_nobody(name: str) -> bool:
    """Whether a part of a file's name is no person's: a camera's, a date, a hash, an expression."""
    parts = words(name)
    letters = [word for word in parts if not word.isdigit()]
    joined = re.sub(r"[\s\-]", "", name)
    return bool(
        not parts
        or re.fullmatch(r"(?:19|20)\d{6}|\d{9,}|[0-9a-fA-F]{12,}|[pP]\d{6,}", joined)
        or (len(joined) > 24 and re.search(r"\d", joined) and re.search(r"[a-zA-Z]", joined))
        or (letters and letters[0] in _NOBODY)
        or any(word_expression(word) in EXPRESSIONS for word in letters)
    )


@lru_cache(maxsize=1 << 14)
def may_be_people(folder: str) -> bool:
    """Whether a folder's name could be somebody's: no session, data set, sex, angle or year."""
    parts = words(folder)
    letters = [word for word in parts if not word.isdigit()]
    if re.fullmatch(r"(?:19|20)\d\d", folder) or not parts:
        return False
    return not letters or not all(word in _NO_PEOPLE for word in letters)


def shown(names: Iterable[str], limit: int = 5) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
