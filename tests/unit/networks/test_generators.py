"""Generators at every size, conditioning and output; parameter counts; z reaches the output."""

from __future__ import annotations

import itertools

import pytest
import torch

from ecgan.config import Config, GeneratorConfig
from ecgan.networks.build import Generator, build_generator

KINDS = ("unet", "resnet")
CONDITIONINGS = ("bottleneck", "decoder", "input")
OUTPUTS = ("pixels", "residual", "warp")
NUM_EXPRESSIONS = 7


def small(kind: str, **values: object) -> GeneratorConfig:
    return GeneratorConfig.model_validate(
        {"kind": kind, "width": 8, "max_width": 16, "blocks": 2} | values
    )


def build(config: GeneratorConfig, size: int) -> Generator:
    """With the zero layers of residual and warp outputs filled: an output that depends on all."""
    torch.manual_seed(0)
    generator = build_generator(config, NUM_EXPRESSIONS, size)
    for layer in (generator.trunk.last, getattr(generator.trunk, "flow", None)):
        if layer is not None:
            torch.nn.init.normal_(layer.weight, 0, 0.02)
    return generator


def draw(size: int, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, 3, size, size, generator=generator) * 2 - 1
    return images, torch.eye(NUM_EXPRESSIONS)[1 : count + 1]


