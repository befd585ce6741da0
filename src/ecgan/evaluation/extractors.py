"""Feature extractors that FID, KID and the inception score are taken on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import inception_v3

from ecgan.errors import SnapshotError
from ecgan.evaluation.feature_distances import Features
from ecgan.files import sha256_file
from ecgan.inference.recognizer import Recognizer, resize
from ecgan.networks.vgg import read_weights, resolve_weights
from ecgan.shapes import Images

INCEPTION_PX = 299
BATCH = 32


@dataclass(frozen=True)
class Extractor:
    """Features of images in [-1, 1], with what they come from."""

    key: str
    """Ends the names of its figures: `fid_recognizer`."""
    name: str
    sha256: str
    """Of the weights."""
    features: Callable[[Images], Features]
    probabilities: Callable[[Images], Tensor]
    """(batch, classes), for the inception score."""

    def facts(self) -> dict[str, str]:
        """What stands beside each of its figures."""
        return {"name": self.name, "sha256": self.sha256}


def recognizer_extractor(recognizer: Recognizer) -> Extractor:
    """fc7 of a recogniser, 4,096-D in the paper."""
    return Extractor(
        "recognizer",
        "fc7 of the recogniser",
        recognizer.sha256,
        recognizer.features,
        recognizer.probabilities,
    )


def inception_extractor(given: str | Path | None = None, download: bool = False) -> Extractor:
    """The 2,048-D pool of torchvision's Inception-v3 (Szegedy et al. 2016).

    Published FIDs use other weights of the same network and another way of making images smaller,
    so these compare with each other alone.

    Args:
        given: the weights; None: the cache of `torch.hub`.
        download: whether missing weights may be fetched.

    Raises:
        SnapshotError: the weights are not there, or not these; the message names file and target.
    """
    file = resolve_weights("inception_v3", given, download, otherwise=None)
    network = inception_v3(init_weights=False, transform_input=False).eval().requires_grad_(False)
    try:
        network.load_state_dict(dict(read_weights(file)))
    except RuntimeError:
        raise SnapshotError(f"{file} does not hold torchvision's Inception-v3") from None
    output = network.fc
    network.fc = nn.Identity()
    # These weights were trained on inputs in [-1, 1], which is what the images are.
    return Extractor(
        "inception",
        "pool of torchvision's Inception-v3, ImageNet",
        sha256_file(file),
        lambda images: _in_batches(network, images),
        lambda images: torch.softmax(output(_in_batches(network, images)), dim=1),
    )


def _in_batches(network: nn.Module, images: Images) -> Tensor:
    with torch.inference_mode():
        return torch.cat(
            [network(resize(part, INCEPTION_PX)) for part in torch.split(images, BATCH)]
        )
