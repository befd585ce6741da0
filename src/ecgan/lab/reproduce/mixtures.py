"""What the recognisers of Table 2 and of the dose-response curves learn from."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ecgan.data.manifest import Manifest, Record, write_manifest
from ecgan.errors import DataError
from ecgan.expressions import NEUTRAL
from ecgan.seeding import numpy_generator

ORIGINAL = "original"


@dataclass(frozen=True)
class Mixture:
    """Real images of training people, and generated images of the same people."""

    people: int | None = None
    """How many of the training people; None: all."""
    method: str | None = None
    """Whose generated images are added; None: nobody's."""
    per_class: int | None = None
    """Generated images of each expression; None: all that there are."""

    @property
    def name(self) -> str:
        """`original`, `original+default`, `original+default-20`, `original-5people`."""
        text = ORIGINAL
        if self.people is not None:
            text += f"-{self.people}people"
        if self.method is not None:
            text += f"+{self.method}"
        if self.per_class is not None:
            text += f"-{self.per_class}"
        return text

    @property
    def title(self) -> str:
        """As tables call it."""
        return ORIGINAL if self.method is None else f"{ORIGINAL} + {self.method}"


def mixture_records(
    original: Manifest, generated: Manifest | None, mixture: Mixture, seed: int
) -> list[tuple[str, Record]]:
    """Records with the folder that they lie in (`original`, or the method): the chosen training
    images, then all real validation and test images.

    Smaller choices lie within larger ones of the same seed. A generated image is of a training
    person who was chosen: nobody whom the recogniser is tested on.

    Raises:
        DataError: no generated images are given where the mixture asks for some.
    """
    train = original.select(split="train")
    people = _shuffled({record.subject for record in train}, seed)[: mixture.people]
    chosen = [(ORIGINAL, record) for record in train if record.subject in set(people)]
    if mixture.method is not None:
        if generated is None:
            raise DataError(f"no images of {mixture.method} were generated")
        chosen += [
            (mixture.method, record)
            for record in chosen_images(generated, people, mixture.per_class, seed)
        ]
    held_out = [record for record in original.records if record.split != "train"]
    outside = {record.subject for record in held_out}
    assert not any(record.subject in outside for _, record in chosen)
    return chosen + [(ORIGINAL, record) for record in held_out]


def chosen_images(
    generated: Manifest, people: Sequence[str], per_class: int | None, seed: int
) -> list[Record]:
    """Expressive generated training images of some people, so many of each expression."""
    wanted, groups = set(people), defaultdict(list)
    for record in generated.select(split="train"):
        if record.subject in wanted and record.expression != NEUTRAL:
            groups[record.expression].append(record.image)
    kept = {
        image
        for expression in sorted(groups)
        for image in _shuffled(set(groups[expression]), seed, expression)[:per_class]
    }
    return [record for record in generated.records if record.image in kept]


def write_mixture(
    folder: Path,
    roots: Mapping[str, Path],
    records: Sequence[tuple[str, Record]],
    card: Mapping[str, object],
) -> Manifest:
    """Prepared data in `folder` whose images stay where they are: a link for each of `roots`.

    Raises:
        DataError: somebody is in two splits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(name for name, _ in records):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(roots[name].resolve(), folder.resolve()))
    moved = tuple(
        replace(
            record,
            image=f"{name}/{record.image}",
            mask=f"{name}/{record.mask}",
            pair=None,
        )
        for name, record in records
    )
    manifest = Manifest(folder, moved, card)
    write_manifest(manifest)
    return manifest


def _shuffled(names: set[str], seed: int, *key: str) -> list[str]:
    ordered = sorted(names)
    order = numpy_generator(seed, "mixture", *key).permutation(len(ordered))
    return [ordered[index] for index in order]
