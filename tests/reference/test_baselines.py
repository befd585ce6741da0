"""CycleGAN, Pix2pix and StarGAN against losses and gradients of their public implementations.

tests/golden/baselines.json was computed in float64 by pytorch-CycleGAN-and-pix2pix (ResNet-9 with
instance norm, LSGAN, cycle 10, identity 0.5; U-Net-256 with batch norm, no dropout, L1 100,
cross-entropy) and by yunjey/stargan (six halvings, one step of each network), their parameters
being those of `support.parity`. Where a network is nested or joins its skips in another order,
parameters and gradients were put into ours.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from support.parity import SIZES, our_step, summary

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "baselines.json").read_text())


@pytest.mark.parametrize("name", SIZES)
def test_losses_and_gradients_are_those_of_the_public_implementation(name: str) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        losses, gradients = our_step(name)
    finally:
        torch.set_num_threads(before)
    assert losses == pytest.approx(GOLDEN[name]["losses"], rel=1e-5)
    assert gradients.keys() == GOLDEN[name]["gradients"].keys()
    for network, expected in GOLDEN[name]["gradients"].items():
        found = summary(network, gradients[network])
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-5 * expected["norm"]), network
