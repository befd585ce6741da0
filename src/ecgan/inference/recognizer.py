"""The recogniser of a snapshot: expression probabilities and deep features of aligned faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ecgan.config import RecognizerConfig
from ecgan.config_loading import build
from ecgan.errors import ConfigError, UsageError, extras_named
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import default_snapshot, load_snapshot
from ecgan.inference.turns import one_at_a_time
from ecgan.networks.vgg import VGGFeatures, VGGRecognizer
from ecgan.precision import PrecisionOption, autocast, choose_precision, default_device
from ecgan.shapes import Images

if TYPE_CHECKING:
    from ecgan.faces.finder import FaceFinder
    from ecgan.faces.opening import PhotoLike
    from ecgan.inference.backends import Backend
    from ecgan.inference.engines import Running
    from ecgan.inference.recognition import RecognisedFace

ROUNDING = 0.01
"""How far beyond [-1, 1] images may go: bfloat16 and resampling leave that much."""


class Recognizer:
    """A trained VGG and its vocabulary.

    Images are aligned crops of any square size in [-1, 1]; they are resized with an antialiasing
    filter to the size that the network learned on. Threads may share a recogniser; their calls are
    done one at a time. `recognize` finds the faces of whole photos.
    """

    def __init__(
        self,
        model: VGGRecognizer,
        vocabulary: Vocabulary,
        size: int,
        *,
        temperature: float = 1.0,
        sha256: str = "",
        precision: PrecisionOption = "auto",
        device: torch.device | None = None,
        running: Running | None = None,
    ) -> None:
        self.device = device or default_device()
        self.precision = choose_precision(precision, self.device)
        model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._model = model.eval().requires_grad_(False)
        self._running = running
        """What runs the network in place of torch."""
        self.vocabulary = vocabulary
        self.size = size
        self.temperature = temperature
        """By which the logits are divided, so that probabilities are as sure as they are right
        (Guo et al. 2017)."""
        self.sha256 = sha256
        """Of the snapshot; empty for a model that is still in training."""

    @classmethod
    def load(
        cls,
        source: str | Path | None = None,
        *,
        precision: PrecisionOption = "auto",
        device: torch.device | None = None,
        backend: Backend | None = None,
    ) -> Recognizer:
        """From a snapshot folder or hub id; none: the one that comes with the package.

        Args:
            source: of the snapshot.
            precision: of torch.
            device: none: a GPU, where there is one.
            backend: runs the network; see `in_backend`.

        Raises:
            SnapshotError: missing, damaged, or no recogniser.
            MissingExtra: the backend is not installed.
        """
        from ecgan.inference.backends import in_backend

        device = device or default_device()
        snapshot = load_snapshot(source or default_snapshot("recognizer"), "recognizer")
        with snapshot.reading_config():
            vocabulary = Vocabulary(tuple(snapshot.config["vocabulary"]))
            config = build(RecognizerConfig, snapshot.config["recognizer"])
            temperature = float(snapshot.config.get("temperature", 1.0))
        model = VGGRecognizer(config, len(vocabulary))
        running = in_backend({"recognizer": model}, snapshot, backend, device)
        elsewhere = running.engine.backend != "torch"
        if backend == "auto" and not elsewhere:
            precision = "bf16" if running.engine.precision == "bf16" else "fp32"
        return cls(
            model,
            vocabulary,
            config.size,
            temperature=temperature,
            sha256=snapshot.sha256,
            precision=precision,
            device=device,
            running=running if elsewhere else None,
        )

    @property
    def model(self) -> VGGRecognizer:
        """The network in torch.

        Raises:
            UsageError: an export, which has none.
        """
        if self._running is not None and self._running.is_export:
            raise UsageError("this recogniser is an export; give the snapshot that it is made from")
        return self._model

    @property
    def engine(self) -> str:
        """What runs the network, and in which precision."""
        return str(self._running.engine) if self._running else f"torch {self.precision}"

    @property
    def _network(self) -> Any:
        return self._running.modules["recognizer"] if self._running else self._model

    def probabilities(self, images: Images, batch: int = 64) -> Float[Tensor, "batch expressions"]:
        """p(expression | image) in the order of `vocabulary`; float32 on the CPU.

        Raises:
            TypeError, ValueError: something else than images in [-1, 1].
        """
        return torch.softmax(self.logits(images, batch) / self.temperature, dim=1)

    def logits(self, images: Images, batch: int = 64) -> Float[Tensor, "batch expressions"]:
        """What the last layer gives; float32 on the CPU. Raises as `probabilities`."""
        return self._run(self._network, images, batch)

    def of_crop(self, image: Images) -> dict[str, float]:
        """`probabilities` of one image, a batch of one, by expression."""
        values = self.probabilities(image)[0].tolist()
        return dict(zip(self.vocabulary.names, values, strict=True))

    @overload
    def recognize(  # type: ignore[overload-overlap]
        self, photo: PhotoLike, finder: FaceFinder | None = ...
    ) -> list[RecognisedFace]: ...

    @overload
    def recognize(
        self, photo: Iterable[PhotoLike], finder: FaceFinder | None = ...
    ) -> list[list[RecognisedFace] | Exception]: ...

    def recognize(
        self, photo: PhotoLike | Iterable[PhotoLike], finder: FaceFinder | None = None
    ) -> Any:
        """The faces of a photo, the largest first, with the expressions that they show.

        Args:
            photo: a path, a PIL.Image, a (height, width, 3) uint8 RGB array or a `Photo`; or a list
                of them.
            finder: none: landmarks beside the photo, or else detected.

        Returns:
            Of several photos, a list of these lists in their order; in the place of a photo that
            cannot be opened or shows no face stands its error. One photo alone raises it.

        Raises:
            TypeError, ValueError, ImageError: no photo, see `open_photo`.
            FaceError: there is no face in it.
            MissingExtra: finding faces takes another package.
        """
        with extras_named():
            from ecgan.faces.finder import FaceFinder
            from ecgan.inference.recognition import recognise

        return recognise(photo, self, finder or FaceFinder())

    def features(self, images: Images, batch: int = 64) -> Float[Tensor, "batch features"]:
        """The deep feature fc7 (4,096-D in the paper); float32 on the CPU.

        Raises:
            TypeError, ValueError: something else than images in [-1, 1].
        """
        return self._run(self._network.features, images, batch)

    @one_at_a_time
    def _run(self, network: Callable[[Tensor], Tensor], images: Tensor, batch: int) -> Tensor:
        _check_images(images)
        if not len(images):
            probe = torch.zeros(1, 3, self.size, self.size)
            return self._run(network, probe, 1)[:0]
        results = []
        with torch.inference_mode(), autocast(self.precision, self.device):
            for part in torch.split(images, batch):
                prepared = resize(part.to(self.device, torch.float32), self.size)
                prepared = prepared.contiguous(memory_format=torch.channels_last)
                results.append(network(prepared).float().cpu())
        return torch.cat(results)


def _check_images(images: Any) -> None:
    """Refuse what the networks would take and answer with nonsense.

    Raises:
        TypeError, ValueError: something else than (batch, 3, height, width) in [-1, 1].
    """
    expected = "expected images (batch, 3, height, width) in [-1, 1]"
    if not isinstance(images, Tensor) or not images.is_floating_point():
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"{expected} as a float tensor, got {got}: see inference.crops.to_tensor")
    if images.dim() != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
        raise ValueError(f"{expected}, got {tuple(images.shape)}")
    if len(images):
        low, high = (float(value) for value in images.detach().aminmax())
        if not (low >= -1 - ROUNDING and high <= 1 + ROUNDING):
            raise ValueError(
                f"{expected}, got values from {low:.4g} to {high:.4g}: 8-bit pixels are divided by "
                "127.5, less 1"
            )


def resize(images: Images, size: int) -> Float[Tensor, "batch 3 size size"]:
    """Images at `size` x `size`, antialiased when they shrink; differentiable."""
    if images.shape[-2:] == (size, size):
        return images
    return functional.interpolate(
        images, size=(size, size), mode="bilinear", align_corners=False, antialias=True
    )


def feature_network(network: str, layers: Sequence[str], *, download: bool = False) -> VGGFeatures:
    """phi of Eq. 3 (`objective.context_options`) and of the perceptual loss: ImageNet VGG or a
    recogniser.

    Args:
        network: `vgg19` or `vgg16` for ImageNet weights, `recognizer` for the packaged recogniser,
            or the folder or hub id of a recogniser snapshot, which works offline.
        layers: such as `conv5_4`; a VGG-16 recogniser ends at `conv5_3`.
        download: whether missing ImageNet weights may be fetched.

    Raises:
        SnapshotError: the weights are not there; the message names file and target.
        ConfigError: the network has no such layer.
    """
    if network in ("vgg16", "vgg19"):
        return VGGFeatures.imagenet(layers, network, download=download)
    source = None if network == "recognizer" else network
    model = Recognizer.load(source, device=torch.device("cpu")).model
    try:
        return VGGFeatures(layers, model.trunk)
    except ConfigError as error:
        raise ConfigError(f"the feature network {network}: {error}") from None
