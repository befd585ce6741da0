"""How many spoiled faces are flagged or refused, and how many good ones.

    python benchmarks/doubtful.py DATA [--count 300] [--split test] [--sheet DIR] [--out RESULTS]

Good pictures of DATA (see `doubt_network.py`) as they are, in other light, sizes and compressions;
and the same people's spoiled in each way of `spoiling.py`, in turn. Mild versions, in which a
person still reads the expression, are in neither. A face that is not found counts as refused.
`--sheet` writes what was missed and what was flagged wrongly as pictures to look at.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from doubt_network import LABELS, Source
from numpy.typing import NDArray
from PIL import Image as PillowImage
from spoiling import HELD_OUT, KINDS, Random

from ecgan.data.splits import split_of
from ecgan.errors import FaceError
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.faces.face import check_translatable
from ecgan.faces.finder import FaceFinder, align_face
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import write_json
from ecgan.inference.doubt import doubts_of, load_network
from ecgan.inference.grid import Tile, contact_grid
from ecgan.provenance import provenance

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Outcome:
    """What was said of one picture."""

    name: str
    person: str
    said: tuple[str, ...]
    pixels: Pixels


def resized(pixels: Pixels, scale: float) -> Pixels:
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def reencoded(pixels: Pixels, quality: int) -> Pixels:
    coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


def in_light(pixels: Pixels, gain: float, tint: tuple[float, float, float] = (1, 1, 1)) -> Pixels:
    return np.clip(pixels * gain * np.array(tint), 0, 255).round().astype(np.uint8)


def grey(pixels: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def as_it_is(pixels: Pixels) -> Pixels:
    return pixels


GOOD: tuple[tuple[str, str, Callable[[Pixels], Pixels], int], ...] = (
    ("imagined", "as it is", as_it_is, 90),
    ("london", "as it is", as_it_is, 24),
    ("reanimated", "as it is", as_it_is, 40),
    ("imagined", "grey", grey, 26),
    ("imagined", "JPEG quality 40", lambda p: reencoded(p, 40), 24),
    ("imagined", "half size", lambda p: resized(p, 0.5), 26),
    ("reanimated", "warm light", lambda p: in_light(p, 1, (1.15, 1, 0.75)), 10),
    ("imagined", "warm light", lambda p: in_light(p, 1, (1.15, 1, 0.75)), 10),
    ("imagined", "cool light", lambda p: in_light(p, 1, (0.8, 0.95, 1.2)), 10),
    ("imagined", "25 % light", lambda p: in_light(p, 0.25), 20),
    ("imagined", "bright", lambda p: in_light(p, 1.4), 20),
)
"""Source, change, and how many of 300."""


def sources(data: Path, split: str, detector: LandmarkDetector) -> dict[str, list[Source]]:
    """Good photos of the people of a split, by collection."""
    found: dict[str, list[Source]] = {"imagined": [], "london": [], "reanimated": []}
    unfit = {name for key in ("covered eyes", "covered mouth", "neither") for name in LABELS[key]}
    for collection, who in (("imagined", "person"), ("reanimated", "subject")):
        for line in (data / collection / "labels.jsonl").read_text().splitlines():
            row = json.loads(line)
            expressive = collection == "imagined" or row["expression"] != "neutral"
            if split_of(row[who]) == split and row["file"] not in unfit and expressive:
                points = np.array(row["landmarks"], np.float32)
                path = data / collection / row["file"]
                found[collection].append(Source(path, points, row[who], collection))
    for path in sorted((data / "photos/london").glob("*/*.jpg")):
        if split_of(path.stem) == split:
            faces = detector.detect(read_photo(path).pixels)
            found["london"].append(Source(path, faces[0].points, path.stem, "london"))
    return found


def said_of(pixels: Pixels, finder: FaceFinder) -> tuple[str, ...]:
    """Reasons why the largest face is refused or doubted; none for a good one."""
    photo = Photo(np.ascontiguousarray(pixels), None, None, None, None, "PNG")
    try:
        face = finder.find(photo)[0]
        check_translatable(face, photo.pixels.shape)
    except FaceError as error:
        return (error.reason,)
    return doubts_of(align_face(photo, face, least_px=128).pixels)


def good_pictures(
    found: dict[str, list[Source]], count: int, finder: FaceFinder, random: Random
) -> list[Outcome]:
    outcomes = []
    for collection, name, change, share in GOOD:
        chosen = found[collection]
        order = random.permutation(len(chosen))
        for place in range(round(share * count / 300)):
            source = chosen[order[place % len(order)]]
            pixels = change(source.read()[0])
            said = said_of(pixels, finder)
            outcomes.append(Outcome(f"{collection}, {name}", source.person, said, pixels))
    return outcomes


def bad_pictures(
    found: dict[str, list[Source]], count: int, finder: FaceFinder, random: Random
) -> list[Outcome]:
    ways = [(reason, name, spoil) for reason, kinds in KINDS.items()
            for name, spoil in kinds.items()]  # fmt: skip
    chosen = found["imagined"] + found["london"]
    outcomes: list[Outcome] = []
    while len(outcomes) < count:
        reason, name, spoil = ways[len(outcomes) % len(ways)]
        source = chosen[random.integers(len(chosen))]
        pixels, points = source.read()
        pixels = spoil(pixels, points, random)
        if random.random() < 0.5:
            pixels = reencoded(pixels, int(random.integers(60, 96)))
        outcomes.append(
            Outcome(f"{reason}: {name}", source.person, said_of(pixels, finder), pixels)
        )
    return outcomes


def hidden_pictures(data: Path, split: str, finder: FaceFinder) -> list[Outcome]:
    """Photos in which glasses or cloth really hide something."""
    outcomes = []
    for line in (data / "imagined/labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        for reason in ("covered eyes", "covered mouth"):
            if row["file"] in LABELS[reason] and split_of(row["person"]) == split:
                pixels = read_photo(data / "imagined" / row["file"]).pixels
                said = said_of(pixels, finder)
                outcomes.append(Outcome(f"{reason}: photo", row["person"], said, pixels))
    return outcomes


def table(outcomes: list[Outcome]) -> dict[str, Any]:
    """The share that was flagged or refused, by kind and of all, and what was said."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault(outcome.name, []).append(outcome)
    rows = {**kinds, "all": outcomes}
    return {name: {**_flagged(some), "said": _said(some)} for name, some in rows.items() if some}


