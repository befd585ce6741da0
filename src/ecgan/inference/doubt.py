"""Why an aligned face cannot be read: bad light, blur, noise, a negative, or something before it.

Light and noise are measured; the rest is seen by a small network that `benchmarks/doubt_network.py`
trains on good photos and on the same photos spoiled in many ways.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ecgan.errors import FaceError, SnapshotError
from ecgan.inference.crops import to_tensor
from ecgan.inference.recomposing import LUMA

VIEW_PX = 80
"""Side of what the network sees."""
VIEW = (38 / 256, 45 / 256, 218 / 256)
"""Left, top and right of it in the canonical crop, in sides of the crop: brows to chin."""
SEEN = ("blurred", "noisy", "negative", "upside down", "covered mouth", "covered eyes", "painted")
"""Outputs of the network."""
WEIGHTS = Path(__file__).parents[1] / "weights" / "doubt.safetensors"


class DoubtNetwork(nn.Module):
    """Logits of `SEEN` from views of a face in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        plan = ((3, 16, 2), (16, 32, 2), (32, 48, 1), (48, 64, 2), (64, 64, 1), (64, 96, 2))
        layers: list[nn.Module] = []
        for inputs, outputs, stride in plan:
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        side = VIEW_PX // 16
        self.trunk = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
        self.last = nn.Linear(96 * side * side, len(SEEN))

    def forward(self, views: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch reasons"]:
        logits: Tensor = self.last(self.trunk(views))
        return logits


def view_of(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of a canonical crop of any size that the network sees, (VIEW_PX, VIEW_PX, 3)."""
    side = crop.shape[0]
    left, top, right = (round(share * side) for share in VIEW)
    part = crop[top : top + right - left, left:right]
    shrink = part.shape[0] >= VIEW_PX
    kind = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (VIEW_PX, VIEW_PX), interpolation=kind), dtype=np.uint8)


ADVICE = {
    "dark": "the face is too dark to see: brighten the photo",
    "bright": "the face is burnt out to white: use a darker photo",
    "faded": "the face has hardly any contrast: use a clearer photo",
    "blurred": "the face is too blurred to read: use a sharper photo",
    "noisy": "the face is hidden by noise: use a cleaner photo",
    "negative": "light and dark are inverted: turn the negative into a positive",
    "upside down": "the face is upside down: turn the photo",
    "covered mouth": "the mouth is covered: use a photo that shows it",
    "covered eyes": "the eyes are covered: they are left as they are",
    "painted": "the face is painted over: use a photo without it",
}
"""Of each reason for doubt: what is wrong and what to do."""
WARNED = ("faded", "noisy", "covered eyes")
"""Reasons for which a face is still translated."""

DARKEST, BRIGHTEST, LEAST_RANGE = 30.0, 250.0, 14.0
"""Grey levels of 255: of the lightest twentieth of a face that can be read at least, of its median
at most, and between its lightest and darkest twentieths at least."""
MOST_NOISE = 10.0
"""Standard deviation in grey levels, at the resolution of the crop."""
_SECOND_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def doubts_of(crop: NDArray[np.uint8]) -> tuple[str, ...]:
    """Why a face cannot be read: keys of `ADVICE`, none for a good one.

    Args:
        crop: (side, side, 3) RGB, a canonical crop at the resolution of the photo.

    Raises:
        SnapshotError: the weights of the network are missing or damaged.
    """
    view = view_of(crop)
    badly_lit = light_doubt(view)
    if badly_lit is not None:  # nothing else can be told of it
        return (badly_lit,)
    network, thresholds = load_network()
    with torch.inference_mode():
        seen = torch.sigmoid(network(to_tensor(view[None])))[0].tolist()
    found = [name for name, value in zip(SEEN, seen, strict=True) if value > thresholds[name]]
    if "noisy" not in found and noise_of(crop) > MOST_NOISE:
        found.append("noisy")
    return tuple(found)


def check_readable(crop: NDArray[np.uint8]) -> tuple[str, ...]:
    """Refuse a face that no translation can do justice; what is only doubtful, of `WARNED`.

    Raises:
        FaceError: another reason of `doubts_of`.
    """
    doubts = doubts_of(crop)
    for reason in doubts:
        if reason not in WARNED:
            raise FaceError(reason, ADVICE[reason])
    return doubts


def light_doubt(view: NDArray[np.uint8]) -> str | None:
    """`dark`, `bright` or `faded`, from the grey levels of a view; None for good light."""
    low, median, high = np.percentile(view.astype(np.float32) @ LUMA, (5, 50, 95))
    if high < DARKEST:
        return "dark"
    if median > BRIGHTEST:
        return "bright"
    return "faded" if high - low < LEAST_RANGE else None


def noise_of(crop: NDArray[np.uint8]) -> float:
    """Standard deviation of the noise in the grey levels of the middle of a crop (Immerkaer 1996,
    Fast noise variance estimation): edges, which fill little of a face, hardly count."""
    side = crop.shape[0]
    middle = crop[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4]
    grey = middle.astype(np.float32) @ LUMA
    second = cv2.filter2D(grey, -1, _SECOND_DIFFERENCES)
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(second).mean())


@functools.cache
def load_network(path: Path = WEIGHTS) -> tuple[DoubtNetwork, dict[str, float]]:
    """The network, ready for use, and the probability from which each of `SEEN` is doubted.

    Raises:
        SnapshotError: missing or damaged.
    """
    network = DoubtNetwork()
    try:
        with safe_open(path, "pt") as file:
            thresholds: dict[str, float] = json.loads((file.metadata() or {})["thresholds"])
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise SnapshotError(
            f"{path} is missing or damaged ({str(error).splitlines()[0]}): install ecgan again"
        ) from None
    if set(thresholds) != set(SEEN):
        raise SnapshotError(f"{path} has no threshold for each of {', '.join(SEEN)}")
    return network.eval().requires_grad_(False), thresholds
