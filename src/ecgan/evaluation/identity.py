"""Identity similarity: is it still the same person?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from ecgan.data.dataset import to_images
from ecgan.errors import EcganError
from ecgan.evaluation.extractors import Instrument
from ecgan.files import sha256_file
from ecgan.inference.recognizer import resize

Pixels = NDArray[np.uint8]
Points = NDArray[np.floating]

SIZE_PX = 128
"""Side of the aligned crop that the descriptor is taken from: eyes 30 px apart."""
BOX = (44, 92, 30, 98)
"""top, bottom, left, right: brows, eyes, nose and upper cheeks, which expressions move least."""
CELL_PX = 4
DIRECTIONS = 8

SAME_PERSON = 0.6
"""Distance of two dlib descriptors below which dlib takes them for one person's."""
DLIB_WEIGHTS = "models/dlib_face_recognition_resnet_model_v1.dat"
"""In the package face_recognition_models."""


@dataclass(frozen=True)
class IdentityMeasure(Instrument):
    """A descriptor of aligned faces that tells how alike two people are: `identity_dlib` or
    `identity_descriptor`."""

    describe: Callable[[Pixels, Points], NDArray[np.float64]]
    """From an aligned (size, size, 3) crop and its 68 points."""
    same_below: float | None = None
    """Euclidean distance below which two are one person's; None: cosines are compared."""

    def figure(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        """What is reported of two faces: the distance, or the cosine."""
        return float(one @ other if self.same_below is None else np.linalg.norm(one - other))


@dataclass(frozen=True)
class Verification:
    """How well a similarity tells same from different people."""

    accuracy: float
    """At `threshold`, the two kinds of pair counting alike; 0.5 is chance."""
    threshold: float
    """Cosine from which, or distance up to which, a pair counts as one person: the best for these
    very pairs."""
    auc: float
    """Probability that a pair of one person is more alike than a pair of two."""
    same_pairs: int
    different_pairs: int


def descriptor(pixels: Pixels) -> NDArray[np.float64]:
    """Histograms of gradient directions (Dalal & Triggs 2005) of brows, eyes, nose and upper cheeks
    in the landmark-normalised crop; each cell's is of unit length, the whole too.

    Args:
        pixels: (size, size, 3), aligned.
    """
    small = resize(to_images(pixels[None]), SIZE_PX).double().mean(dim=1)[0].numpy()
    top, bottom, left, right = BOX
    down, across = (g[top:bottom, left:right] for g in np.gradient(small))
    strength = np.hypot(down, across)
    place = np.arctan2(down, across) % np.pi / np.pi * DIRECTIONS
    lower = np.floor(place).astype(int) % DIRECTIONS
    share = place - np.floor(place)
    rows, columns = (np.arange(n) // CELL_PX for n in strength.shape)
    cells = np.zeros((rows[-1] + 1, columns[-1] + 1, DIRECTIONS))
    for direction, weight in ((lower, 1 - share), ((lower + 1) % DIRECTIONS, share)):
        np.add.at(cells, (rows[:, None], columns[None], direction), strength * weight)
    cells = np.sqrt(cells / (np.linalg.norm(cells, axis=2, keepdims=True) + 0.05))
    flat = cells.ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-12), dtype=np.float64)


def descriptor_measure() -> IdentityMeasure:
    """`descriptor`, which needs no weights."""
    name = "gradient histograms of brows, eyes, nose and upper cheeks, not learned"
    return IdentityMeasure("identity_descriptor", name, "", lambda pixels, _: descriptor(pixels))


def dlib_measure() -> IdentityMeasure:
    """The 128-D face-recognition network of dlib (King 2017), 99.38 % on LFW.

    Raises:
        EcganError: dlib or its weights are not installed.
    """
    try:
        import dlib
    except ImportError:
        raise EcganError("face recognition needs dlib: pip install 'ecgan[identity]'") from None
    package = find_spec("face_recognition_models")  # its import needs setuptools
    if package is None or not package.submodule_search_locations:
        raise EcganError("dlib's weights are not here: pip install 'ecgan[identity]'")
    weights = Path(package.submodule_search_locations[0], DLIB_WEIGHTS)
    network = dlib.face_recognition_model_v1(str(weights))

    def describe(pixels: Pixels, points: Points) -> NDArray[np.float64]:
        size = len(pixels)
        places = [dlib.point(round(float(x)), round(float(y))) for x, y in points]
        face = dlib.full_object_detection(dlib.rectangle(0, 0, size, size), places)
        return np.array(network.compute_face_descriptor(np.ascontiguousarray(pixels), face))

    name = "ResNet-29 of dlib, Euclidean distance"
    return IdentityMeasure("identity_dlib", name, sha256_file(weights), describe, SAME_PERSON)


def best_measure() -> IdentityMeasure:
    """dlib's where it is installed, else the descriptor that needs no weights."""
    try:
        return dlib_measure()
    except EcganError:
        return descriptor_measure()


def verification(
    measure: IdentityMeasure, descriptions: Sequence[NDArray[np.float64]], people: Sequence[str]
) -> Verification | None:
    """Tell pairs of one person from pairs of two by what `measure` says of their descriptions.

    Args:
        measure: which made them.
        descriptions: of real images; each of another photo, since two that were made from one photo
            are no test.
        people: who is in each.

    Returns:
        None where there is no pair of one person, or of two.
    """
    pairs = [(i, j) for i in range(len(people)) for j in range(i)]
    same = np.array([people[i] == people[j] for i, j in pairs])
    if not same.any() or same.all():
        return None
    sign = 1 if measure.same_below is None else -1
    figures = np.array([measure.figure(descriptions[i], descriptions[j]) for i, j in pairs])
    inside, outside = np.sort(sign * figures[same]), np.sort(sign * figures[~same])
    thresholds = np.unique(sign * figures)
    accepted = 1 - np.searchsorted(inside, thresholds) / len(inside)
    rejected = np.searchsorted(outside, thresholds) / len(outside)
    balanced = (accepted + rejected) / 2
    best = int(np.argmax(balanced))
    above = mannwhitneyu(inside, outside, method="asymptotic").statistic
    return Verification(
        accuracy=float(balanced[best]),
        threshold=sign * float(thresholds[best]),
        auc=float(above / (len(inside) * len(outside))),
        same_pairs=len(inside),
        different_pairs=len(outside),
    )
