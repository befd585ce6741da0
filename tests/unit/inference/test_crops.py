"""Aligned crops as tensors and back."""

import numpy as np
import torch

from ecgan.inference.crops import to_pixels, to_tensor


def test_pixels_survive_the_way_through_tensors() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    tensor = to_tensor(pixels)
    assert tensor.shape == (1, 3, 16, 16)
    assert tensor.min() == -1
    assert tensor.max() == 1
    np.testing.assert_array_equal(to_pixels(tensor), pixels)
    assert torch.equal(to_tensor(np.stack([pixels, pixels])), torch.cat([tensor, tensor]))
    assert to_pixels(torch.full((1, 3, 2, 2), 9.0)).max() == 255
