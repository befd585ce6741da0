"""The two readings of Eq. 5."""

from __future__ import annotations

from inspect import unwrap

import pytest
import torch

from ecgan.losses.paper import cycle_loss, mask_loss, masked_input


@pytest.fixture
def source() -> torch.Tensor:
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def mask() -> torch.Tensor:
    mask = torch.zeros(2, 1, 8, 8)
    mask[:, :, 2:6, 3:7] = 1
    return mask


def test_masked_input_keeps_the_face_alone(source: torch.Tensor, mask: torch.Tensor) -> None:
    hidden = masked_input(source, mask)
    assert torch.equal(hidden[:, :, 2:6, 3:7], source[:, :, 2:6, 3:7])
    assert hidden[:, :, :2].abs().max() == 0


def test_background_counts_in_the_literal_reading_only(
    source: torch.Tensor, mask: torch.Tensor
) -> None:
    output = source + 0.25 * (1 - mask)
    assert mask_loss(output, source, mask).item() == 0
    assert mask_loss(output, source, mask, "literal").item() > 0.1


def test_painting_the_masked_input_is_free_in_both(
    source: torch.Tensor, mask: torch.Tensor
) -> None:
    hidden = masked_input(source, mask)
    assert mask_loss(hidden, source, mask).item() == 0
    assert mask_loss(hidden, source, mask, "literal").item() == 0


def test_both_readings_count_the_face_alike(source: torch.Tensor, mask: torch.Tensor) -> None:
    output = masked_input(source, mask) + 0.5 * mask
    expected = 0.5 * mask.mean().item()
    assert mask_loss(output, source, mask).item() == pytest.approx(expected)
    assert mask_loss(output, source, mask, "literal").item() == pytest.approx(expected)


def test_full_mask_is_the_cycle_loss(source: torch.Tensor) -> None:
    output, everywhere = source.flip(3), torch.ones(2, 1, 8, 8)
    for reading in ("cycle", "literal"):
        value = mask_loss(output, source, everywhere, reading)  # type: ignore[arg-type]
        assert value.item() == pytest.approx(cycle_loss(output, source).item())


def test_gradient_reaches_the_face_alone(source: torch.Tensor, mask: torch.Tensor) -> None:
    output = (source + 0.1).requires_grad_()
    mask_loss(output, source, mask).backward()
    assert output.grad is not None
    assert output.grad[:, :, 2:6, 3:7].abs().min() > 0
    assert (output.grad * (1 - mask)).abs().max() == 0


def test_unknown_reading_is_refused(source: torch.Tensor, mask: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="'cycle' or 'literal', got 'input'"):
        unwrap(mask_loss)(source, source, mask, "input")  # type: ignore[arg-type]
