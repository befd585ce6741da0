"""Training the VGG recogniser: weighted cross-entropy, early stop on people it never saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ecgan.config import RecognizerConfig
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import load_manifest
from ecgan.errors import Interrupted, NonFiniteError
from ecgan.networks.vgg import VGGRecognizer, resolve_weights
from ecgan.precision import Precision, autocast, choose_precision, default_device
from ecgan.seeding import derive_seed
from ecgan.training.checkpoint import Checkpoint, flatten, restore_optimizer
from ecgan.training.checks import initial_snapshot, refuse_unfit, warn_without_validation
from ecgan.training.distributed import StopRequest, stop_on_signals
from ecgan.training.recognizer_scores import RecognizerReport, write_recognizer
from ecgan.training.run import Run
from ecgan.training.state import ABSURD, set_learning_rate

_WARM_UP_EPOCHS = 1.0


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave."""

    number: int
    """From 1."""
    epochs: int
    train_loss: float
    train_accuracy: float
    """On augmented images."""
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    images_per_second: float
    best: bool


@dataclass
class RecognizerState:
    """All that a resumed run needs: random numbers come from (seed, epoch)."""

    config: RecognizerConfig
    model: VGGRecognizer
    optimizer: torch.optim.AdamW
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

    def to_checkpoint(self) -> Checkpoint:
        tensors = flatten("model", self.model.state_dict()) | flatten("best", self.best or {})
        tensors |= flatten("optimizer", self.optimizer.state_dict()["state"])
        loss = None if math.isinf(self.best_loss) else self.best_loss
        return Checkpoint(self.epoch, tensors, {"best_epoch": self.best_epoch, "best_loss": loss})

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same configuration."""
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


def fresh_state(
    config: RecognizerConfig, num_expressions: int, device: torch.device
) -> RecognizerState:
    """Before the first epoch: weights from the seed, or ImageNet's where `config.weights` says so.

    Raises:
        SnapshotError: those weights are not there or do not fit.
    """
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(config.seed, "recognizer"))
        model = VGGRecognizer(config, num_expressions)
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
    return RecognizerState(config, model, optimizer)


def train_recognizer(
    config: RecognizerConfig,
    data_root: Path,
    run: Path,
    progress: Callable[[Epoch], None] | None = None,
) -> RecognizerReport:
    """Train on the train people of prepared data; the same call again goes on after its last epoch.

    Writes `run/config.yaml`, `metrics.jsonl` (one line an epoch), `checkpoints/`, `report.json`
    (scores of validation and test people) and `snapshot/`: the epoch with the lowest validation
    loss, or the last one when there are no validation people.

    Raises:
        DataError: no prepared data, or none to learn from (see `refuse_unfit`).
        SnapshotError: the weights to start from are missing.
        CheckpointError: `run` belongs to another configuration or other data, or is damaged.
        NonFiniteError: the loss diverged: it is nan, infinite or absurdly large.
        Interrupted: SIGTERM or Ctrl-C; finished epochs are kept.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    device = default_device()
    precision = choose_precision(config.precision, device)
    manifest = load_manifest(data_root)
    train = LabelledImages(manifest, "train", config.size, repeat=config.repeat)
    has_validation = bool(manifest.select(split="val"))
    refuse_unfit(train.records, manifest.root, tuned=config.init is not None)
    validation = LabelledImages(manifest, "val", config.size) if has_validation else None
    if validation is None:
        warn_without_validation(
            manifest.root, "training does not stop early, and the last epoch is kept"
        )
    if device.type == "cuda":
        train.preload()
    weights = class_weights(train) if config.class_weights else torch.ones(len(train.vocabulary))
    weights = weights.to(device)

    state = fresh_state(config, len(manifest.vocabulary), device)
    kept = Run(run, config, manifest, keep=1)
    if (checkpoint := kept.load()) is not None:
        state.restore(checkpoint)
    elif config.init:
        snapshot = initial_snapshot(config.init, "recognizer", manifest.vocabulary)
        snapshot.load_into("recognizer", state.model)
    with kept.open(state.epoch), stop_on_signals() as stop:
        while not state.finished():
            passed = _train_epoch(state, train, weights, precision, stop)
            loss, accuracy = _validate(state, validation, weights, precision)
            epoch = Epoch(
                number=state.epoch + 1,
                epochs=config.epochs,
                **passed,
                validation_loss=loss,
                validation_accuracy=accuracy,
                best=state.keep_best(loss),
            )
            values = asdict(epoch)
            del values["number"], values["epochs"]
            kept.metrics.append(epoch.number, "epoch", values)
            kept.save(state.to_checkpoint())
            if progress is not None:
                progress(epoch)
    state.model.load_state_dict(state.best or state.model.state_dict())
    return write_recognizer(run, state.model, config, manifest, state.best_epoch, state.epoch)


