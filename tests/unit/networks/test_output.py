"""A warp translation applied to its source at any size."""

import pytest
import torch
from torch.nn import functional as F

from ecgan.networks.output import (
    Change,
    Paint,
    Translation,
    TrunkOutput,
    flow_at,
    no_change,
    recomposed,
    to_translation,
    warp,
)

LOW = 32


def noise(size: int, seed: int = 0, spread: float = 0.1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (spread * torch.randn(1, 3, size, size, generator=generator)).clamp(-0.9, 0.9)


def translation(
    source: torch.Tensor,
    *,
    shift_px: float = 0.0,
    blend: float = 0.0,
    pixels: float = 0.0,
    low: int = LOW,
) -> Translation:
    """Fields that are alike everywhere, as a network of size `low` would give them."""
    flow = torch.zeros(1, 2, low // 4, low // 4)
    flow[:, 0] = 2 * shift_px / source.shape[3]
    alpha, new = torch.full((1, 1, low, low), blend), torch.full((1, 3, low, low), pixels)
    small = F.interpolate(source, (low, low), mode="bilinear", antialias=True)
    return Translation(torch.lerp(warp(small, flow), new, alpha), flow, alpha, new)


def recompose(source: torch.Tensor, made: Translation, strength: float = 1.0) -> torch.Tensor:
    """The image that `recomposed` gives."""
    return recomposed(source, made, strength)[0]


def fine(images: torch.Tensor) -> float:
    """Spread of what a network of size `LOW` cannot show, away from the border."""
    small = F.interpolate(images, (LOW, LOW), mode="bilinear", antialias=True)
    rest = images - F.interpolate(small, images.shape[2:], mode="bicubic")
    return float(rest[..., 8:-8, 8:-8].std())


def test_at_the_networks_size_new_pixels_are_those_of_the_translation() -> None:
    source = noise(LOW) - 0.5
    made = translation(source, blend=0.4, pixels=0.9)
    torch.testing.assert_close(recompose(source, made), made.image)


@pytest.mark.parametrize("size", [LOW, 48, 100])
def test_without_strength_or_fields_it_is_the_source(size: int) -> None:
    source = noise(size)
    made = translation(source, shift_px=3.0, blend=0.7, pixels=0.5)
    torch.testing.assert_close(recompose(source, made, 0.0), source, atol=1e-5, rtol=0)
    still = translation(source)
    torch.testing.assert_close(recompose(source, still), source, atol=1e-5, rtol=0)


def test_a_move_keeps_the_texture_of_the_skin() -> None:
    source = noise(128)
    moved = recompose(source, translation(source, shift_px=2.5))
    bilinear = warp(source, translation(source, shift_px=2.5).flow)
    assert fine(bilinear) < 0.72 * fine(source)
    assert 0.8 * fine(source) < fine(moved) < fine(source)


@pytest.mark.parametrize("size", [256, 400])
def test_a_shade_keeps_the_texture_of_the_skin(size: int) -> None:
    source = noise(size, spread=0.03)
    made = translation(source, blend=1.0, pixels=0.05, low=256)
    shaded = recompose(source, made)
    assert shaded.std() == pytest.approx(source.std().item(), rel=0.05)
    assert (shaded - source).mean() == pytest.approx(0.05, abs=0.01)
    assert made.image.std() < 1e-6, "the network has painted the texture away"


def test_detail_goes_where_the_pixels_are_new() -> None:
    source = noise(128)
    made = [translation(source, blend=b, pixels=0.8) for b in (0.0, 0.3, 0.6, 1.0)]
    kept = [fine(recompose(source, one)) for one in made]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == pytest.approx(fine(source), rel=1e-4)
    assert kept[3] < 0.01 * kept[0]


def test_detail_goes_with_the_structure_that_is_painted_over() -> None:
    """Teeth: stripes that the network sees, with edges that it does not."""
    columns = torch.arange(128)
    stripes = 0.6 * torch.where(columns // 8 % 2 == 0, 1.0, -1.0)
    teeth = stripes.expand(1, 3, 128, 128) + noise(128, spread=0.05)
    made = translation(teeth, blend=0.5)
    assert fine(recompose(teeth, made)) < 0.3 * fine(teeth)
    skin = noise(128, spread=0.005)
    made = translation(skin, blend=0.5, pixels=0.8)
    assert fine(recompose(skin, made)) == pytest.approx(0.5 * fine(skin), rel=0.1)


def test_needs_fields() -> None:
    source = noise(LOW)
    with pytest.raises(ValueError, match="warp"):
        recompose(source, Translation(source))


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
    torch.testing.assert_close(recompose(source, still), still.image)


def applied(change: Change, source: torch.Tensor) -> torch.Tensor:
    return change.gate * warp(source, change.flow, mode="bicubic") + change.offset


@pytest.mark.parametrize("size", [LOW, 128])
def test_a_change_gives_the_same_image_from_the_source(size: int) -> None:
    source = noise(size)
    image, change = recomposed(source, translation(source, shift_px=2.5, blend=0.4, pixels=0.3))
    assert change.gate.shape[2:] == change.flow.shape[2:] == source.shape[2:]
    torch.testing.assert_close(applied(change, source).clamp(-1, 1), image, atol=1e-5, rtol=0)
    _, still = recomposed(source, translation(source))
    torch.testing.assert_close(still.fields, no_change(1, size).fields, atol=1e-5, rtol=0)


def test_two_changes_are_one() -> None:
    source = F.interpolate(noise(16), (64, 64), mode="bicubic")
    first, second = (
        recomposed(source, translation(source, shift_px=shift, blend=blend, pixels=0.4))[1]
        for shift, blend in ((4.0, 0.2), (-2.0, 0.5))
    )
    rows = torch.linspace(0.5, 1, 64)[:, None].expand(1, 1, 64, 64)
    first = Change(first.flow, first.gate * rows, first.offset * rows)
    wanted = applied(second, applied(first, source))
    inside = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(
        applied(second.after(first), source)[inside], wanted[inside], atol=0.01, rtol=0
    )


@pytest.mark.parametrize("side", [LOW, 4 * LOW])
def test_what_is_still_does_not_follow_and_has_an_edge_of_pixels(side: int) -> None:
    flow = torch.full((1, 2, LOW // 4, LOW // 4), 0.2)
    still = (torch.arange(LOW) < LOW // 2).float().expand(1, 1, LOW, LOW)
    row = flow_at(flow, still, side)[0, 0, 0]
    assert row[: side // 2 - 2].abs().max() == 0
    assert row[side // 2 + 2 :].tolist() == pytest.approx([0.2] * (side // 2 - 2))


def test_a_still_part_is_the_source_at_any_size() -> None:
    source = noise(2 * LOW)
    made = translation(source, shift_px=6)
    still = torch.zeros(1, 1, LOW, LOW)
    still[..., :, : LOW // 2] = 1
    kept = recompose(source, Translation(made.image, made.flow, made.blend, made.pixels, still))
    torch.testing.assert_close(kept[..., : LOW - 2], source[..., : LOW - 2], atol=2e-3, rtol=0)
    assert (kept[..., LOW + 2 :] - source[..., LOW + 2 :]).abs().max() > 0.1
