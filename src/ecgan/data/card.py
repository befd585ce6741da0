"""`card.json` of prepared data: whose it is, its vocabulary, its alignment, what made it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from ecgan import __version__
from ecgan.data.layouts import Source
from ecgan.data.manifest import CARD_NAME, vocabulary_of
from ecgan.errors import DataError

_TOOLS = ("mediapipe", "opencv-contrib-python-headless", "opencv-python-headless", "pillow")


def card_of(
    labels: Iterable[str],
    given: Mapping[str, Any] | None,
    alignment: Mapping[str, Any],
    sources: Sequence[Source] = (),
) -> dict[str, Any]:
    """What the user gave (name, licence, attribution and more), and what is known.

    Where the user gave none, name, licence and attribution are those of the data sets, if every
    source is one; `sources` has them one by one. `labels`: the expressions found.
    """
    return {
        **_of_data_sets(sources),
        **(given or {}),
        "expressions": list(vocabulary_of(labels).names),
        "alignment": dict(alignment),
        "sources": [about(source) for source in sources],
        "made_with": [f"ecgan {__version__}", *tool_versions()],
    }


def about(source: Source) -> dict[str, str]:
    """A source's layout, and the data set's title, terms and citation where it is one."""
    layout = source.layout
    known = {"title": layout.title, "terms": layout.terms, "citation": layout.citation}
    named = {key: value for key, value in known.items() if value and layout.citation}
    return {"source": source.name, "layout": layout.name, **named}


def _of_data_sets(sources: Sequence[Source]) -> dict[str, str | None]:
    layouts = list(dict.fromkeys(source.layout for source in sources))
    if not layouts or any(layout.citation is None for layout in layouts):
        return {"name": None, "licence": None, "attribution": None}
    return {
        "name": ", ".join(layout.title for layout in layouts),
        "licence": "; ".join(f"{layout.title}: {layout.terms}" for layout in layouts),
        "attribution": "; ".join(f"{layout.citation}" for layout in layouts),
    }


def source_card(folder: Path) -> dict[str, Any]:
    """`card.json` of a source folder: whose it is, and whether its landmarks are to be taken as
    given. Empty where there is none.

    Raises:
        DataError: there is one, but it is no JSON object.
    """
    file = folder / CARD_NAME
    return read_card(file) if file.exists() else {}


def read_card(file: Path) -> dict[str, Any]:
    """What somebody says of the data.

    Raises:
        DataError: it cannot be read, or is no JSON object.
    """
    expected = 'expected a JSON object such as {"licence": ...}'
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"cannot read the card {file}: {reason}; {expected}") from None
    if not isinstance(card, dict):
        raise DataError(f"the card {file} holds a {type(card).__name__}, {expected}")
    return card


def joined_cards(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a data set made of several sources says of their origin: each statement once.

    `synthetic` is there as soon as one source is, so that drawn faces never pass as photos. A
    licence that some sources do not state is not claimed for all.
    """
    joined: dict[str, Any] = {}
    for key in ("name", "licence", "attribution", "synthetic") if all(cards) else ("synthetic",):
        values = list(dict.fromkeys(str(card[key]) for card in cards if card.get(key)))
        if values:
            joined[key] = "; ".join(values)
    return joined


def tool_versions() -> list[str]:
    """Name and version of each installed package on which the pixels depend."""
    versions = []
    for package in _TOOLS:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return versions