def class_weights(data: LabelledImages) -> Float[Tensor, " expressions"]:
    """Inverse frequencies with mean 1 over the expressions that occur."""
    counts = data.class_counts()
    inverse = 1 / np.maximum(counts, 1)
    return torch.from_numpy(inverse / inverse[counts > 0].mean()).float()


def soft_targets(
    labels: Int64[Tensor, " batch"],
    intensity: Float[Tensor, " batch"],
    full_from: float,
    neutral: int,
    expressions: int,
) -> Float[Tensor, "batch expressions"]:
    """Probabilities to learn: one at the label, or, where the intensity is below `full_from`, the
    missing share of it at neutral. A hint of a smile is closer to neutral than to a laugh, and a
    neutral face at rest often has a hint of something.

    Args:
        labels: positions in the vocabulary; that of neutral stays as it is.
        intensity: of each image's expression, 1 being full.
        full_from: intensity from which a label counts in full; 0: all do.
        neutral: position of neutral.
        expressions: length of the vocabulary.
    """
    share = (intensity / full_from).clamp(0, 1) if full_from else torch.ones_like(intensity)
    targets = functional.one_hot(labels, expressions).float() * share[:, None]
    targets[:, neutral] += 1 - share
    return targets


def cosine_factor(position: float, epochs: float, warm_up: float = _WARM_UP_EPOCHS) -> float:
    """Multiplier of the learning rate after `position` of `epochs` epochs: linear warm-up, then
    half a cosine to 0 (Loshchilov & Hutter 2017, without restarts)."""
    warm_up = min(warm_up, epochs / 10)
    if position < warm_up:
        return max(0.01, position / warm_up)
    done = (position - warm_up) / (epochs - warm_up)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _train_epoch(
    state: RecognizerState,
    train: LabelledImages,
    weights: Tensor,
    precision: Precision,
    stop: StopRequest,
) -> dict[str, float]:
    """What `Epoch` tells of the training images."""
    config, number = state.config, state.epoch + 1
    loss_of = nn.CrossEntropyLoss(weights, label_smoothing=config.label_smoothing)
    neutral = train.vocabulary.neutral_index
    started, loss_sum, num_right, num_seen, rate = time.perf_counter(), 0.0, 0, 0, 0.0
    state.model.train()
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(config.seed, "dropout", state.epoch))
        order = (config.batch, config.seed, state.epoch, config.augment)
        for batch in train.batches(*order, device=weights.device):
            if stop:
                raise Interrupted(
                    f"stopped by {stop.signal_name} in epoch {number}; finished epochs are kept, "
                    "the same command goes on"
                )
            position = state.epoch + num_seen / len(train)
            rate = config.learning_rate * cosine_factor(position, config.epochs)
            set_learning_rate(state.optimizer, rate)
            images = batch.images.contiguous(memory_format=torch.channels_last)
            labels, intensity = batch.labels, batch.intensity
            with autocast(precision, weights.device):
                logits = state.model(images)
            targets = soft_targets(labels, intensity, config.soft_below, neutral, len(weights))
            loss = loss_of(logits.float(), targets)
            if not abs(value := loss.item()) <= ABSURD:
                raise NonFiniteError(
                    f"the recogniser's loss is {value:.4g} in epoch {number} after {num_seen} "
                    "images; no update was made. Lower learning_rate or set precision=fp32"
                )
            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            state.optimizer.step()
            loss_sum += value * len(labels)
            num_right += int((logits.argmax(dim=1) == labels).sum())
            num_seen += len(labels)
    seconds = time.perf_counter() - started
    return {
        "train_loss": loss_sum / num_seen,
        "train_accuracy": num_right / num_seen,
        "learning_rate": rate,
        "images_per_second": num_seen / seconds,
    }


def _validate(
    state: RecognizerState, data: LabelledImages | None, weights: Tensor, precision: Precision
) -> tuple[float | None, float | None]:
    """Class-weighted loss (without label smoothing) and accuracy."""
    if data is None:
        return None, None
    state.model.eval()
    found, truth = [], []
    with torch.inference_mode(), autocast(precision, weights.device):
        for batch in data.batches(state.config.batch, shuffle=False, device=weights.device):
            images = batch.images.contiguous(memory_format=torch.channels_last)
            found.append(state.model(images).float())
            truth.append(batch.labels)
        logits, labels = torch.cat(found), torch.cat(truth)
        loss = functional.cross_entropy(logits, labels, weights)
    return float(loss), float((logits.argmax(dim=1) == labels).float().mean())
