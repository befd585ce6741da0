"""`card.json` of prepared data: whose it is, its vocabulary, its alignment, what made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from ecgan import __version__
from ecgan.data.manifest import Record, vocabulary_of

_TOOLS = ("mediapipe", "opencv-contrib-python-headless", "opencv-python-headless", "pillow")


def card_of(
    records: Sequence[Record], given: Mapping[str, Any] | None, alignment: Mapping[str, Any]
) -> dict[str, Any]:
    """What the user gave (name, licence, attribution and more), and what is known."""
    return {
        "name": None,
        "licence": None,
        "attribution": None,
        **(given or {}),
        "expressions": list(vocabulary_of(record.expression for record in records).names),
        "alignment": dict(alignment),
        "made_with": [f"ecgan {__version__}", *tool_versions()],
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
