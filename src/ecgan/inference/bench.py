"""Speed of translation on this machine: whole photos, from pixels to pixels."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ecgan import __version__
from ecgan.faces.photo import Photo
from ecgan.inference.translator import Translator


@dataclass(frozen=True)
class TranslationSpeed:
    """What `ecgan bench translate` reports."""

    seconds_per_image: float
    """Median of a photo's detection, alignment and one translation."""
    seconds_per_expression: float
    """Median of one more expression of a photo whose face is found already."""
    tflop_per_image: float
    """Operations of the networks, recogniser included; a multiply-add counted as two."""
    tflops: float
    """TFLOP a second over the whole of `seconds_per_image`."""
    photo_px: tuple[int, int]
    network_px: int
    threads: int
    torch: str
    ecgan: str
    date: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_translation(
    translator: Translator, photo: Photo, *, repeats: int = 5
) -> TranslationSpeed:
    """Time a translator on one photo, after one run that warms up."""
    target = translator.vocabulary.expressive[0]
    with FlopCounterMode(display=False) as counter:
        translator.render(translator.prepare(photo), target)
    tflop = counter.get_total_flops() / 1e12
    whole, further = [], []
    for turn in range(repeats + 1):
        start = time.perf_counter()
        ready = translator.prepare(photo)
        translator.render(ready, target)
        middle = time.perf_counter()
        translator.render(ready, target)
        if turn:
            whole.append(middle - start)
            further.append(time.perf_counter() - middle)
    seconds = statistics.median(whole)
    return TranslationSpeed(
        seconds_per_image=seconds,
        seconds_per_expression=statistics.median(further),
        tflop_per_image=tflop,
        tflops=tflop / seconds,
        photo_px=(photo.pixels.shape[1], photo.pixels.shape[0]),
        network_px=translator.size,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        ecgan=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
