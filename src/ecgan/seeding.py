"""Random numbers as a function of (seed, step, rank, stream): a resumed run draws the same ones."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, *key: int | str) -> int:
    """A 63-bit seed from a base seed and any position key, e.g. `derive_seed(0, step, rank)`."""
    digest = hashlib.sha256(repr((int(seed), *key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_generator(seed: int, *key: int | str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, *key))
