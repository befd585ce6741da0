"""Identity similarity: is it still the same person?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgan.data.dataset import to_images
from ecgan.errors import EcganError
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

ARCFACE_POINTS = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""Eyes, tip of the nose and corners of the mouth in the 112 px crop of face recognition."""
SFACE_PX = 112


@dataclass(frozen=True)
class IdentityMeasure:
    """A descriptor of aligned faces of which the cosine tells how alike two people are."""

    key: str
    """Names its figure: `identity_sface` or `identity_descriptor`."""
    name: str
    sha256: str
    """Of the weights; empty where there are none."""
    describe: Callable[[Pixels, Points], NDArray[np.float64]]
    """From an aligned (size, size, 3) crop and its 68 points; of unit length."""

    def facts(self) -> dict[str, str]:
        """What stands beside its figure."""
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class Verification:
    """How well a similarity tells same from different people."""

    accuracy: float
    """At `threshold`, the two kinds of pair counting alike; 0.5 is chance."""
    threshold: float
    """Similarity from which a pair counts as one person: the best for these very pairs."""
    auc: float
    """Probability that a pair of one person is more alike than a pair of two."""
    same_pairs: int
    different_pairs: int

    def to_json(self) -> dict[str, float | int]:
        return {
            "accuracy": round(self.accuracy, 6),
            "threshold": round(self.threshold, 6),
            "auc": round(self.auc, 6),
            "same_pairs": self.same_pairs,
            "different_pairs": self.different_pairs,
        }


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


def sface_measure(weights: Path) -> IdentityMeasure:
    """The 128-D SFace network (Zhong et al. 2021) through OpenCV, which `ecgan[faces]` brings.

    Args:
        weights: `face_recognition_sface_2021dec.onnx` of OpenCV's model zoo.

    Raises:
        EcganError: OpenCV or the weights are not there, or it cannot read them.
    """
    try:
        import cv2
    except ImportError:
        raise EcganError("face recognition needs OpenCV: pip install 'ecgan[faces]'") from None
    if not weights.is_file():
        raise EcganError(
            f"no face-recognition weights {weights}: put face_recognition_sface_2021dec.onnx of "
            "OpenCV's model zoo (github.com/opencv/opencv_zoo) there"
        )
    try:
        network = cv2.FaceRecognizerSF.create(str(weights), "")
    except cv2.error:
        raise EcganError(f"OpenCV cannot read the face-recognition weights {weights}") from None

    def describe(pixels: Pixels, points: Points) -> NDArray[np.float64]:
        matrix, _ = cv2.estimateAffinePartial2D(five_points(points), ARCFACE_POINTS)
        face = cv2.warpAffine(pixels[..., ::-1].copy(), matrix, (SFACE_PX, SFACE_PX))
        feature = np.asarray(network.feature(face), dtype=np.float64).ravel()
        return np.asarray(feature / np.linalg.norm(feature), dtype=np.float64)

    return IdentityMeasure("identity_sface", "SFace of OpenCV", sha256_file(weights), describe)


def five_points(points: Points) -> NDArray[np.float64]:
    """Eye centres, tip of the nose and corners of the mouth of 68 points."""
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    return np.array([*eyes, points[30], points[48], points[54]], dtype=np.float64)


def verification(
    descriptions: Sequence[NDArray[np.float64]], people: Sequence[str]
) -> Verification | None:
    """Tell pairs of one person from pairs of two by the cosine of their descriptions.

    Args:
        descriptions: of real images, of unit length; each of another photo, since two that were
            made from one photo are no test.
        people: who is in each.

    Returns:
        None where there is no pair of one person, or of two.
    """
    rows = np.array(descriptions)
    first, second = np.triu_indices(len(rows), 1)
    who = np.asarray(people)
    similar = np.einsum("ij,ij->i", rows[first], rows[second])
    same = who[first] == who[second]
    if not same.any() or same.all():
        return None
    return _verified(similar, same)


def _verified(similar: NDArray[np.float64], same: NDArray[np.bool_]) -> Verification:
    inside, outside = np.sort(similar[same]), np.sort(similar[~same])
    thresholds = np.unique(similar)
    hits = 1 - np.searchsorted(inside, thresholds) / len(inside)
    rejected = np.searchsorted(outside, thresholds) / len(outside)
    balanced = (hits + rejected) / 2
    best = int(np.argmax(balanced))
    below = np.searchsorted(outside, inside, side="left")
    ties = np.searchsorted(outside, inside, side="right") - below
    auc = float((below + ties / 2).mean() / len(outside))
    return Verification(
        float(balanced[best]), float(thresholds[best]), auc, len(inside), len(outside)
    )
