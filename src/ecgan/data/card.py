"""`card.json` of prepared data: whose it is, its vocabulary, its alignment, what made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from ecgan import __version__
from ecgan.data.layouts import Source
from ecgan.data.manifest import Record, vocabulary_of

_TOOLS = ("mediapipe", "opencv-contrib-python-headless", "opencv-python-headless", "pillow")


def card_of(
    records: Sequence[Record],
    given: Mapping[str, Any] | None,
    alignment: Mapping[str, Any],
    sources: Sequence[Source] = (),
) -> dict[str, Any]:
    """What the user gave (name, licence, attribution and more), and what is known.

    Where the user gave none, name, licence and attribution are those of the data sets, if every
    source is one; `sources` has them one by one.
    """
    return {
        **_of_data_sets(sources),
        **(given or {}),
        "expressions": list(vocabulary_of(record.expression for record in records).names),
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


def tool_versions() -> list[str]:
    """Name and version of each installed package on which the pixels depend."""
    versions = []
    for package in _TOOLS:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return versions
