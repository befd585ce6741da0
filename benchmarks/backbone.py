"""A modern small network of torchvision beside the paper's VGG, as recognisers.

    python benchmarks/backbone.py DATA RECOGNIZER --out benchmarks/results/backbone.json

MobileNetV3-Small learns from scratch on what the packaged recogniser learned from (the same
images, size, augmentation and class weights; AdamW, cosine), its epoch chosen on validation people.
RECOGNIZER is the snapshot to compare it with. Accuracy on test people by source, with intervals
over people, parameters, and milliseconds an image on this machine.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import mobilenet_v3_small

from ecgan.config import RecognizerConfig
from ecgan.config_loading import load_config
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import load_manifest
from ecgan.evaluation.bootstrap import Figures
from ecgan.files import write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.precision import autocast, choose_precision
from ecgan.provenance import provenance
from ecgan.training.recognizer import class_weights, cosine_factor, soft_targets

CPU = torch.device("cpu")
LEARNING_RATE = 2e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("recognizer")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--config", type=Path, help="of the recogniser: augmentation, repeats")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    config = load_config(RecognizerConfig, arguments.config)
    manifest = load_manifest(arguments.data)
    vgg = Recognizer.load(arguments.recognizer, device=CPU)
    train, val, test = (
        LabelledImages(
            manifest, split, vgg.size, repeat=config.repeat if split == "train" else None
        )
        for split in ("train", "val", "test")
    )
    torch.manual_seed(0)
    model = mobilenet_v3_small(num_classes=len(manifest.vocabulary))
    learn(model, config, train, val, arguments.epochs)
    result = {
        "epochs": arguments.epochs,
        "mobilenet_v3_small": scores(model, vgg.precision, test),
        "vgg16": scores(vgg.model, vgg.precision, test),
        "command": "python benchmarks/backbone.py DATA RECOGNIZER",
        **provenance(),
    }
    write_json(arguments.out, result)


def learn(
    model: nn.Module,
    config: RecognizerConfig,
    train: LabelledImages,
    val: LabelledImages,
    epochs: int,
) -> None:
    """In place; ends with the epoch of the least validation loss."""
    precision = choose_precision("auto", CPU)
    weights, neutral = class_weights(train), train.vocabulary.neutral_index
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=1e-2)
    loss_of = nn.CrossEntropyLoss(weights, label_smoothing=config.label_smoothing)
    best, least = copy.deepcopy(model.state_dict()), math.inf
    for epoch in range(epochs):
        model.train()
        seen, right = 0, 0
        for batch in train.batches(64, config.seed, epoch, config.augment):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * cosine_factor(epoch + seen / len(train), epochs)
            targets = soft_targets(
                batch.labels, batch.intensity, config.soft_below, neutral, len(weights)
            )
            with autocast(precision, CPU):
                logits = model(batch.images)
            optimizer.zero_grad(set_to_none=True)
            loss_of(logits.float(), targets).backward()
            optimizer.step()
            seen += len(batch.labels)
            right += int((logits.argmax(1) == batch.labels).sum())
        logits = logits_of(model, precision, val)
        labels = torch.from_numpy(val.labels)
        loss = float(functional.cross_entropy(logits, labels, weights))
        accuracy = float((logits.argmax(1) == labels).float().mean())
        print(f"epoch {epoch + 1}: train {right / seen:.3f}, val {accuracy:.3f}", flush=True)
        if loss < least:
            best, least = copy.deepcopy(model.state_dict()), loss
    model.load_state_dict(best)


def logits_of(model: nn.Module, precision: Any, data: LabelledImages) -> Tensor:
    """In the order of the records."""
    model.eval()
    with torch.inference_mode(), autocast(precision, CPU):
        return torch.cat([model(b.images).float() for b in data.batches(64, shuffle=False)])


def scores(model: nn.Module, precision: Any, data: LabelledImages) -> dict[str, Any]:
    """On test people."""
    right = (logits_of(model, precision, data).argmax(1).numpy() == data.labels).astype(float)
    figures = Figures()
    for record, hit in zip(data.records, right, strict=True):
        figures.add(record.source, record.subject, {"accuracy": float(hit)})
    one = next(data.batches(1, shuffle=False)).images
    times = []
    with torch.inference_mode(), autocast(precision, CPU):
        for _ in range(30):
            start = time.perf_counter()
            model(one)
            times.append(time.perf_counter() - start)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "ms_per_image": round(1e3 * float(np.median(times)), 2),
        "accuracy": {k: v.to_json() for k, v in figures.compute()["accuracy"].items()},
    }


if __name__ == "__main__":
    main()
