"""What networks make of images: features for FID and KID, and perceptual distances."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import inception_v3

from ecgan.errors import EcganError, SnapshotError
from ecgan.files import sha256_file
from ecgan.inference.recognizer import Recognizer, resize
from ecgan.networks.vgg import VGGFeatures, layer_names, read_weights, resolve_weights
from ecgan.shapes import Images

Features = Float[Tensor, "batch features"]
Layer = Float[Tensor, "_ _ _ _"]
INCEPTION_PX = 299
BATCH = 32
_TINY = 1e-10


@dataclass(frozen=True)
class Instrument:
    """What a figure is measured with."""

    key: str
    """Names its figures."""
    name: str
    sha256: str
    """Of the weights; empty where there are none."""

    def facts(self) -> dict[str, str]:
        """What stands beside its figures."""
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class Extractor(Instrument):
    """Features of images in [-1, 1]; its key ends the names of figures: `fid_recognizer`."""

    features: Callable[[Images], Features]


@dataclass(frozen=True)
class PerceptualDistance(Instrument):
    """A distance between two batches of images in [-1, 1]: `lpips` or `perceptual_recognizer`."""

    distance: Callable[[Images, Images], Float[Tensor, " batch"]]


def recognizer_extractor(recognizer: Recognizer) -> Extractor:
    """fc7 of a recogniser, 4,096-D in the paper."""
    name = "fc7 of the recogniser"
    return Extractor("recognizer", name, recognizer.sha256, recognizer.features)


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
    network.fc = nn.Identity()

    def features(images: Images) -> Features:
        # These weights were trained on inputs in [-1, 1], which is what the images are.
        parts = torch.split(images, BATCH)
        with torch.inference_mode():
            return torch.cat([network(resize(part, INCEPTION_PX)) for part in parts])

    name = "pool of torchvision's Inception-v3, ImageNet"
    return Extractor("inception", name, sha256_file(file), features)


def perceptual_distance(first: Sequence[Layer], second: Sequence[Layer]) -> Float[Tensor, " batch"]:
    """Mean over layers of the mean over places of |f1 - f2|^2, with f scaled to unit length over
    the channels: LPIPS (Zhang et al. 2018) before its weights are fitted to human judgements. Each
    layer lies in [0, 2] where the features are not negative.

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    if not first or len(first) != len(second):
        raise ValueError(f"expected the same layers of both, got {len(first)} and {len(second)}")
    terms = [
        (_unit(one) - _unit(other)).square().sum(dim=1).mean(dim=(1, 2))
        for one, other in zip(first, second, strict=True)
    ]
    return torch.stack(terms).mean(dim=0)


def recognizer_distance(recognizer: Recognizer) -> PerceptualDistance:
    """`perceptual_distance` of the last ReLU before each pool of a recogniser's trunk."""
    names = layer_names(recognizer.model.trunk)
    layers = [name for name, after in itertools.pairwise(names) if after.startswith("pool")]
    network = VGGFeatures(layers, recognizer.model.trunk).to(recognizer.device)

    def distance(first: Images, second: Images) -> Tensor:
        pair = (resize(images.to(recognizer.device), recognizer.size) for images in (first, second))
        with torch.inference_mode():
            one, other = (network(images) for images in pair)
            return perceptual_distance(one, other).cpu()

    name = "unit-length features before each pool of the recogniser, not fitted to human judgements"
    return PerceptualDistance("perceptual_recognizer", name, recognizer.sha256, distance)


def lpips_distance(given: str | Path | None = None, download: bool = False) -> PerceptualDistance:
    """LPIPS 0.1 on AlexNet through the library `lpips`, which has the fitted weights; those of
    AlexNet itself are resolved as every ImageNet network's.

    Raises:
        EcganError: `lpips` is not installed.
        SnapshotError: AlexNet's weights are not there, or not these.
    """
    try:
        import lpips
    except ImportError:
        raise EcganError("LPIPS needs its library: pip install 'ecgan[metrics]'") from None
    file = resolve_weights("alexnet", given, download, otherwise=None)
    state = read_weights(file)
    model = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).eval().requires_grad_(False)
    try:
        for name, parameter in model.net.named_parameters():
            # "slice2.3.weight" is torchvision's "features.3.weight".
            with torch.no_grad():
                parameter.copy_(state[f"features.{name.split('.', 1)[1]}"])
    except (KeyError, RuntimeError):
        raise SnapshotError(f"{file} does not hold torchvision's AlexNet") from None

    def distance(first: Images, second: Images) -> Tensor:
        with torch.inference_mode():
            values: Tensor = model(first, second)
            return values.flatten()

    return PerceptualDistance("lpips", "LPIPS 0.1 on AlexNet", sha256_file(file), distance)


def best_distance(recognizer: Recognizer) -> PerceptualDistance:
    """LPIPS where its library and weights are on the machine, else `recognizer_distance`."""
    try:
        return lpips_distance()
    except EcganError:
        return recognizer_distance(recognizer)


def _unit(features: Layer) -> Layer:
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + _TINY)
