"""The state of a recogniser's training between two epochs, and its checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ecgan.config import RecognizerConfig
from ecgan.data.manifest import Manifest, fingerprint
from ecgan.expressions import Vocabulary
from ecgan.networks.vgg import VGGRecognizer, resolve_weights
from ecgan.seeding import derive_seed
from ecgan.training.checkpoint import Checkpoint, CheckpointFolder, flatten, restore_optimizer
from ecgan.training.same_run import initial_snapshot, refuse_other_data, refuse_other_run


@dataclass
class RecognizerState:
    """All that a resumed run needs: random numbers come from (seed, epoch)."""

    config: RecognizerConfig
    model: VGGRecognizer
    optimizer: torch.optim.AdamW
    data: Mapping[str, Any]
    """Fingerprint of the data."""
    epoch: int = 0
    """Finished epochs."""
    best_epoch: int = 0
    """0: none yet."""
    best_loss: float = math.inf
    best: dict[str, Tensor] | None = None
    """The model's state after the best epoch."""

    def finished(self) -> bool:
        waited = self.epoch - self.best_epoch
        too_long = self.best_epoch > 0 and waited >= self.config.patience
        return self.epoch >= self.config.epochs or too_long

    def keep_best(self, loss: float | None) -> bool:
        """Note a finished epoch; without validation people the newest one is the best."""
        self.epoch += 1
        if loss is not None and loss >= self.best_loss:
            return False
        self.best_loss = math.inf if loss is None else loss
        self.best_epoch = self.epoch
        self.best = {name: v.detach().clone() for name, v in self.model.state_dict().items()}
        return True

    def save(self, folder: CheckpointFolder) -> None:
        """Write durably; older epochs' files go."""
        tensors = flatten("model", self.model.state_dict()) | flatten("best", self.best or {})
        tensors |= flatten("optimizer", self.optimizer.state_dict()["state"])
        values = {
            "best_epoch": self.best_epoch,
            "best_loss": None if math.isinf(self.best_loss) else self.best_loss,
            "config": self.config.model_dump(mode="json"),
            "data": dict(self.data),
        }
        folder.save(Checkpoint(self.epoch, tensors, values))

    def restore(self, checkpoint: Checkpoint, run: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            CheckpointError: it was written under another configuration or on other data.
        """
        refuse_other_run(checkpoint, self.config)
        refuse_other_data(checkpoint, self.data, run)
        self.model.load_state_dict(checkpoint.part("model"))
        restore_optimizer(self.optimizer, checkpoint.part("optimizer"))
        # The fused kernel misreads moments that do not lie in memory as their weights do.
        for weights, moments in self.optimizer.state.items():
            for name in ("exp_avg", "exp_avg_sq"):
                moments[name] = torch.empty_like(weights).copy_(moments[name])
        self.epoch = checkpoint.step
        self.best = checkpoint.part("best")
        self.best_epoch = checkpoint.values["best_epoch"]
        loss = checkpoint.values["best_loss"]
        self.best_loss = math.inf if loss is None else loss

    def start_from(self, source: str, vocabulary: Vocabulary) -> None:
        """Take the weights of a recogniser snapshot, for fine-tuning.

        Raises:
            SnapshotError: it is missing, of another size or for other expressions.
        """
        initial_snapshot(source, "recognizer", vocabulary).load_into("recognizer", self.model)


def new_state(
    config: RecognizerConfig, manifest: Manifest, device: torch.device
) -> RecognizerState:
    """Before the first epoch: weights from the seed, or ImageNet's where `config.weights` says so.

    Raises:
        SnapshotError: those weights are not there or do not fit.
    """
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(config.seed, "recognizer"))
        model = VGGRecognizer(config, len(manifest.vocabulary))
    if config.weights:
        given = None if config.weights == "imagenet" else config.weights
        name = config.network + ("_bn" if config.batch_norm else "")
        model.load_imagenet(resolve_weights(name, given))
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    kernels = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [
        {"params": kernels, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
    return RecognizerState(config, model, optimizer, fingerprint(manifest))