@pytest.mark.parametrize("size", [64, 128, 256, 512])
@pytest.mark.parametrize("kind", KINDS)
def test_sizes(kind: str, size: int) -> None:
    generator = build(small(kind, width=4, output="warp"), size)
    source, code = draw(size, count=1)
    with torch.no_grad():
        translation = generator(source, code)
    assert translation.image.shape == source.shape
    assert translation.flow.shape == (1, 2, size // 4, size // 4)
    assert translation.blend.shape == (1, 1, size, size)


@pytest.mark.parametrize(
    "kind, conditioning, output", list(itertools.product(KINDS, CONDITIONINGS, OUTPUTS))
)
def test_every_conditioning_and_output(kind: str, conditioning: str, output: str) -> None:
    generator = build(small(kind, conditioning=conditioning, output=output), 64)
    source, code = draw(64)
    code.requires_grad_()
    translation = generator(source, code)

    assert translation.image.shape == source.shape
    assert translation.image.dtype == torch.float32
    assert translation.image.abs().max() <= 1
    assert (translation.flow is not None) == (output == "warp")

    translation.image.square().sum().backward()
    assert code.grad is not None and (code.grad.abs().sum(dim=1) > 1e-6).all()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("kind, conditioning", list(itertools.product(KINDS, CONDITIONINGS)))
def test_z_changes_the_output(kind: str, conditioning: str) -> None:
    generator = build(small(kind, conditioning=conditioning), 64).eval()
    source, code = draw(64)
    with torch.no_grad():
        one = generator(source, code).image
        other = generator(source, code.roll(1, dims=1)).image
    assert (one - other).abs().max() > 1e-6


@pytest.mark.parametrize("kind, conditioning", list(itertools.product(KINDS, CONDITIONINGS)))
def test_examples_of_a_batch_do_not_mix(kind: str, conditioning: str) -> None:
    generator = build(small(kind, conditioning=conditioning), 64)
    source, code = draw(64)
    with torch.no_grad():
        both = generator(source, code).image
        alone = torch.cat([generator(source[i : i + 1], code[i : i + 1]).image for i in (0, 1)])
    torch.testing.assert_close(both, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", ["residual", "warp"])
def test_untrained_output_is_almost_the_source(kind: str, output: str) -> None:
    torch.manual_seed(0)
    generator = build_generator(small(kind, output=output), NUM_EXPRESSIONS, 64)
    source, code = draw(64)
    with torch.no_grad():
        image = generator(source, code).image
    assert (image - source).abs().mean() < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_refined_output_starts_as_the_source_and_paints_where_the_flow_leads(kind: str) -> None:
    config = small(kind, output="warp", refine=8)
    torch.manual_seed(0)
    generator = build_generator(config, NUM_EXPRESSIONS, 64)
    source, code = draw(64)
    fresh = generator(source, code)
    assert (fresh.image - source).abs().mean() < 0.05
    fresh.image.square().mean().backward()
    assert generator.refiner is not None
    assert generator.refiner.last.weight.grad.abs().max() > 0

    torch.nn.init.normal_(generator.refiner.last.weight, 0, 0.1)
    with torch.no_grad():
        still = generator(source, code).pixels
        generator.trunk.flow.bias += 0.2  # everything moves by a constant: so must what is painted
        moved = generator(source, code).pixels
    assert (moved - still).abs().mean() > 1e-3


@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_the_still_part_starts_small_and_learns(kind: str) -> None:
    generator = build_generator(small(kind, output="warp", refine=8, still=True), 7, 64)
    made = generator(*draw(64))
    assert made.still is not None and made.still.shape == (2, 1, 64, 64)
    assert made.still.mean().item() == pytest.approx(0.047, abs=0.01)
    (made.still - 1).abs().mean().backward()
    assert generator.still is not None and generator.still.weight.grad is not None
    assert generator.still.weight.grad.abs().max() > 0


def test_refiner_goes_with_a_flow() -> None:
    values = {"generator": {"refine": 8, "output": "pixels"}}
    with pytest.raises(ValueError, match=r"refine needs generator\.output=warp"):
        Config.model_validate(values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm", ["instance", "batch", "group", "none"])
def test_norms_and_dropout(kind: str, norm: str) -> None:
    generator = build(small(kind, norm=norm, dropout=True), 64)
    source, code = draw(64)
    assert generator(source, code).image.isfinite().all()
    generator.eval()
    assert torch.equal(generator(source, code).image, generator(source, code).image)


@pytest.mark.parametrize(
    "kind, flow_scale",
    [("resnet", 1), ("resnet", 2), ("resnet", 4), ("unet", 2), ("unet", 4), ("unet", 8)],
)
def test_flow_scale(kind: str, flow_scale: int) -> None:
    generator = build(small(kind, output="warp", flow_scale=flow_scale), 64)
    with torch.no_grad():
        flow = generator(*draw(64)).flow
    assert flow.shape == (2, 2, 64 // flow_scale, 64 // flow_scale)


def test_resnet_refuses_a_flow_that_it_cannot_predict() -> None:
    with pytest.raises(ValueError, match=r"1 / \[1, 2, 4\] of the image, got flow_scale=8"):
        build(small("resnet", output="warp", flow_scale=8), 64)


def test_unet_refuses_a_flow_that_it_cannot_predict() -> None:
    with pytest.raises(ValueError, match="predicts the flow at 1/2"):
        build(small("unet", output="warp", flow_scale=1), 64)


def test_unet_refuses_a_size_that_it_cannot_halve() -> None:
    with pytest.raises(ValueError, match="depth 7 needs a size divisible by 128, got 64"):
        build(small("unet", depth=7), 64)


@pytest.mark.parametrize("kind", KINDS)
def test_bf16_autocast_is_close_to_fp32(kind: str) -> None:
    generator = build(small(kind), 64).eval()
    source, code = draw(64)
    with torch.no_grad():
        exact = generator(source, code).image
        with torch.autocast("cpu", torch.bfloat16):
            rounded = generator(source, code).image
    assert rounded.dtype == torch.float32
    error = (rounded - exact).abs().mean() / exact.abs().mean()
    assert error < 0.03


def count(generator: Generator) -> float:
    return sum(parameter.numel() for parameter in generator.parameters()) / 1e6


def test_parameter_counts_without_z_are_the_published_ones() -> None:
    resnet = GeneratorConfig(kind="resnet", conditioning="input")
    unet = GeneratorConfig(kind="unet", norm="batch", conditioning="input")
    assert count(Generator(resnet, 0, 256)) == pytest.approx(11.378, abs=5e-4)
    assert count(Generator(unet, 0, 256)) == pytest.approx(54.414, abs=1e-3)
