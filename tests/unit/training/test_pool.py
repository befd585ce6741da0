"""The pool of past translations: CycleGAN's rule, repeatable draws, exact state."""

import pytest
import torch

from ecgan.errors import CheckpointError
from ecgan.training.pool import TranslationPool


def offer(pool: TranslationPool, step: int, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and codes that both carry their step, so that a mix-up shows."""
    value = torch.arange(count).float() + 10 * step
    pooled = pool.exchange(
        value.view(-1, 1, 1, 1).expand(-1, 3, 4, 4), value.view(-1, 1).expand(-1, 5), step
    )
    return pooled.images, pooled.codes


def test_returns_the_new_ones_until_full_then_half_old_ones() -> None:
    pool = TranslationPool(4, seed=0, name="a")
    for step in range(2):
        images, _ = offer(pool, step)
        assert images[:, 0, 0, 0].tolist() == [10 * step, 10 * step + 1]
    assert len(pool) == 4
    old = total = 0
    for step in range(2, 202):
        images, codes = offer(pool, step)
        assert torch.equal(images[:, 0, 0, 0], codes[:, 0])
        old += int((images[:, 0, 0, 0] < 10 * step).sum())
        total += 2
    assert 0.4 < old / total < 0.6
    assert len(pool) == 4


def test_capacity_zero_passes_through() -> None:
    pool = TranslationPool(0, seed=0, name="a")
    images, _ = offer(pool, 3)
    assert images[:, 0, 0, 0].tolist() == [30, 31]
    assert pool.state_dict() == {}


def test_a_restored_pool_goes_on_exactly() -> None:
    whole, first = (TranslationPool(3, seed=1, name="a") for _ in range(2))
    for step in range(5):
        offer(whole, step)
        offer(first, step)
    second = TranslationPool(3, seed=1, name="a")
    second.load_state_dict(
        {k: v.clone() for k, v in first.state_dict().items()}, torch.device("cpu")
    )
    for step in range(5, 15):
        assert torch.equal(offer(whole, step)[0], offer(second, step)[0])


def test_draws_differ_between_names_and_seeds() -> None:
    def history(seed: int, name: str) -> list[float]:
        pool = TranslationPool(2, seed=seed, name=name)
        return [v for step in range(20) for v in offer(pool, step)[0][:, 0, 0, 0].tolist()]

    assert history(0, "a") == history(0, "a")
    assert history(0, "a") != history(0, "b")
    assert history(0, "a") != history(1, "a")


def test_refuses_a_state_that_does_not_fit() -> None:
    big = TranslationPool(4, seed=0, name="a")
    for step in range(2):
        offer(big, step)
    with pytest.raises(CheckpointError, match=r"optimizer\.pool"):
        TranslationPool(2, seed=0, name="a").load_state_dict(big.state_dict(), torch.device("cpu"))
