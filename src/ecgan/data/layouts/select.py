"""What of a listing goes on: which variants, and whether expressions beside the basic seven."""

from __future__ import annotations

from collections import Counter

from ecgan.data.layouts.source import SourceImage
from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS

ALL, NONE = "all", "none"


class Selection:
    """Takes images without variant and those all of whose variants are named (None: all of them);
    counts the others by what they are left out for.

    `only_basic` leaves out expressions beside the usual seven.
    """

    def __init__(self, *, variants: frozenset[str] | None, only_basic: bool) -> None:
        self._variants = variants
        self._only_basic = only_basic
        self._known: set[str] = set()
        self._left_out: Counter[str] = Counter()

    @property
    def left_out(self) -> dict[str, int]:
        """Counts of images by the variant or expression."""
        return {reason: self._left_out[reason] for reason in sorted(self._left_out)}

    def takes(self, image: SourceImage) -> bool:
        """Whether an image goes on."""
        tags = _tags(image)
        self._known |= tags
        if self._variants is not None and not tags <= self._variants:
            self._left_out[f"variant {image.variant}"] += 1
        elif self._only_basic and image.expression not in EXPRESSIONS:
            self._left_out[f"expression {image.expression}"] += 1
        else:
            return True
        return False

    def check(self) -> None:
        """Raises UsageError where a variant is named that none of the images had."""
        unknown = sorted((self._variants or frozenset()) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            have = f"have {known}" if known else "have no variants"
            raise UsageError(f"unknown variant {unknown[0]!r}, the images {have}")


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


def _tags(image: SourceImage) -> frozenset[str]:
    return frozenset(image.variant.split("+")) if image.variant else frozenset()
