"""Gradients of the first updates, saved by the first process; run under torchrun or alone.

torchrun --nproc-per-node=2 tests/support/gradient_run.py DATA OUT.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import safetensors.torch
import torch
from torch import Tensor

from ecgan.config import Config
from ecgan.training import update as update_module
from ecgan.training.distributed import World, join_world, share_of_batch
from ecgan.training.update import update
from support.tiny_run import start, tiny_config, tiny_stargan_config

CONFIGS = {
    "unpaired": tiny_config(batch=4),
    "paired": tiny_config(
        batch=4, data={"pairs": "use"}, objective={"paired": 5, "paired_gradient": 5}
    ),
    # All that is drawn at random in an update: wrong labels, dropout, the discriminators' changes,
    # the pool of translations in three directions.
    "drawn": tiny_config(
        batch=4,
        data={"pairs": "use", "direct": True},
        generator={"dropout": True},
        discriminator={"augment": True},
        objective={"paired": 5, "mismatched": 1},
        optimizer={"pool": 3},
    ),
    "stargan": tiny_stargan_config(batch=4, optimizer={"critic_steps": 1}),
}


def gradients(config: Config, data_root: Path, world: World) -> dict[str, Tensor]:
    """Flat gradients of G and D of three updates, named `<update>.<generator|discriminator>`."""
    state, data, context = start(config, data_root, world)
    saved: dict[str, Tensor] = {}
    original = update_module.averaged_gradients

    def recorded(objective, parameters, world):  # type: ignore[no-untyped-def]
        values = original(objective, parameters, world)
        second = len(saved) % 2 == 1
        of_discriminators = second != (
            config.objective.method == "stargan"
        )  # whose critic comes first
        role = "discriminator" if of_discriminators else "generator"
        flat = [p.grad.flatten() for p in parameters if p.grad is not None]
        saved[f"{state.step}.{role}"] = torch.cat(flat).clone()
        return values

    update_module.averaged_gradients = recorded
    try:
        for step in range(3):
            share = share_of_batch(config.batch, world)
            batch = data.batch(share, config.seed, step, rank=world.rank, world=world.size)
            update(state, batch, context)
    finally:
        update_module.averaged_gradients = original
    return saved


def main(data_root: Path, out: Path) -> None:
    torch.set_num_threads(1)
    with join_world() as world:
        saved = {
            f"{name}.{key}": value
            for name, config in CONFIGS.items()
            for key, value in gradients(config, data_root, world).items()
        }
        if world.is_first:
            safetensors.torch.save_file(saved, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
