"""Augmentation against NumPy and SciPy, and its promises: range, sharing, independence of rows."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from support.drawn_records import pattern

from ecgan.config import AugmentConfig
from ecgan.data.transforms import Parameters, apply, draw_parameters

NOTHING = AugmentConfig(flip=False)
EVERYTHING = AugmentConfig(
    rotation_degrees=20, scale=0.2, shift=0.1, brightness=0.3, contrast=0.3, saturation=0.5,
    colour_cast=0.2, light=0.6, blur_px=1.5, noise=0.1,
)  # fmt: skip


def _images(num: int, size: int = 32) -> torch.Tensor:
    pixels = np.stack([pattern(i, size) for i in range(num)]).transpose(0, 3, 1, 2)
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1)


def _masks(num: int, size: int = 32) -> torch.Tensor:
    masks = torch.zeros(num, 1, size, size)
    masks[:, :, 5 : size // 2, 8:-4] = 1
    return masks


def _still(num: int = 1, **changes: object) -> Parameters:
    """Parameters that change nothing but what is given."""
    still = draw_parameters(num, NOTHING, np.random.default_rng(0))
    return replace(still, **{name: np.asarray(value) for name, value in changes.items()})


def _draw(num: int, config: AugmentConfig = EVERYTHING, seed: int = 0) -> Parameters:
    return draw_parameters(num, config, np.random.default_rng(seed))


def test_nothing_configured_changes_nothing() -> None:
    images, masks = _images(3), _masks(3)
    parameters = draw_parameters(len(images), NOTHING, np.random.default_rng(1))
    same, same_masks = apply(parameters, images, masks)
    assert torch.equal(same, images)
    assert same_masks is not None
    assert torch.equal(same_masks, masks)


def test_a_flip_is_exact() -> None:
    images, masks = _images(2), _masks(2)
    flipped, flipped_masks = apply(_still(2, flip=[True, False]), images, masks)
    assert torch.equal(flipped[0], images[0].flip(2))
    assert torch.equal(flipped[1], images[1])
    assert torch.equal(flipped_masks[0], masks[0].flip(2))


def test_a_quarter_turn() -> None:
    images = _images(1)
    turned, _ = apply(_still(rotation=[math.pi / 2]), images)
    either = [torch.rot90(images, k, (2, 3)) for k in (1, -1)]
    assert min(float((turned - other).abs().max()) for other in either) < 1e-4


def test_a_shift_moves_right_and_down_by_pixels() -> None:
    images, masks = _images(1), _masks(1)
    moved, moved_masks = apply(_still(shift=[[4 / 32, 2 / 32]]), images, masks)
    assert float((moved[:, :, 2:, 4:] - images[:, :, :-2, :-4]).abs().max()) < 1e-4
    assert torch.equal(moved_masks[:, :, 2:, 4:], masks[:, :, :-2, :-4])


def test_scale_enlarges_about_the_middle() -> None:
    masks = torch.zeros(1, 1, 64, 64)
    masks[:, :, 24:40, 24:40] = 1
    _, larger = apply(_still(scale=[1.5]), _images(1, 64), masks)
    assert float(larger.sum()) == 24 * 24
    assert float(larger[:, :, 20:44, 20:44].mean()) == 1


def test_rotation_keeps_shapes_when_the_image_is_not_square() -> None:
    """A centred square stays a square of the same area, turned, in an image twice as wide."""
    masks = torch.zeros(1, 1, 64, 128)
    masks[:, :, 22:42, 54:74] = 1
    images = torch.zeros(1, 3, 64, 128)
    _, turned = apply(_still(rotation=[0.5]), images, masks)
    assert float(turned.sum()) == pytest.approx(400, rel=0.03)
    ys, xs = torch.where(turned[0, 0] > 0)
    assert int(xs.max() - xs.min()) == pytest.approx(20 * (math.cos(0.5) + math.sin(0.5)), abs=3)
    assert int(ys.max() - ys.min()) == pytest.approx(20 * (math.cos(0.5) + math.sin(0.5)), abs=3)


def test_blur_is_scipys_gaussian() -> None:
    images = _images(2)
    sigmas = [1.3, 0.6]
    blurred, _ = apply(_still(2, blur=sigmas), images)
    for image, result, sigma in zip(images.numpy(), blurred.numpy(), sigmas, strict=True):
        expected = ndimage.gaussian_filter(
            image.astype(np.float64), (0, sigma, sigma), mode="mirror", radius=math.ceil(3 * sigma)
        )
        np.testing.assert_allclose(result, expected, atol=2e-6)


def test_colour_formulas() -> None:
    images = _images(1) * 0.3  # far from the ends, so that nothing is cut off
    unit = (images.numpy().astype(np.float64) + 1) / 2

    def changed(**values: object) -> np.ndarray:
        return (apply(_still(**values), images)[0].numpy() + 1) / 2

    np.testing.assert_allclose(changed(brightness=[1.2]), unit * 1.2, atol=1e-6)
    np.testing.assert_allclose(changed(contrast=[0.7]), 0.5 + 0.7 * (unit - 0.5), atol=1e-6)
    gain = np.array([1.1, 0.9, 1.0])
    np.testing.assert_allclose(changed(gain=[gain]), unit * gain[None, :, None, None], atol=1e-6)
    grey = np.tensordot([0.299, 0.587, 0.114], unit[0], 1)
    np.testing.assert_allclose(changed(saturation=[0.0])[0], np.stack([grey] * 3), atol=1e-6)


def test_light_falls_off_to_one_side() -> None:
    white = torch.ones(1, 3, 32, 32)
    lit, _ = apply(_still(light=[0.5], light_angle=[0.0]), white)
    row = (lit[0, 0, 16].numpy() + 1) / 2
    assert np.all(np.diff(row) < 0)
    assert row[0] > 0.9
    assert row[-1] < 0.65


def test_noise_has_the_asked_deviation_and_its_own_seed() -> None:
    grey = torch.zeros(2, 3, 64, 64)
    noisy, _ = apply(_still(2, noise=[0.1, 0.1], noise_seed=[1, 2]), grey)
    assert float(noisy.std()) == pytest.approx(0.1, rel=0.05)
    assert not torch.equal(noisy[0], noisy[1])


def test_range_shape_and_masks() -> None:
    images, masks = apply(_draw(8), _images(8), _masks(8))
    assert images.shape == (8, 3, 32, 32)
    assert images.dtype == torch.float32
    assert float(images.abs().max()) <= 1
    assert set(masks.unique().tolist()) == {0.0, 1.0}


def test_drawn_values_stay_within_the_limits_and_use_them() -> None:
    drawn = _draw(2000)
    limits = {
        "rotation": (-math.radians(20), math.radians(20)), "scale": (0.8, 1.2),
        "shift": (-0.1, 0.1), "brightness": (0.7, 1.3), "contrast": (0.7, 1.3),
        "saturation": (0.5, 1.5), "gain": (0.8, 1.2), "light": (0, 0.6), "blur": (0, 1.5),
        "noise": (0, 0.1),
    }  # fmt: skip
    for name, (low, high) in limits.items():
        values = getattr(drawn, name)
        assert low <= values.min() < low + 0.02 * (high - low), name
        assert high - 0.02 * (high - low) < values.max() <= high, name
    assert drawn.flip.mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_parameters_move_two_images_alike() -> None:
    """What makes pairs stay pixel-true: a colour-free marker lands on the same pixel in both."""
    parameters = replace(_draw(4), noise=np.zeros(4))
    first = _images(4)
    second = first.clone()
    second[:, :, 10:14, 10:14] *= -1
    one, _ = apply(parameters, first)
    other, _ = apply(parameters, second)
    differs = ((one - other).abs() > 1e-6).any(dim=1)
    assert differs.any(dim=(1, 2)).all()
    assert float(differs.float().mean()) < 0.15


def test_rows_do_not_depend_on_their_batch() -> None:
    parameters, images, masks = _draw(6), _images(6), _masks(6)
    together, together_masks = apply(parameters, images, masks)
    for part in (slice(0, 1), slice(1, 3), slice(3, 6)):
        alone, alone_masks = apply(parameters[part], images[part], masks[part])
        assert torch.equal(alone, together[part])
        assert torch.equal(alone_masks, together_masks[part])


def test_where_takes_rows() -> None:
    one, other = _draw(4, seed=1), _draw(4, seed=2)
    mixed = one.where(np.array([True, False, False, True]), other)
    for field in fields(Parameters):
        value = getattr(mixed, field.name)
        np.testing.assert_array_equal(value[[0, 3]], getattr(other, field.name)[[0, 3]])
        np.testing.assert_array_equal(value[[1, 2]], getattr(one, field.name)[[1, 2]])


def test_the_number_of_draws_does_not_depend_on_the_configuration() -> None:
    after = []
    for config in (NOTHING, EVERYTHING):
        generator = np.random.default_rng(3)
        draw_parameters(5, config, generator)
        after.append(generator.integers(0, 1 << 40))
    assert after[0] == after[1]


def test_rows_must_match() -> None:
    with pytest.raises(ValueError, match="expected 2 rows"):
        apply(_draw(3), _images(2))
