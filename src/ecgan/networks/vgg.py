"""VGG-16 and VGG-19: the expression recogniser with its fc7 feature, and features for Eq. 3."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
import torchvision
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from ecgan.config import RecognizerConfig
from ecgan.errors import ConfigError, SnapshotError, one_line
from ecgan.files import sha256_file
from ecgan.shapes import Images
from ecgan.window import Window

LAYOUT = {"vgg16": "D", "vgg19": "E"}
"""Torchvision's letters for the two networks of Simonyan & Zisserman (2015)."""

OFFLINE = "name a recogniser snapshot as the feature network, which works offline"
"""What one can do without ImageNet weights."""

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class ImageNetScale(nn.Module):
    """Images in [-1, 1] as VGG's ImageNet weights want them: zero mean, unit variance."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Images) -> Images:
        return ((images + 1) / 2 - self.mean) / self.std


def convolution_trunk(network: str, width: float = 1.0, batch_norm: bool = False) -> nn.Sequential:
    """Torchvision's convolutions and max-pools with every width times `width`, at least 4."""
    plan = [c if c == "M" else max(4, round(c * width)) for c in cfgs[LAYOUT[network]]]
    trunk: nn.Sequential = make_layers(plan, batch_norm=batch_norm)
    return trunk


class VGGRecognizer(nn.Module):
    """Expression logits from a canonical crop; `features` is the deep feature fc7 (4,096-D in the
    paper).

    Width 1, pool 7 and 4,096 hidden units give torchvision's VGG up to the last layer.
    """

    def __init__(self, config: RecognizerConfig, num_expressions: int) -> None:
        super().__init__()
        self.window = Window(config.zoom)
        self.scale = ImageNetScale()
        self.trunk = convolution_trunk(config.network, config.width, config.batch_norm)
        self.pool = nn.AdaptiveAvgPool2d(config.pool_size)
        channels = [layer for layer in self.trunk if isinstance(layer, nn.Conv2d)][-1].out_channels
        self.fc6 = nn.Linear(channels * config.pool_size**2, config.hidden)
        self.fc7 = nn.Linear(config.hidden, config.features)
        self.output = nn.Linear(config.features, num_expressions)
        self.dropout = nn.Dropout(config.dropout)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        nn.init.normal_(self.output.weight, 0.0, 0.01)

    def features(self, images: Images) -> Float[Tensor, "batch features"]:
        """fc7 after its ReLU."""
        codes = self.pool(self.trunk(self.scale(self.window.cut(images)))).flatten(1)
        return torch.relu(self.fc7(self.dropout(torch.relu(self.fc6(codes)))))

    def logits(
        self, features: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch expressions"]:
        """Logits from fc7."""
        logits: Tensor = self.output(self.dropout(features))
        return logits

    def forward(self, images: Images) -> Float[Tensor, "batch expressions"]:
        return self.logits(self.features(images))

    def load_imagenet(self, weights: Path) -> None:
        """Start from a torchvision VGG: the convolutions, and fc6 and fc7 where they fit.

        Raises:
            SnapshotError: the file is no VGG of this layout, width and norm.
        """
        state = read_weights(weights)
        load_trunk(self.trunk, state, weights)
        for layer, name in ((self.fc6, "classifier.0"), (self.fc7, "classifier.3")):
            kernel = state.get(f"{name}.weight")
            if kernel is not None and kernel.shape == layer.weight.shape:
                layer.load_state_dict({"weight": kernel, "bias": state[f"{name}.bias"]})


class VGGFeatures(nn.Module):
    """phi of Eq. 3: frozen activations at named layers, shallowest first as asked.

    `conv5_4` is the j-th convolution before the i-th max-pool (SRGAN's phi_ij, here before the
    ReLU), `relu1_1` the same after it. Gradients reach the images, never the weights.
    """

    def __init__(self, layers: Sequence[str], trunk: nn.Sequential) -> None:
        """Share the parameters of `trunk`, which may be a recogniser's.

        Raises:
            ConfigError: a layer that the trunk does not have.
        """
        super().__init__()
        names = layer_names(trunk)
        valid = [name for name in names if name]
        for layer in layers:
            if layer not in valid:
                raise ConfigError(f"no VGG layer {layer!r}, expected one of {', '.join(valid)}")
        if not layers:
            raise ConfigError("the context loss needs one VGG layer at least, such as conv5_4")
        last = max(names.index(layer) for layer in layers)
        self.layers = tuple(layers)
        self.scale = ImageNetScale()
        self.names = tuple(names[: last + 1])
        # A ReLU in place would overwrite the convolution in front of it.
        steps = [nn.ReLU() if isinstance(step, nn.ReLU) else step for step in trunk]
        self.trunk = nn.Sequential(*steps[: last + 1])
        self.trunk.requires_grad_(False)
        self.eval()

    @classmethod
    def imagenet(
        cls,
        layers: Sequence[str],
        network: str = "vgg19",
        weights: str | Path | None = None,
        download: bool = False,
    ) -> VGGFeatures:
        """With torchvision's ImageNet weights; see `resolve_weights` for where they come from."""
        file = resolve_weights(network, weights, download)
        trunk = convolution_trunk(network.removesuffix("_bn"), batch_norm=network.endswith("_bn"))
        load_trunk(trunk, read_weights(file), file)
        return cls(layers, trunk)

    def channels(self) -> list[int]:
        """Of each layer, in the order of `layers`."""
        found: dict[str, int] = {}
        count = 0
        for name, step in zip(self.names, self.trunk, strict=True):
            count = step.out_channels if isinstance(step, nn.Conv2d) else count
            found[name] = count
        return [found[layer] for layer in self.layers]

    def train(self, mode: bool = True) -> VGGFeatures:
        """Stays in evaluation mode: batch norms keep their running statistics."""
        del mode
        super().train(False)
        return self

    def forward(self, images: Images) -> list[Float[Tensor, "batch _ _ _"]]:
        """Activations in the order of `layers`."""
        found: dict[str, Tensor] = {}
        value = self.scale(images)
        for name, step in zip(self.names, self.trunk, strict=True):
            value = step(value)
            if name in self.layers:
                found[name] = value
        return [found[layer] for layer in self.layers]


def layer_names(trunk: nn.Sequential) -> list[str]:
    """`conv1_1, relu1_1, ...` of every step of a trunk; batch norms have the name ""."""
    names, block, position = [], 1, 0
    for layer in trunk:
        name = ""
        if isinstance(layer, nn.Conv2d):
            position += 1
            name = f"conv{block}_{position}"
        elif isinstance(layer, nn.ReLU):
            name = f"relu{block}_{position}"
        elif isinstance(layer, nn.MaxPool2d):
            name = f"pool{block}"
            block, position = block + 1, 0
        names.append(name)
    return names


def weights_url(network: str) -> str:
    """Where torchvision keeps the ImageNet weights of a network."""
    url: str = torchvision.models.get_model_weights(network)["IMAGENET1K_V1"].url
    return url


def resolve_weights(
    network: str,
    given: str | Path | None = None,
    download: bool = False,
    otherwise: str | None = OFFLINE,
) -> Path:
    """The file with a network's ImageNet weights: given path, `$TORCH_HOME` cache, download.

    In the cache, torchvision's own file comes first, then `NETWORK.safetensors` beside it, which
    somebody made: no checksum is known for it.

    Args:
        network: a name of torchvision's: `vgg19`, `inception_v3`, `alexnet`.
        given: the file; None: the cache of `torch.hub`.
        download: whether a missing file may be fetched.
        otherwise: what else one can do without the file, for the message.

    Raises:
        SnapshotError: the file is nowhere and may not (or cannot) be fetched, or its content does
            not match the checksum in its name; the message names file, address and target.
    """
    if given is not None:
        path = Path(given).expanduser()
        if not path.is_file():
            raise SnapshotError(
                f"no weights file {path}; expected {network} weights (.pth, .safetensors)"
            )
        return path
    url = weights_url(network)
    target = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if not target.is_file():
        converted = target.with_name(f"{network}.safetensors")
        if converted.is_file():
            return converted
        if not download:
            raise SnapshotError(
                f"{network} needs its ImageNet weights: put {url} at {target}"
                + (f", or {otherwise}" if otherwise else "")
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        try:  # writes to a file beside it, which becomes `target` when it is whole
            torch.hub.download_url_to_file(url, str(target), progress=False)
        except OSError as error:
            raise SnapshotError(f"cannot download {url} to {target}: {one_line(error)}") from None
    prefix = re.search(r"-([0-9a-f]{8,})\.", target.name)
    if prefix and not sha256_file(target).startswith(prefix[1]):
        raise SnapshotError(
            f"{target} is damaged: its sha256 does not begin with {prefix[1]}; delete it"
        )
    return target


def read_weights(file: Path) -> Mapping[str, Tensor]:
    """Tensors of a `.safetensors` or `.pth` file; of the latter no code is ever run.

    Raises:
        SnapshotError: unreadable.
    """
    try:
        if file.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(file))
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError) as error:
        raise SnapshotError(f"cannot read the weights {file}: {one_line(error)}") from None
    except Exception as error:  # the unpickler has its own exceptions
        raise SnapshotError(f"{file} is not a file of weights: {one_line(error)}") from None
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise SnapshotError(f"{file} is not a file of weights: expected names and tensors")
    return state


def load_trunk(trunk: nn.Sequential, state: Mapping[str, Tensor], file: Path) -> None:
    """Fill a trunk from torchvision's names `features.*` or a recogniser's `trunk.*`."""
    start = next((p for p in ("features.", "trunk.") if any(k.startswith(p) for k in state)), "")
    inner = {k.removeprefix(start): v.float() for k, v in state.items() if k.startswith(start)}
    try:
        trunk.load_state_dict(inner)
    except RuntimeError as error:
        raise SnapshotError(f"{file} does not hold this VGG: {one_line(error)}") from None
