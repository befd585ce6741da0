"""Training batches for translation, as a pure function of (seed, step, rank)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int64
from numpy.typing import NDArray
from torch import Tensor

from ecgan.config import AugmentConfig, DataConfig
from ecgan.data.images import ImageStore, examples, image_side
from ecgan.data.manifest import Manifest, Record, Split
from ecgan.data.transforms import Parameters, Shapes, apply, draw_parameters, move_points
from ecgan.errors import DataError
from ecgan.expressions import NEUTRAL, Vocabulary, canonical_expression
from ecgan.seeding import numpy_generator
from ecgan.shapes import Codes, Images, Masks
from ecgan.window import Window

_NO_CHANGE = AugmentConfig.model_validate({"flip": False})


@dataclass(frozen=True)
class TranslationBatch:
    """Neutral and expressive images side by side; row i of all fields belongs together."""

    neutral: Images
    neutral_mask: Masks
    expressive: Images
    expressive_mask: Masks
    code: Codes
    """z of the expressive images."""
    label: Int64[Tensor, " batch"]
    """Position of the expression in the vocabulary."""
    paired: Bool[Tensor, " batch"]
    """Whether the two images match pixel for pixel."""
    loose: Bool[Tensor, " batch"]
    """Whether they are two photos of the same person (never where `paired`)."""
    names: list[str]
    """The expressive image, then the neutral one: `a.jpg <- b.jpg`."""
    other: Images | None = None
    """With `data.direct`: where `paired`, another expression that matches pixel for pixel;
    elsewhere the expressive image again."""
    other_code: Codes | None = None
    """With `data.direct`: z of `other`; of a random image elsewhere."""
    neutral_shapes: Shapes | None = None
    """Landmarks of `neutral`. None where nobody knows them."""
    expressive_shapes: Shapes | None = None
    other_shapes: Shapes | None = None

    def to(self, device: torch.device | str) -> TranslationBatch:
        """The same batch on another device."""
        moved: dict[str, Any] = {
            field.name: value.to(device)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor | Shapes)
        }
        return replace(self, **moved)


class TranslationData:
    """One split of a manifest, as endless batches of neutral and expressive images."""

    def __init__(
        self,
        manifest: Manifest,
        split: Split,
        *,
        size: int,
        vocabulary: Vocabulary | None = None,
        data: DataConfig | None = None,
    ) -> None:
        """`size`: of the images of a batch, in pixels.

        Raises:
            DataError: the split lacks neutral or expressive images.
        """
        self.config = data or DataConfig.model_validate({})
        self.vocabulary = vocabulary or translation_vocabulary(manifest, self.config)
        self.window = Window(self.config.zoom)
        cache_mib = self.config.cache_mib if self.config.cache else 0
        self.store = ImageStore(manifest, self.window.canvas(size), cache_mib)
        records = [
            record
            for record in manifest.select(split=split)
            if record.expression in self.vocabulary.expressions
        ]
        self.neutral = tuple(record for record in records if record.expression == NEUTRAL)
        self.expressive = tuple(record for record in records if record.expression != NEUTRAL)
        if not self.neutral or not self.expressive:
            raise DataError(
                f"the {split} split of {manifest.root} has {len(self.neutral)} neutral and "
                f"{len(self.expressive)} expressive images, expected at least one of each; "
                "prepare more people"
            )
        use_pairs = self.config.pairs == "use"
        self._neutral_of_pair: dict[str | None, Record] = {
            record.pair: record for record in self.neutral if use_pairs and record.pair
        }
        self._neutral_of_person: dict[tuple[str, str], Record] = {
            (record.source, record.subject): record
            for record in self.neutral
            if self.config.same_person and not record.pair
        }
        self._others: dict[str | None, list[Record]] = defaultdict(list)
        for record in self.expressive if self.config.direct else ():
            self._others[record.pair].append(record)
        self._unlike = {
            name: _unlike(self.expressive, name)
            for name in (self.vocabulary.expressions if self.config.direct else ())
        }
        self._groups = self._grouped()
        self._side = image_side(manifest)
        self.motions = mean_motions(
            self.neutral,
            self.expressive,
            [self._label(record) for record in self.expressive],
            [self._intensity(record) for record in self.expressive],
            len(self.vocabulary),
        )
        """Of the split's landmarks, see `mean_motions`."""

    @property
    def num_expressive(self) -> int:
        """Expressive images: one pass over these is an epoch."""
        return len(self.expressive)

    @property
    def num_paired(self) -> int:
        """Expressive images that have a pixel-aligned neutral one and are drawn with it."""
        return sum(self._is_paired(record) for record in self.expressive)

    @property
    def num_loose(self) -> int:
        """Expressive images that are drawn with another neutral photo of their person."""
        return sum(self._is_loose(record) for record in self.expressive)

    def batch(
        self,
        batch_size: int,
        seed: int,
        step: int,
        rank: int = 0,
        world: int = 1,
        *,
        augment: bool = True,
        device: torch.device | str = "cpu",
    ) -> TranslationBatch:
        """The `batch_size` examples of one process at one step, augmented on `device`.

        All random draws are made for the joined batch of `world * batch_size` examples, of which
        this process takes its slice: two processes see together what one with twice the batch
        sees.
        """
        total = batch_size * world
        mine = slice(rank * batch_size, (rank + 1) * batch_size)
        generator = numpy_generator(seed, "batch", step)
        starts = generator.integers(0, len(self.neutral), total)[mine]
        config = self.config.augment if augment else _NO_CHANGE
        expressive_change = draw_parameters(total, config, generator)[mine]
        neutral_change = draw_parameters(total, config, generator)[mine]

        order = examples(self._groups, seed, step * total + mine.start, batch_size)
        expressive = [self.expressive[index] for index in order]
        neutral = [
            self._partner(record, int(start))
            for record, start in zip(expressive, starts, strict=True)
        ]
        paired = np.array([self._is_paired(record) for record in expressive])
        loose = np.array([self._is_loose(record) for record in expressive])
        neutral_change = neutral_change.where(paired | loose, expressive_change)

        def views(records: Sequence[Record], change: Parameters) -> tuple[Images, Masks]:
            images, masks = apply(change, *self.stack(records, device))
            return self.window.cut(images), self.window.cut(masks)

        expressive_images, expressive_masks = views(expressive, expressive_change)
        neutral_images, neutral_masks = views(neutral, neutral_change)
        other_images, other_code, other_shapes = None, None, None
        if self.config.direct:
            draws = numpy_generator(seed, "other", step).random(total)[mine].tolist()
            others = [self._other(*of) for of in zip(expressive, draws, strict=True)]
            shown = [
                other if self._is_paired(record) else record
                for record, other in zip(expressive, others, strict=True)
            ]
            other_images, _ = views(shown, expressive_change)
            other_code = self._codes(others)
            other_shapes = self._shapes(shown, expressive_change)
        return TranslationBatch(
            neutral=neutral_images,
            neutral_mask=neutral_masks,
            expressive=expressive_images,
            expressive_mask=expressive_masks,
            code=self._codes(expressive),
            label=torch.tensor([self._label(record) for record in expressive]),
            paired=torch.from_numpy(paired),
            loose=torch.from_numpy(loose),
            other=other_images,
            other_code=other_code,
            neutral_shapes=self._shapes(neutral, neutral_change),
            expressive_shapes=self._shapes(expressive, expressive_change),
            other_shapes=other_shapes,
            names=[f"{a.image} <- {b.image}" for a, b in zip(expressive, neutral, strict=True)],
        ).to(device)

    def preload(self) -> None:
        """Decode all images and masks that the cache has room for, with all cores: what trains in
        minutes should not decode in its one thread of batches."""
        self.store.preload([*self.neutral, *self.expressive])

    def code(self, record: Record) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """z of a record: one-hot, or with its intensity (1 where unknown) if so configured."""
        name = self.vocabulary.names[self._label(record)]
        return self.vocabulary.code(name, self._intensity(record))

    def _intensity(self, record: Record) -> float:
        known = record.intensity if self.config.intensity else None
        return 1.0 if known is None else known

    def _shapes(self, records: Sequence[Record], change: Parameters) -> Shapes:
        """As they are after augmentation, in the coordinates of the window."""
        landmarks = np.array([np.asarray(record.landmarks) for record in records])
        points = torch.from_numpy(2 * (landmarks + 0.5) / self._side - 1)
        motions = torch.from_numpy(np.repeat(2 / self._side * self.motions[None], len(records), 0))
        return Shapes(
            self.window.points(move_points(change, points)).float(),
            (self.window.zoom * move_points(change, motions, directions=True)).float(),
        )

    def _codes(self, records: Sequence[Record]) -> Codes:
        return torch.from_numpy(np.stack([self.code(record) for record in records]))

    def _label(self, record: Record) -> int:
        recipe = record.recipe or self.config.recipe_of_photos.get(record.expression)
        name = f"{record.expression}:{recipe}"
        return self.vocabulary.index(name if name in self.vocabulary.names else record.expression)

    def stack(
        self, records: Sequence[Record], device: torch.device | str = "cpu"
    ) -> tuple[Images, Masks]:
        """Whole crops in [-1, 1] and masks in {0, 1} of some records, without augmentation."""
        images = np.stack([self.store.image(record) for record in records])
        masks = np.stack([self.store.mask(record) for record in records])
        inside = torch.from_numpy(masks)[:, None].to(device) > 0
        return to_images(images, device), inside.to(torch.float32)

    def _grouped(self) -> list[list[int]]:
        if not self.config.balance:
            return [list(range(len(self.expressive)))]
        groups: dict[tuple[str, bool, bool], list[int]] = defaultdict(list)
        for index, record in enumerate(self.expressive):
            leads = self._label(record) == self.vocabulary.index(record.expression)
            groups[record.expression, self._is_loose(record), leads].append(index)
        keys = itertools.product(self.vocabulary.expressions, (False, True), (True, False))
        return [groups[key] for key in keys if key in groups]

    def _is_paired(self, record: Record) -> bool:
        return record.pair in self._neutral_of_pair

    def _is_loose(self, record: Record) -> bool:
        """Never where the record has a pixel-aligned partner."""
        has_neutral = (record.source, record.subject) in self._neutral_of_person
        return has_neutral and not self._is_paired(record)

    def _partner(self, record: Record, start: int) -> Record:
        """The neutral image of the same pair, else of the same person if so configured, else the
        first one from `start` of someone else (of anyone where the split has one person)."""
        if self._is_paired(record):
            return self._neutral_of_pair[record.pair]
        if self._is_loose(record):
            return self._neutral_of_person[record.source, record.subject]
        for step in range(len(self.neutral)):
            candidate = self.neutral[(start + step) % len(self.neutral)]
            if candidate.subject != record.subject:
                return candidate
        return self.neutral[start]

    def _other(self, record: Record, draw: float) -> Record:
        """An image of another expression, of the same pair where there is one; `draw`, in [0, 1),
        says which of them."""
        unlike = self._unlike[record.expression]
        if self._is_paired(record):
            unlike = _unlike(self._others[record.pair], record.expression)
        return unlike[int(draw * len(unlike))] if unlike else record


