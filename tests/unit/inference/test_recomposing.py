"""A warp translation, made at the network's size, applied to its source at any size."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ecgan.faces.change import FaceChange, sampled
from ecgan.inference.crops import to_pixels, to_tensor
from ecgan.inference.recognizer import resize
from ecgan.inference.recomposing import SmallChange, array, recomposed
from ecgan.networks.output import Translation, warp

LOW = 32
LEVEL = 1 / 127.5
"""Of 255, in [-1, 1]: sources are pixels."""


def noise(size: int, seed: int = 0, spread: float = 0.1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return levels(spread * torch.randn(1, 3, size, size, generator=generator)).clamp(-0.9, 0.9)


def levels(images: torch.Tensor) -> torch.Tensor:
    """As pixels can show them."""
    return to_tensor(to_pixels(images))


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


def small_change(source: torch.Tensor, made: Translation, strength: float = 1.0) -> SmallChange:
    shown = array(resize(source, made.image.shape[-1]))
    return recomposed(shown, to_pixels(source), made, strength)


def applied(change: FaceChange, source: torch.Tensor) -> torch.Tensor:
    """As `FaceChange.of`, without rounding."""
    values = 127.5 * (array(source) + 1)
    side = values.shape[0]
    places = change.motion + np.dstack(np.meshgrid(*[np.arange(side, dtype=np.float32)] * 2))
    made = change.gate[..., None] * sampled(values, places, cv2.INTER_CUBIC) + change.offset
    return torch.from_numpy(made).permute(2, 0, 1)[None] / 127.5 - 1


def recompose(source: torch.Tensor, made: Translation, strength: float = 1.0) -> torch.Tensor:
    change = small_change(source, made, strength).at(source.shape[3])
    return applied(change, source).clamp(-1, 1)


def fine(images: torch.Tensor) -> float:
    """Spread of what a network of size `LOW` cannot show, away from the border."""
    small = F.interpolate(images, (LOW, LOW), mode="bilinear", antialias=True)
    rest = images - F.interpolate(small, images.shape[2:], mode="bicubic")
    return float(rest[..., 8:-8, 8:-8].std())


def test_at_the_networks_size_new_pixels_are_those_of_the_translation() -> None:
    source = noise(LOW) - 0.5
    made = translation(source, blend=0.4, pixels=0.9)
    torch.testing.assert_close(recompose(source, made), made.image, atol=LEVEL, rtol=0)


@pytest.mark.parametrize("size", [LOW, 48, 100])
def test_without_strength_or_fields_it_is_the_source(size: int) -> None:
    source = noise(size)
    made = translation(source, shift_px=3.0, blend=0.7, pixels=0.5)
    torch.testing.assert_close(recompose(source, made, 0.0), source, atol=1e-3, rtol=0)
    still = translation(source)
    torch.testing.assert_close(recompose(source, still), source, atol=1e-3, rtol=0)


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


def test_two_changes_are_one() -> None:
    source = levels(F.interpolate(noise(16), (64, 64), mode="bicubic"))
    first, second = (
        small_change(source, translation(source, shift_px=shift, blend=blend, pixels=0.4)).at(64)
        for shift, blend in ((4.0, 0.2), (-2.0, 0.5))
    )
    rows = np.linspace(0.5, 1, 64, dtype=np.float32)[:, None]
    first = replace(first, gate=first.gate * rows, offset=first.offset * rows[..., None])
    wanted = applied(second, applied(first, source))
    inside = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(
        applied(second.after(first), source)[inside], wanted[inside], atol=0.01, rtol=0
    )


@pytest.mark.parametrize("side", [LOW, 100])
def test_a_change_paints_the_pixels_of_its_part_alone(side: int) -> None:
    source = noise(side)
    change = small_change(source, translation(source, shift_px=2.5, blend=0.4, pixels=0.3)).at(side)
    pixels, rest = to_pixels(source), np.ones((side, side), bool)
    wanted = 127.5 * (array(applied(change, source).clamp(-1, 1)) + 1)
    np.testing.assert_allclose(change.of(pixels), wanted, atol=0.01)
    part = slice(4, 20), slice(6, 18)
    inner = FaceChange(change.motion[part], change.gate[part], change.offset[part], corner=(6, 4))
    assert inner.part == part
    rest[part] = False
    made = inner.of(pixels)
    np.testing.assert_array_equal(made[rest], pixels[rest])
    np.testing.assert_array_equal(made[part], change.of(pixels)[part])


def test_a_still_part_is_the_source_at_any_size() -> None:
    source = noise(2 * LOW)
    made = translation(source, shift_px=6)
    still = torch.zeros(1, 1, LOW, LOW)
    still[..., :, : LOW // 2] = 1
    kept = recompose(source, Translation(made.image, made.flow, made.blend, made.pixels, still))
    torch.testing.assert_close(kept[..., : LOW - 2], source[..., : LOW - 2], atol=2e-3, rtol=0)
    assert (kept[..., LOW + 2 :] - source[..., LOW + 2 :]).abs().max() > 0.1
