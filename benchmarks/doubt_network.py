"""Train the network that sees why a face cannot be read, and choose its thresholds.

    python benchmarks/doubt_network.py DATA [--samples 18000] [--epochs 9]

DATA holds `imagined` (labels.jsonl with landmarks), `reanimated` (likewise) and photos/london. Half
of the views are good faces under other light, colours, sizes and compressions; the rest are spoiled
in the ways of `spoiling.py` that are not held out. People are those whose hash says train; the
thresholds are chosen on those whose hash says val. Writes src/ecgan/weights/doubt.safetensors.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from covers import Image, fill, lay, rough_outline, unit_of
from numpy.typing import NDArray
from safetensors.torch import save_file
from spoiling import HELD_OUT, KINDS
from torch.nn import functional

from ecgan.data.splits import split_of
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.alignment import align, crop
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.inference.crops import to_tensor
from ecgan.inference.doubt import SEEN, WEIGHTS, DoubtNetwork, view_of
from ecgan.lab.drawn.people import perform, person, shot
from ecgan.lab.drawn.render import Sitting

BATCH = 64
FALSE_ALARMS = 0.005
CROP_PX = 160
SHARES = {"imagined": 0.62, "reanimated": 0.14, "london": 0.08, "drawn": 0.16}
"""Of the views."""
LABELS = json.loads(Path(__file__).with_name("doubt_labels.json").read_text())
UNKNOWN = {
    "blurred": ("covered mouth", "covered eyes", "noisy", "painted"),
    "noisy": ("painted", "covered mouth", "covered eyes"),
    "blob over the mouth": ("painted",),
    "bar over the mouth": ("painted",),
    "painted": ("covered mouth", "covered eyes", "noisy"),
}
"""What may be said of a face that is spoiled for a reason or in a way, too; not learned from."""


@dataclass(frozen=True)
class Base:
    """One aligned face."""

    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    split: str
    collection: str
    reason: str = ""
    kind: str = "good"
    """Why and how it cannot be read as it is."""


@dataclass(frozen=True)
class Source:
    """A photo with its landmarks."""

    path: Path
    points: NDArray[np.float32]
    person: str
    collection: str

    def read(self, max_side: int = 480) -> tuple[Image, NDArray[np.float32]]:
        """Its pixels and landmarks, made smaller if need be, to spoil them in less time."""
        pixels = read_photo(self.path).pixels
        scale = min(1.0, max_side / max(pixels.shape[:2]))
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        return small, (self.points + 0.5) * scale - 0.5


def placed(pixels: Image, points: NDArray, who: str, collection: str, *why: str) -> Base:
    alignment = align(points, CROP_PX)
    aligned = crop(pixels, alignment), alignment.to_aligned(points)
    return Base(*aligned, split_of(who), collection, *why)


def gather(data: Path, drawn: int = 300, spoiled: int = 1500) -> list[Base]:
    """Aligned faces of all sources, and spoiled ones as the detector sees them."""
    bases: list[Base] = []
    sources: list[Source] = []
    for line in (data / "imagined/labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        name, points = row["file"], np.array(row["landmarks"], np.float32)
        source = Source(data / "imagined" / name, points, row["person"], "imagined")
        hidden = [reason for reason in ("covered eyes", "covered mouth") if name in LABELS[reason]]
        if hidden:
            pixels = read_photo(source.path).pixels
            bases.append(placed(pixels, points, row["person"], "imagined", hidden[0], "photo"))
        elif name not in LABELS["neither"]:
            sources.append(source)
    random = np.random.default_rng(0)
    for line in (data / "reanimated/labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        if random.random() < 0.45:
            points = np.array(row["landmarks"], np.float32)
            path = data / "reanimated" / row["file"]
            sources.append(Source(path, points, row["subject"], "reanimated"))
    detector = LandmarkDetector()
    for path in sorted((data / "photos/london").glob("*/*.jpg")):
        faces = detector.detect(read_photo(path).pixels)
        if faces:
            sources.append(Source(path, faces[0].points, path.stem, "london"))
    for source in sources:
        pixels = read_photo(source.path).pixels
        bases.append(placed(pixels, source.points, source.person, source.collection))
    for number in range(drawn):
        sitting = Sitting(person(7, number), shot(7, number), 256)
        expression = EXPRESSIONS[number % len(EXPRESSIONS)]
        picture = sitting.draw(perform(7, number, expression, 1.0))
        bases.append(placed(picture.image, picture.landmarks, f"drawn-{number}", "drawn"))
    real = [source for source in sources if source.collection != "reanimated"]
    return bases + as_detected(real, spoiled, detector)


def as_detected(sources: list[Source], count: int, detector: LandmarkDetector) -> list[Base]:
    """Faces spoiled in the photo and then looked for: where landmarks err, crops do."""
    random = np.random.default_rng(5)
    # The detector turns a face that is upside down: its crop is a good one.
    ways = [(reason, kind, spoil) for reason, kinds in KINDS.items()
            if reason in SEEN and reason != "upside down"
            for kind, spoil in kinds.items() if kind not in HELD_OUT]  # fmt: skip
    bases = []
    for number in range(count):
        source = sources[random.integers(len(sources))]
        reason, kind, spoil = ways[number % len(ways)]
        pixels, points = source.read()
        spoiled = spoil(pixels, points, random)
        faces = detector.detect(spoiled)
        if faces:
            bases.append(placed(spoiled, faces[0].points, source.person, source.collection,
                                reason, kind))  # fmt: skip
    return bases


def varied(image: NDArray[np.uint8], random: np.random.Generator, light: bool) -> NDArray[np.uint8]:
    """As good a face in another light (if `light`), colour, size or compression."""
    values = image.astype(np.float32)
    if light:
        height, width = image.shape[:2]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        angle, depth = random.uniform(0, 2 * np.pi), random.uniform(0, 0.6)
        values *= (1 + depth * (x * np.cos(angle) + y * np.sin(angle)))[..., None].clip(0.3, 1.7)
        values *= np.exp(random.normal(0, 0.06, 3))
        values *= random.uniform(0.25, 0.6) if random.random() < 0.25 else random.uniform(0.7, 1.3)
        values = 255 * (values.clip(0, 255) / 255) ** np.exp(random.normal(0, 0.15))
    if random.random() < 0.2:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    image = values.clip(0, 255).astype(np.uint8)
    if random.random() < 0.4:
        side = round(image.shape[0] * random.uniform(0.5, 0.9))
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
    if random.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.2, 0.9)))
    if random.random() < 0.35:
        image = (image + random.normal(0, random.uniform(1, 10), image.shape)).clip(0, 255)
        image = image.astype(np.uint8)
    if random.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 95))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], 1))
    return np.asarray(cv2.resize(image, (CROP_PX, CROP_PX), interpolation=cv2.INTER_LINEAR))


def beside(base: Base, random: np.random.Generator) -> NDArray[np.uint8]:
    """Something over forehead, cheek or chin that hides neither eyes nor mouth: still good."""
    points, unit = base.points, unit_of(base.points)
    place = [points[27] - (0, 1.15 * unit), points[3], points[13], points[8] + (0, 0.3 * unit)]
    centre = place[random.integers(4)]
    cover = np.roll(base.pixels, int(random.integers(30, 130)), axis=int(random.integers(2)))
    mask = np.zeros(cover.shape[:2], np.uint8)
    size = (int(unit * random.uniform(0.2, 0.5)), int(unit * random.uniform(0.15, 0.3)))
    cv2.ellipse(mask, (int(centre[0]), int(centre[1])), size, random.uniform(0, 180), 0, 360, 1, -1)
    return np.where(mask[..., None] > 0, cover, base.pixels).astype(np.uint8)


def jittered(
    image: NDArray[np.uint8], random: np.random.Generator, error: float = 1.0
) -> NDArray[np.uint8]:
    """As landmarks err."""
    middle = (CROP_PX / 2, CROP_PX / 2)
    scale = float(np.exp(error * random.normal(0, 0.06)))
    matrix = cv2.getRotationMatrix2D(middle, error * random.normal(0, 4), scale)
    matrix[:, 2] += error * random.normal(0, 0.02, 2) * CROP_PX
    return np.asarray(cv2.warpAffine(image, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR,
                                     borderMode=cv2.BORDER_REFLECT_101))  # fmt: skip


def behind_another(base: Base, other: Base, random: np.random.Generator) -> NDArray[np.uint8]:
    """The mouth behind something from another picture: a forehead, a cheek, hair, a background."""
    right = base.points[42:48].mean(0) - base.points[36:42].mean(0)
    unit, centre = float(np.hypot(*right)), base.points[48:68].mean(0)
    wide, tall = random.uniform(0.6, 1.1) * unit, random.uniform(0.35, 0.7) * unit
    outline = rough_outline(centre, np.array([[wide, 0], [0, tall]]), random, 0.2)
    to = other.points[27] - np.array([0, random.uniform(0.7, 1.0) * unit])  # the forehead
    if random.random() < 0.5:
        to = random.uniform((0, 0), (CROP_PX, 0.22 * CROP_PX))  # above it
    shift = np.array([[1, 0, centre[0] - to[0]], [0, 1, centre[1] - to[1]]])
    cover = cv2.warpAffine(other.pixels, shift, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REFLECT)
    mask = cv2.GaussianBlur(fill(base.pixels, outline), (0, 0), random.uniform(0.4, 4))[..., None]
    return lay(base.pixels, cover * random.uniform(0.8, 1.2), mask)


def target_of(reason: str, kind: str) -> NDArray[np.float32]:
    """1, 0, or -1 for what may be said, too."""
    target = np.zeros(len(SEEN), np.float32)
    if reason:
        for other in (*UNKNOWN.get(reason, ()), *UNKNOWN.get(kind, ())):
            target[SEEN.index(other)] = -1
        target[SEEN.index(reason)] = 1
    return target


@dataclass(frozen=True)
class Pool:
    """Views with what is to be said of them."""

    views: NDArray[np.uint8]
    targets: NDArray[np.float32]
    kinds: NDArray[np.str_]


def pool(bases: list[Base], count: int, seed: int, good_share: float = 0.45) -> Pool:
    random = np.random.default_rng(seed)
    ways = {
        reason: [(name, spoil) for name, spoil in kinds.items() if name not in HELD_OUT]
        for reason, kinds in KINDS.items()
        if reason in SEEN
    }
    names = list(ways)
    shares = np.array([len(ways[name]) ** 0.5 for name in names])
    clean = {name: [base for base in bases if base.collection == name and not base.reason]
             for name in SHARES}  # fmt: skip
    hidden = [base for base in bases if base.kind == "photo"]
    detected = [base for base in bases if base.reason and base.kind != "photo"]

    def drawn_base() -> Base:
        some = clean[str(random.choice(list(SHARES), p=list(SHARES.values())))]
        return some[random.integers(len(some))]

    views, targets, kinds = [], [], []
    for _ in range(count):
        reason, kind, base = "", "good", drawn_base()
        image = base.pixels
        if random.random() < good_share:
            if random.random() < 0.15:
                image = beside(base, random)
        elif random.random() < 0.3 and hidden and detected:
            some = hidden if random.random() < 0.15 else detected
            base = some[random.integers(len(some))]
            image, reason, kind = base.pixels, base.reason, base.kind
        elif random.random() < 0.07:
            reason, kind = "covered mouth", "behind another"
            image = behind_another(base, drawn_base(), random)
        else:
            reason = str(random.choice(names, p=shares / shares.sum()))
            kind, spoil = ways[reason][random.integers(len(ways[reason]))]
            if random.random() < 0.3:
                image = varied(image, random, light=True)
            image = spoil(image, base.points, random)
        image = varied(image, random, light=not reason or random.random() < 0.3)
        image = jittered(image, random)
        if random.random() < 0.5:
            image = image[:, ::-1]
        views.append(view_of(image))
        targets.append(target_of(reason, kind))
        kinds.append(kind)
    return Pool(np.array(views), np.array(targets), np.array(kinds))


def train(bases: list[Base], samples: int, epochs: int, out: Path) -> None:
    """Train, and write the network with its thresholds after each epoch."""
    began = time.monotonic()
    seen = pool([base for base in bases if base.split == "train"], samples, 1)
    val = pool([base for base in bases if base.split == "val"], max(64, samples // 6), 2)
    print(f"{samples} views in {time.monotonic() - began:.0f} s", flush=True)
    torch.manual_seed(0)
    model = DoubtNetwork().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-2)
    steps = epochs * (samples // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    random = np.random.default_rng(3)
    for epoch in range(epochs):
        order = random.permutation(samples)
        model.train()
        total = 0.0
        for first in range(0, samples - BATCH + 1, BATCH):
            chosen = order[first : first + BATCH]
            gain = torch.exp(0.15 * torch.randn(BATCH, 1, 1, 1))
            inputs = ((to_tensor(seen.views[chosen]) + 1) * gain - 1).clamp(-1, 1)
            wanted = torch.from_numpy(seen.targets[chosen])
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(inputs.to(memory_format=torch.channels_last)).float()
            loss = functional.binary_cross_entropy_with_logits(
                logits, wanted.clamp(min=0), weight=(wanted >= 0).float()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch}: loss {total / (samples // BATCH):.4f}, "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        write(model, thresholds(model, val, tell=epoch == epochs - 1), out)


def probabilities(model: DoubtNetwork, views: NDArray[np.uint8]) -> NDArray[np.float64]:
    model.eval()
    with torch.inference_mode():
        parts = [
            torch.sigmoid(model(to_tensor(views[i : i + 256]))) for i in range(0, len(views), 256)
        ]
    return torch.cat(parts).double().numpy()


def thresholds(model: DoubtNetwork, val: Pool, tell: bool) -> dict[str, float]:
    """Of each output: what `FALSE_ALARMS` of the good faces exceed, within [0.3, 0.6]."""
    scores = probabilities(model, val.views)
    good = val.kinds == "good"
    cuts = np.clip(np.quantile(scores[good], 1 - FALSE_ALARMS, axis=0), 0.3, 0.6)
    flagged = (scores > cuts).any(axis=1)
    print(f"  flagged: {flagged[good].mean():.4f} of good, {flagged[~good].mean():.4f} of spoiled")
    for kind in np.unique(val.kinds) if tell else ():
        some = val.kinds == kind
        print(f"  {kind}: {flagged[some].mean():.3f} of {some.sum()}")
    return {name: round(float(cut), 3) for name, cut in zip(SEEN, cuts, strict=True)}


def write(model: DoubtNetwork, cuts: dict[str, float], out: Path) -> None:
    tensors = {name: value.half().contiguous() if value.is_floating_point() else value
               for name, value in model.state_dict().items()}  # fmt: skip
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, {"thresholds": json.dumps(cuts)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--samples", type=int, default=18000)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    train(gather(arguments.data), arguments.samples, arguments.epochs, arguments.out)


if __name__ == "__main__":
    main()