def _flagged(some: list[Outcome]) -> dict[str, Any]:
    flags = [float(bool(outcome.said)) for outcome in some]
    return mean_over_people(flags, [outcome.person for outcome in some]).to_json()


def _said(some: list[Outcome]) -> dict[str, int]:
    return dict(Counter(", ".join(outcome.said) or "nothing" for outcome in some).most_common())


def write_sheet(path: Path, outcomes: list[Outcome]) -> None:
    if outcomes:
        tiles = [Tile(one.name, one.pixels, ", ".join(one.said) or "nothing") for one in outcomes]
        sheet = contact_grid(tiles[:80], columns=8, tile_px=180)
        path.parent.mkdir(parents=True, exist_ok=True)
        PillowImage.fromarray(sheet).save(path)


def milliseconds(source: Source, finder: FaceFinder, calls: int = 50) -> float:
    """Of `doubts_of` on one face, on one core; the median."""
    pixels, _ = source.read()
    photo = Photo(pixels, None, None, None, None, "PNG")
    crop = align_face(photo, finder.find(photo)[0], least_px=128).pixels
    spent = []
    for _ in range(calls):
        began = time.process_time()
        doubts_of(crop)
        spent.append(time.process_time() - began)
    return 1000 * float(np.median(spent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=300, help="good ones, and bad ones")
    parser.add_argument("--split", default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detector = LandmarkDetector()
    finder = FaceFinder(detector)
    found = sources(arguments.data, arguments.split, detector)
    random = np.random.default_rng(arguments.seed)
    bad = bad_pictures(found, arguments.count, finder, random)
    good = good_pictures(found, arguments.count, finder, random)
    hidden = hidden_pictures(arguments.data, arguments.split, finder)
    seen, unseen = [], []
    for outcome in bad:
        (unseen if outcome.name.split(": ")[1] in HELD_OUT else seen).append(outcome)
    result = {
        "bad": table(bad),
        "bad_by_reason": table([Outcome(o.name.split(":")[0], o.person, o.said, o.pixels)
                                for o in bad]),
        "bad_of_kinds_trained_on": table(seen)["all"],
        "bad_of_kinds_held_out": {"kinds": list(HELD_OUT), **table(unseen)["all"]},
        "photos_with_dark_glasses_or_cloth": table(hidden),
        "good": table(good),
        "thresholds": load_network()[1],
        "milliseconds_a_face": round(milliseconds(found["imagined"][0], finder), 2),
        "split": arguments.split,
        "people": len({source.person for some in found.values() for source in some}),
        **provenance(),
        "command": f"python benchmarks/doubtful.py DATA --count {arguments.count} "
        f"--split {arguments.split} --out benchmarks/results/doubtful.json",
    }  # fmt: skip
    if arguments.sheet is not None:
        write_sheet(arguments.sheet / "missed.png", [o for o in bad + hidden if not o.said])
        write_sheet(arguments.sheet / "wrongly-flagged.png", [o for o in good if o.said])
    if arguments.out is not None:
        write_json(arguments.out, result)
    for part in ("bad", "photos_with_dark_glasses_or_cloth", "good"):
        for name, row in result[part].items():
            share = f"{100 * row['value']:5.1f} % of {row['images']}"
            print(f"{part[:5]:<5} {name:<40} {share:<14} {row['said']}")
    print(f"{part:<5.5} {name:<40} {100 * row['value']:5.1f} % of {row['images']:<4} {row['said']}")
    print(
        json.dumps({key: result[key] for key in ("bad_of_kinds_held_out", "milliseconds_a_face")})
    )


if __name__ == "__main__":
    main()
