"""Whether a network that runs elsewhere does what it does in torch in fp32: on faces, in its
outputs, in the picture and in what the recogniser sees in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib import resources
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.inference.recognizer import Recognizer
from ecgan.networks.output import Translation
from ecgan.shapes import Images

Precision = Literal["fp32", "bf16", "int8"]

SHEET = "drawn_faces.webp"
"""50 people of `ecgan draw --seed 0`, side by side; `benchmarks/drawn_sheet.py` makes it."""
SHEET_COLUMNS, SHEET_FACE_PX = 10, 128
MAX_ERROR = 1e-3
"""Of fp32: the largest difference of any value of any output; images lie in [-1, 1]."""
LEAST_SSIM = {"bf16": 0.98, "int8": 0.95}
"""Mean over the faces."""
LEAST_SAME = {"bf16": 0.95, "int8": 0.9}
"""Share of faces in which the recogniser sees the same expression."""
_BATCH = 5
_WINDOW = 7
_C1, _C2 = 0.02**2, 0.06**2


@dataclass(frozen=True)
class Parity:
    """How two networks agree."""

    faces: int
    max_error: float
    """The largest difference of any value of any output; of the recogniser, of a probability."""
    ssim: float | None
    """Mean over the faces of their translations' structural similarity; None of the recogniser."""
    least_ssim: float | None
    """The least of them."""
    same_expression: float
    """Share of faces in which the recogniser sees the same expression."""

    def fault(self, precision: Precision) -> str | None:
        """What is not good enough; None: they agree."""
        if precision == "fp32":
            if not self.max_error <= MAX_ERROR:
                return f"outputs differ by up to {self.max_error:.2g}, more than {MAX_ERROR:g}"
            return None
        if self.ssim is not None and not self.ssim >= LEAST_SSIM[precision]:
            return f"SSIM is {self.ssim:.3f}, less than {LEAST_SSIM[precision]}"
        if not self.same_expression >= LEAST_SAME[precision]:
            return (
                f"the recogniser sees the same in {self.same_expression:.0%} of the faces, "
                f"in less than {LEAST_SAME[precision]:.0%}"
            )
        return None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def drawn_faces(count: int) -> Images:
    """The first of the 50 drawn faces that come with the package."""
    with (resources.files("ecgan.inference") / SHEET).open("rb") as file:
        sheet = np.asarray(Image.open(file).convert("RGB"))
    side = SHEET_FACE_PX
    rows = sheet.reshape(-1, side, SHEET_COLUMNS, side, 3).swapaxes(1, 2)
    faces = torch.from_numpy(rows.reshape(-1, side, side, 3)[:count].copy())
    return faces.movedim(-1, 1).float() / 127.5 - 1


def codes(count: int, entries: int) -> Tensor:
    """z of one face after another: each entry but neutral, the first, at two intensities."""
    places = torch.arange(count)
    strength = torch.where(places % 2 == 0, 1.0, 0.5)
    return (
        F.one_hot(1 + places % max(1, entries - 1), max(2, entries))[:, :entries]
        * strength[:, None]
    )


def compare_generators(
    reference: nn.Module,
    other: nn.Module,
    faces: Images,
    *,
    entries: int,
    judge: Recognizer,
) -> Parity:
    """Translate each face with both.

    Args:
        reference: in torch, in fp32.
        other: the same network elsewhere.
        faces: as the networks take them, in [-1, 1].
        entries: of z.
        judge: sees the translations.
    """
    z = codes(len(faces), entries)
    error, similar, same = 0.0, [], 0
    for part, code in zip(torch.split(faces, _BATCH), torch.split(z, _BATCH), strict=True):
        with torch.inference_mode():
            first, second = reference(part, code), other(part, code)
        error = max(error, *(_difference(*pair) for pair in _pairs(first, second)))
        images = [found.image.clamp(-1, 1).float() for found in (first, second)]
        similar.append(ssim(*images))
        seen = [judge.probabilities(image).argmax(1) for image in images]
        same += int((seen[0] == seen[1]).sum())
    ssims = torch.cat(similar)
    mean, least = float(ssims.mean()), float(ssims.min())
    return Parity(len(faces), error, mean, least, same / len(faces))


def compare_recognizers(reference: nn.Module, other: nn.Module, faces: Images) -> Parity:
    """Recognise each face with both; see `compare_generators`."""
    error, same = 0.0, 0
    for part in torch.split(faces, _BATCH):
        with torch.inference_mode():
            seen = [torch.softmax(network(part).float(), 1) for network in (reference, other)]
        error = max(error, _difference(*seen))
        same += int((seen[0].argmax(1) == seen[1].argmax(1)).sum())
    return Parity(len(faces), error, None, None, same / len(faces))


def _pairs(first: Translation, second: Translation) -> Sequence[tuple[Tensor, Tensor]]:
    names = [field.name for field in fields(Translation)]
    values = [(getattr(first, name), getattr(second, name)) for name in names]
    return [pair for pair in values if pair[0] is not None]


def _difference(first: Tensor, second: Tensor) -> float:
    """The largest; infinite where a value is not finite."""
    largest = float((first.float() - second.float()).abs().max())
    return largest if math.isfinite(largest) else math.inf


def ssim(first: Images, second: Images) -> Tensor:
    """(batch,): structural similarity (Wang et al. 2004) of images in [-1, 1], in a flat window."""
    pooled = [F.avg_pool2d(image, _WINDOW, 1) for image in (first, second)]
    squares = [F.avg_pool2d(image * image, _WINDOW, 1) for image in (first, second)]
    product = F.avg_pool2d(first * second, _WINDOW, 1) - pooled[0] * pooled[1]
    variances = [square - mean * mean for square, mean in zip(squares, pooled, strict=True)]
    light = (2 * pooled[0] * pooled[1] + _C1) / (pooled[0] ** 2 + pooled[1] ** 2 + _C1)
    texture = (2 * product + _C2) / (variances[0] + variances[1] + _C2)
    return (light * texture).mean(dim=(1, 2, 3))
