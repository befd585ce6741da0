"""Discriminators on a recogniser's frozen features: what learns, what stays, what each counts."""

from __future__ import annotations

import torch

from ecgan.config import DiscriminatorConfig, RecognizerConfig
from ecgan.networks.build import build_discriminator
from ecgan.networks.patchgan import LAYERS, JointDiscriminator, Projected
from ecgan.networks.vgg import VGGFeatures, VGGRecognizer

NUM_EXPRESSIONS = 4
RECOGNIZER = RecognizerConfig(size=32, width=0.0625, pool_size=1, hidden=16, features=24)


def recognizer() -> VGGRecognizer:
    torch.manual_seed(0)
    return VGGRecognizer(RECOGNIZER, NUM_EXPRESSIONS).eval().requires_grad_(False)


def projected() -> Projected:
    return Projected(VGGFeatures(LAYERS, recognizer().trunk), 32, NUM_EXPRESSIONS)


def draw() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(2, 3, 64, 64) * 2 - 1, torch.eye(NUM_EXPRESSIONS)[1:3]


def test_heads_learn_and_the_recogniser_does_not() -> None:
    discriminator = projected().train()
    image, code = draw()
    image.requires_grad_()
    before = {name: value.clone() for name, value in discriminator.features.state_dict().items()}
    discriminator(image, code).patches.mean().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(p.grad is not None for p in discriminator.heads.parameters())
    assert all(p.grad is None for p in discriminator.features.parameters())
    assert all(torch.equal(before[k], v) for k, v in discriminator.features.state_dict().items())


def test_a_head_for_each_layer_judges_by_z() -> None:
    discriminator = projected()
    image, code = draw()
    assert len(discriminator.heads) == len(LAYERS)
    one, other = (
        discriminator(image, code).patches,
        discriminator(image, code.roll(1, dims=0)).patches,
    )
    assert one.shape[1] == 1
    assert not torch.equal(one, other)


def test_joined_each_counts_the_same() -> None:
    image, code = draw()
    patchgan = build_discriminator(DiscriminatorConfig(width=4), NUM_EXPRESSIONS)
    output = JointDiscriminator([patchgan, projected()])(image, code)
    first, second = patchgan(image, code).patches, output.patches
    half = second.shape[3] // 2
    assert torch.equal(second[..., :half], first)
    assert second.shape[3] == 2 * first.shape[3]
