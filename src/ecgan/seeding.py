"""Random numbers as a function of (seed, step, rank, stream): a resumed run draws the same ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *key: int | str) -> int:
    """A 63-bit seed from a base seed and any position key, e.g. `derive_seed(0, step, rank)`."""
    digest = hashlib.sha256(repr((int(seed), *key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_generator(seed: int, *key: int | str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, *key))


def torch_generator(seed: int, *key: int | str) -> torch.Generator:
    import torch  # not above: worker processes that only draw numbers start without it

    return torch.Generator().manual_seed(derive_seed(seed, *key))
