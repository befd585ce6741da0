"""What the networks' last features become."""

import pytest
import torch

from ecgan.networks.output import (
    Paint,
    TrunkOutput,
    flow_at,
    to_translation,
    warp,
)

LOW = 32


def noise(size: int, seed: int = 0, spread: float = 0.1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (spread * torch.randn(1, 3, size, size, generator=generator)).clamp(-0.9, 0.9)


@pytest.mark.parametrize(("paint", "blend"), [("pixels", 0.047), ("change", 0.269)])
def test_before_training_the_blend_is_open_as_far_as_it_costs_little(
    paint: Paint, blend: float
) -> None:
    source = noise(LOW)
    output = TrunkOutput(torch.zeros(1, 4, LOW, LOW), torch.zeros(1, 2, LOW // 4, LOW // 4))
    made = to_translation("warp", source, output, paint=paint)
    assert made.blend is not None
    assert made.blend.mean().item() == pytest.approx(blend, abs=1e-3)
    same = torch.allclose(made.image, source, atol=1e-5)
    assert same == (paint == "change")


def test_a_painted_change_is_an_offset_of_the_moved_source() -> None:
    source = noise(LOW)
    full = torch.cat([torch.full((1, 1, LOW, LOW), 20.0), torch.full((1, 3, LOW, LOW), 0.05)], 1)
    flow = torch.full((1, 2, LOW // 4, LOW // 4), 0.1)
    made = to_translation("warp", source, TrunkOutput(full, flow), paint="change")
    assert made.flow is not None
    torch.testing.assert_close(
        made.image, (warp(source, made.flow) + 0.1).clamp(-1, 1), atol=1e-3, rtol=0
    )
    still = to_translation("warp", source, TrunkOutput(full, 0 * flow), paint="change")
    torch.testing.assert_close(still.image, (source + 0.1).clamp(-1, 1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("side", [LOW, 4 * LOW])
def test_what_is_still_does_not_follow_and_has_an_edge_of_pixels(side: int) -> None:
    flow = torch.full((1, 2, LOW // 4, LOW // 4), 0.2)
    still = (torch.arange(LOW) < LOW // 2).float().expand(1, 1, LOW, LOW)
    row = flow_at(flow, still, side)[0, 0, 0]
    assert row[: side // 2 - 2].abs().max() == 0
    assert row[side // 2 + 2 :].tolist() == pytest.approx([0.2] * (side // 2 - 2))