def _unlike(records: Sequence[Record], expression: str) -> list[Record]:
    return [record for record in records if record.expression != expression]


def mean_motions(
    neutral: Sequence[Record],
    expressive: Sequence[Record],
    labels: Sequence[int],
    intensities: Sequence[float],
    num: int,
) -> NDArray[np.float64]:
    """Where landmarks go from the mean neutral face to each of `num` expressions, by least squares
    on the intensity: (num, 68, 2) in pixels of the prepared images, 0 where no image has the label.

    The faces are aligned, and nobody has to be in the data with more than one expression. Labels
    (positions in the vocabulary) and intensities are those of the expressive records.
    """
    mean_neutral = np.zeros((len(neutral[0].landmarks), 2))
    for record in neutral:
        mean_neutral += np.asarray(record.landmarks)
    mean_neutral /= len(neutral)
    weighted = np.zeros((num, *mean_neutral.shape))
    squares = np.zeros(num)
    for record, label, intensity in zip(expressive, labels, intensities, strict=True):
        weighted[label] += intensity * (np.asarray(record.landmarks) - mean_neutral)
        squares[label] += intensity**2
    return weighted / np.maximum(squares, 1e-6)[:, None, None]


def translation_vocabulary(manifest: Manifest, data: DataConfig) -> Vocabulary:
    """The expressions of the data, or `data.expressions` of them; with `data.recipes` each
    expression's recipes in its place, the one that stands for it first.

    Raises:
        DataError: the data lack an asked expression, or no image of an expression has the recipe
            that should stand for it.
    """
    vocabulary = _asked_expressions(manifest, data)
    if data.recipes is None:
        return vocabulary
    recipes: dict[str, set[str]] = defaultdict(set)
    for record in manifest.records:
        if record.recipe is not None:
            recipes[record.expression].add(record.recipe)
    for expression, lead in data.recipes.items():
        if lead not in recipes[expression]:
            found = ", ".join(sorted(recipes[expression])) or "none"
            raise DataError(
                f"data.recipes wants {lead!r} for {expression}, the recipes in {manifest.root} "
                f"are: {found}"
            )
    names: list[str] = []
    for expression in vocabulary.names:
        names += [f"{expression}:{recipe}" for recipe in recipes[expression]] or [expression]
    led = Vocabulary(tuple(names)).led_by(data.recipes)
    for expression, recipe in data.recipe_of_photos.items():
        if f"{expression}:{recipe}" not in led.names:
            raise DataError(
                f"data.recipe_of_photos wants {recipe!r} for {expression}, the entries of z are: "
                f"{', '.join(led.names)}"
            )
    return led


def _asked_expressions(manifest: Manifest, data: DataConfig) -> Vocabulary:
    """The data's vocabulary without what `data.expressions` leaves out, in the data's order."""
    known = manifest.vocabulary
    if data.expressions is None:
        return known
    asked = {canonical_expression(name) for name in data.expressions}
    if missing := sorted(asked.difference(known.expressive) - {NEUTRAL}):
        raise DataError(
            f"data.expressions wants {', '.join(missing)}, the expressions in {manifest.root} are: "
            f"{', '.join(known.expressive)}"
        )
    return Vocabulary(tuple(name for name in known.names if name in {NEUTRAL, *asked}))


def to_images(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], device: torch.device | str = "cpu"
) -> Images:
    """uint8 (batch, height, width, 3) as float32 (batch, 3, height, width) in [-1, 1]."""
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    planes = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).contiguous()
    return planes.to(torch.float32).mul_(2 / 255).sub_(1)
