"""Gradients of one update, saved by the first process; run under torchrun or alone.

    torchrun --nproc-per-node=2 tests/support/gradient_run.py DATA OUT.safetensors [PAIRS]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import safetensors.torch
import torch
from support.tiny_run import tiny_config
from torch import Tensor

from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import load_manifest
from ecgan.training import update as update_module
from ecgan.training.distributed import join_world, share_of_batch
from ecgan.training.state import fresh_state
from ecgan.training.update import Setting, update


def main(data_root: Path, out: Path, pairs: str) -> None:
    objective = {"paired": 5, "paired_gradient": 5} if pairs == "use" else {}
    config = tiny_config(batch=4, data={"pairs": pairs}, objective=objective)
    torch.set_num_threads(1)
    with join_world() as world:
        manifest = load_manifest(data_root)
        data = TranslationData(
            manifest, "train", size=config.size, vocabulary=manifest.vocabulary, data=config.data
        )
        neutral = torch.from_numpy(data.vocabulary.code("neutral"))[None]
        setting = Setting(config, world, "fp32", total_steps=4, neutral_code=neutral)
        state = fresh_state(config, len(data.vocabulary), world)
        saved: dict[str, Tensor] = {}
        original = update_module.averaged_gradients

        def recorded(objective, parameters, world):  # type: ignore[no-untyped-def]
            values = original(objective, parameters, world)
            role = f"{state.step}.{len(saved)}"
            grads = [p.grad.flatten() for p in parameters if p.grad is not None]
            saved[role] = torch.cat(grads).clone()
            return values

        update_module.averaged_gradients = recorded
        for step in range(3):
            share = share_of_batch(config.batch, world)
            batch = data.batch(share, config.seed, step, rank=world.rank, world=world.size)
            update(state, batch, setting)
        if world.is_first:
            safetensors.torch.save_file(saved, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
