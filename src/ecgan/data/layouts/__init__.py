"""Data set layouts: each turns a source folder into a list of labelled files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ecgan.data.layouts.folders import folders
from ecgan.data.layouts.source import (
    IMAGE_SUFFIXES,
    Listing,
    Rejection,
    SourceImage,
    SubjectRule,
    source_name,
)
from ecgan.errors import UsageError

__all__ = [
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "Layout",
    "Listing",
    "Rejection",
    "SourceImage",
    "SubjectRule",
    "find_layout",
    "source_name",
]


class Layout(Protocol):
    """Lists the labelled images of one source folder, in a fixed order."""

    def __call__(self, folder: Path, subjects: SubjectRule) -> Listing:
        """Raises DataError where the folder cannot be of this layout at all."""
        ...


LAYOUTS: dict[str, Layout] = {"folders": folders}


def find_layout(name: str) -> Layout:
    """A layout by name.

    Raises:
        UsageError: no such layout.
    """
    if name not in LAYOUTS:
        raise UsageError(f"unknown layout {name!r}, expected one of {', '.join(sorted(LAYOUTS))}")
    return LAYOUTS[name]
