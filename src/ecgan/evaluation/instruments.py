"""What the parts of an evaluation measure with, as far as it is on the machine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecgan.errors import EcganError, UsageError
from ecgan.evaluation.extractors import (
    Extractor,
    PerceptualDistance,
    best_distance,
    inception_extractor,
    recognizer_extractor,
)
from ecgan.evaluation.identity import IdentityMeasure, best_measure
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.inference.recognizer import Recognizer

AS_LABELLED = "as-labelled"
FROM_EXPRESSION = "from-expression"
PARTS = (
    "distances",
    "perceptual",
    "identity",
    "landmarks",
    "monotonicity",
    AS_LABELLED,
    FROM_EXPRESSION,
)
"""What `ecgan evaluate` can leave out."""


def chosen_parts(without: Collection[str]) -> frozenset[str]:
    """The parts that remain.

    Raises:
        UsageError: there is no such part.
    """
    for part in without:
        if part not in PARTS:
            raise UsageError(f"no part {part!r} of an evaluation, expected {', '.join(PARTS)}")
    return frozenset(PARTS).difference(without)


@dataclass(frozen=True)
class Instruments:
    """The recogniser, and what the chosen parts need; None where a part is left out."""

    recognizer: Recognizer
    extractors: tuple[Extractor, ...] = ()
    perceptual: PerceptualDistance | None = None
    identity: IdentityMeasure | None = None
    detector: LandmarkDetector | None = None
    monotonicity: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    """Figures that the machine lacks something for, and what."""

    @classmethod
    def choose(cls, recognizer: Recognizer, parts: Collection[str]) -> Instruments:
        """What is on the machine for `parts`; nothing is downloaded."""
        left_out: dict[str, str] = {}
        extractors: list[Extractor] = []
        if "distances" in parts:
            extractors.append(recognizer_extractor(recognizer))
            try:
                extractors.append(inception_extractor())
            except EcganError:
                left_out["fid_inception"] = "the ImageNet weights of Inception-v3 are not here"
        perceptual = best_distance(recognizer) if "perceptual" in parts else None
        if perceptual is not None and perceptual.key != "lpips":
            left_out["lpips"] = "the library lpips or the ImageNet weights of AlexNet are not here"
        detector = LandmarkDetector() if "landmarks" in parts else None
        if detector is not None:
            try:
                detector.detect(np.zeros((64, 64, 3), np.uint8))
            except EcganError:
                detector = None
                left_out["landmark_validity"] = "mediapipe is not installed"
        return cls(
            recognizer,
            tuple(extractors),
            perceptual,
            best_measure() if "identity" in parts else None,
            detector,
            "monotonicity" in parts,
            left_out,
        )

    def facts(self) -> dict[str, Any]:
        """The network behind each figure, and which figures are left out for want of one."""
        measured = {f"fid_{one.key}": one.facts() for one in self.extractors}
        measured |= {f"kid_{one.key}": one.facts() for one in self.extractors}
        for one in (self.perceptual, self.identity):
            if one is not None:
                measured[one.key] = one.facts()
        return {"measured_with": measured, "left_out": self.left_out}
