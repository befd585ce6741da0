"""What of a listing goes on: which variants, and whether expressions beside the basic seven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ecgan.data.layouts.source import SourceImage
from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS

ALL, NONE = "all", "none"


@dataclass(frozen=True)
class Selection:
    """The images kept, and counts of those left out by what they were left out for."""

    images: tuple[SourceImage, ...]
    left_out: dict[str, int]


def parse_variants(text: str) -> frozenset[str] | None:
    """`none`, `all` (here None) or names such as `glasses,left-light`.

    Raises:
        UsageError: neither.
    """
    names = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    if names == {ALL}:
        return None
    if names == {NONE}:
        return frozenset()
    if not names or names & {ALL, NONE}:
        raise UsageError(
            f"the variants take 'all', 'none' or names such as glasses,left-light; got {text!r}"
        )
    return names


def select(
    images: Sequence[SourceImage], *, variants: frozenset[str] | None, only_basic: bool
) -> Selection:
    """Images without variant and those all of whose variants are named (None: all of them).

    `only_basic` leaves out expressions beside the usual seven.

    Raises:
        UsageError: a variant that no image has.
    """
    known = {tag for image in images for tag in _tags(image)}
    unknown = sorted((variants or frozenset()) - known)
    if unknown:
        have = f"have {', '.join(sorted(known))}" if known else "have no variants"
        raise UsageError(f"unknown variant {unknown[0]!r}, the images {have}")
    kept, left_out = [], Counter[str]()
    for image in images:
        if variants is not None and not _tags(image) <= variants:
            left_out[f"variant {image.variant}"] += 1
        elif only_basic and image.expression not in EXPRESSIONS:
            left_out[f"expression {image.expression}"] += 1
        else:
            kept.append(image)
    return Selection(tuple(kept), {reason: left_out[reason] for reason in sorted(left_out)})


def _tags(image: SourceImage) -> frozenset[str]:
    return frozenset(image.variant.split("+")) if image.variant else frozenset()
