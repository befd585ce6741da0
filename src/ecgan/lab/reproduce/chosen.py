"""One model an expression as one translator: CycleGAN as the paper compares with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ecgan.config import GeneratorConfig, build
from ecgan.errors import SnapshotError
from ecgan.expressions import NEUTRAL, Vocabulary
from ecgan.files import sha256_bytes
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import Snapshot, load_snapshot
from ecgan.inference.translator import Translator
from ecgan.networks.build import build_generator
from ecgan.networks.output import Translation
from ecgan.networks.windowed import Windowed
from ecgan.shapes import Codes, Images
from ecgan.window import Window


class ByExpression(nn.Module):
    """G(x, z) that hands each image to the generator of the expression that z asks for."""

    def __init__(self, generators: Mapping[str, nn.Module], vocabulary: Vocabulary) -> None:
        """`generators`: of every expression of `vocabulary` but neutral; none of them takes z."""
        super().__init__()
        self.generators = nn.ModuleList([generators[name] for name in vocabulary.expressive])
        self._places = [vocabulary.index(name) for name in vocabulary.expressive]

    def forward(self, source: Images, code: Codes) -> Translation:
        chosen = code[:, self._places].argmax(dim=1)
        return _one_by_one(self.generators, chosen.tolist(), source)


class ByRecognised(nn.Module):
    """G(y, z') that hands each image to the generator of the expression that it shows, as far as a
    recogniser can tell."""

    def __init__(
        self,
        generators: Mapping[str, nn.Module],
        vocabulary: Vocabulary,
        recognizer: Recognizer,
    ) -> None:
        """`generators`: as of `ByExpression`."""
        super().__init__()
        self.generators = nn.ModuleList([generators[name] for name in vocabulary.expressive])
        self._places = [recognizer.vocabulary.index(name) for name in vocabulary.expressive]
        self._recognizer = recognizer

    def forward(self, source: Images, code: Codes) -> Translation:  # noqa: ARG002
        seen = self._recognizer.probabilities(source.float())[:, self._places]
        return _one_by_one(self.generators, seen.argmax(dim=1).tolist(), source)


def joined_translator(
    snapshots: Mapping[str, Path], vocabulary: Vocabulary, recognizer: Recognizer
) -> Translator:
    """Snapshots of one expression each as one translator of all.

    Args:
        snapshots: folder by expression; all expressions of `vocabulary`.
        vocabulary: of the result.
        recognizer: says which generator takes an expressive image back to neutral.

    Raises:
        SnapshotError: one is missing, damaged, or made for other expressions or another size.
    """
    loaded = {name: load_snapshot(snapshots[name], "translator") for name in vocabulary.expressive}
    seen = {(int(one.config["size"]), float(one.config.get("zoom", 1))) for one in loaded.values()}
    if len(seen) > 1:
        raise SnapshotError(
            f"the snapshots {', '.join(loaded)} are of the sizes and zooms {sorted(seen)}"
        )
    ((size, zoom),) = seen
    there = {name: _generator(one, name, "to_expression") for name, one in loaded.items()}
    back = {name: _generator(one, name, "to_neutral") for name, one in loaded.items()}
    hashes = "".join(f"{name} {one.sha256}\n" for name, one in loaded.items())
    return Translator(
        ByExpression(there, vocabulary),
        ByRecognised(back, vocabulary, recognizer),
        vocabulary,
        Window(zoom).canvas(size),  # the recogniser has to see whole crops
        intensity=False,
        sha256=sha256_bytes(hashes.encode()),
        recognizer=recognizer,
        device=recognizer.device,
    )


def _generator(snapshot: Snapshot, expression: str, direction: str) -> nn.Module:
    """For whole crops."""
    names = tuple(snapshot.config["vocabulary"])
    if set(names) != {NEUTRAL, expression}:
        raise SnapshotError(
            f"{snapshot.folder} knows {', '.join(names)}, expected {NEUTRAL} and {expression}"
        )
    config = build(GeneratorConfig, snapshot.config["generator"])
    generator = build_generator(config, len(names), int(snapshot.config["size"]))
    snapshot.load_into(direction, generator)
    return Windowed(generator, Window(float(snapshot.config.get("zoom", 1))))


def _one_by_one(generators: nn.ModuleList, chosen: Sequence[int], source: Images) -> Translation:
    """Each image through its generator, which gets a code that it does not look at."""
    unused = source.new_zeros(1, 2)
    images: list[Tensor] = [
        generators[place](source[index : index + 1], unused).image
        for index, place in enumerate(chosen)
    ]
    return Translation(image=torch.cat(images))
