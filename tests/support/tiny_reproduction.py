"""An output folder of `ecgan reproduce`: random plausible numbers, drawn faces, no training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from ecgan.lab.drawn.folder import Plan, draw

METHODS = ("pix2pix", "cyclegan", "cyclegan-shared", "stargan", "paper", "default")
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
EXPRESSIVE = EXPRESSIONS[1:]
PEOPLE = 21
SHA256 = "0123456789abcdef" * 4


def make_reproduction(
    out: Path, *, methods: tuple[str, ...] = METHODS, people: int = 4, size: int = 64
) -> Path:
    """Write a whole output folder and return it. Equal arguments give equal folders."""
    random = np.random.default_rng(0)
    _write(out / "plan.json", _plan(methods, size))
    for name, values in {
        **{f"evaluation-{method}": _evaluation(random) for method in methods},
        "table2": _table_2(random, methods),
        "vgg_score": _vgg_scores(random, methods),
        "dose_generated": {
            method: _dose(random, "per_class", (0, 5, 20, 80, 320)) for method in methods
        },
        "dose_people": {
            name: _dose(random, "people", (5, 10, 20, 40, 112))
            for name in ("original", *(f"original + {method}" for method in methods))
        },
        "tsne": {name: _map(random) for name in ("original", *methods)},
        "two_sample": {
            method: {"accuracy": interval(random, 0.6, 0.98), "chance": 0.5} for method in methods
        },
        "grid": _pictures(out, methods, people, size),
        **{name: _recogniser(random) for name in ("features", "judge")},
        **{f"train-{method}": _training(method) for method in methods},
        **{
            f"generate-{method}": {"images": 2814, "of_train_people": 2310, "of_test_people": 504}
            for method in methods
        },
    }.items():
        write_part(out, name, values)
    for method in methods:
        names = [f"run-{name}" for name in EXPRESSIVE] if method == "cyclegan" else ["run"]
        for name in names:
            _write_metrics(random, out / "methods" / method / name / "metrics.jsonl", method)
    return out


def write_part(out: Path, name: str, values: Any) -> None:
    """Write `results/<name>.json`."""
    part = {
        "part": name,
        "settings_sha256": SHA256,
        "seconds": 12.3 + len(name),
        "seed": 7,
        "command": f"ecgan reproduce data/faces --out out --only {name}",
        "model_sha256": {"recognizer": SHA256[::-1], name: SHA256},
        "values": values,
    }
    _write(out / "results" / f"{name}.json", part)


def interval(
    random: np.random.Generator, low: float, high: float, share: float = 1.0
) -> dict[str, float | int]:
    """A value in a share of the range, with an interval about it."""
    value = float(random.uniform(low, low + share * (high - low)))
    reach = (high - low) * random.uniform(0.03, 0.12, 2)
    return {
        "value": round(value, 6),
        "low": round(value - float(reach[0]), 6),
        "high": round(value + float(reach[1]), 6),
        "n": PEOPLE,
    }


def _plan(methods: tuple[str, ...], size: int) -> dict[str, Any]:
    return {
        "data": {
            "path": "faces",
            "manifest_sha256": SHA256,
            "card": {
                "name": "drawn faces, seed 0",
                "licence": "CC0-1.0",
                "attribution": "drawn by ecgan",
                "synthetic": "drawn",
                "expressions": list(EXPRESSIONS),
                "alignment": {"size": 256, "eye_distance": 60.0},
                "sources": [{"source": "drawn", "layout": "folders"}],
                "made_with": ["ecgan 0.1.0", "pillow 12.3.0"],
            },
            "people": {"train": 112, "val": 15, "test": PEOPLE},
            "images": {"train": 2240, "val": 300, "test": 420},
            "size": size,
            "expressions": list(EXPRESSIONS),
        },
        "budget": {"images": 8000, "batch": 4, "recognizer_images": 20000},
        "methods": list(methods),
        "method_settings": {
            method: {"label": method, "preset": method, "overrides": ["size=64", "batch=4"]}
            for method in methods
        },
        "equal": ["the trainer and the training people", "the training images seen"],
        "not_equal": ["Pix2pix learns from pairs, which no other method is shown"],
        "skipped": {},
        "seeds": [0, 1, 2],
        "size": size,
        "command": "ecgan reproduce data/faces --out out",
        "provenance": {
            "date": "2026-01-31",
            "machine": {"processor": "a processor", "cpus": 2, "memory_gib": 23.5, "gpu": None},
            "versions": {"python": "3.11.7", "ecgan": "0.1.0", "torch": "2.13.0"},
        },
    }


def _evaluation(random: np.random.Generator) -> dict[str, Any]:
    figures = {
        "mean_probability": (0.4, 0.9),
        "accuracy": (0.5, 0.95),
        "outside": (0.0, 0.2),
        "outside_face": (0.1, 0.4),
        "ssim": (0.7, 0.9),
        "psnr_db": (24.0, 31.0),
        "fid_recognizer": (20.0, 140.0),
        "kid_recognizer": (-0.001, 0.09),
        "perceptual_recognizer": (0.04, 0.16),
        "identity_descriptor": (0.85, 0.97),
        "landmark_validity": (0.9, 0.99),
        "landmark_error": (0.02, 0.05),
    }

    def column(groups: tuple[str, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, (low, high) in figures.items():
            found[name] = {}
            for group in (*groups, "all"):
                one = interval(random, low, high)
                one["people"], one["images"] = one.pop("n"), 126
                found[name][group] = one
        largest = round(float(random.uniform(0, 9)), 1)
        return {**found, "outside_largest": largest, "by_people": {}, "by_strength": {}}

    def direction(groups: tuple[str, ...]) -> dict[str, Any]:
        real = {key: value for key, value in column(groups).items() if key == "accuracy"}
        return {"model": column(groups), "identity": column(groups), "truth": real}

    return {
        "format": 1,
        "translator_sha256": SHA256,
        "recognizer_sha256": SHA256[::-1],
        "left_out": {"lpips": "the library lpips or the weights of AlexNet are not here"},
        "seconds": 12.5,
        "expressions": direction(EXPRESSIVE),
        "neutralisation": direction(("neutral",)),
    }


def _table_2(random: np.random.Generator, methods: tuple[str, ...]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for method in (None, *methods):
        seeds = [
            {
                "seed": seed,
                "original": round(float(random.uniform(0.7, 0.85)), 6),
                "generated": round(float(random.uniform(0.6, 0.9)), 6) if method else None,
            }
            for seed in range(3)
        ]
        rows.append(
            {
                "trained_on": f"original + {method}" if method else "original",
                "method": method,
                "tested_on_original": interval(random, 0.7, 0.85),
                "tested_on_generated": interval(random, 0.6, 0.9) if method else None,
                "seeds": seeds,
            }
        )
    rows[0]["tested_on_generated_of"] = {method: interval(random, 0.6, 0.85) for method in methods}
    columns = (
        "tested_on_original",
        "tested_on_generated",
        "trained_on_original_tested_on_generated",
    )
    differences = [(method, "original", columns[0]) for method in methods]
    differences += [
        (one, other, column)
        for number, one in enumerate(methods)
        for other in methods[:number]
        for column in columns
    ]
    return {
        "rows": rows,
        "differences": [
            {
                "first": first,
                "second": second,
                "column": column,
                "difference": interval(random, -0.05, 0.1),
            }
            for first, second, column in differences
        ],
        "expressions": list(EXPRESSIONS),
    }


def _vgg_scores(random: np.random.Generator, methods: tuple[str, ...]) -> dict[str, Any]:
    def score(low: float, high: float) -> dict[str, Any]:
        return {
            "probability": interval(random, low, high),
            "accuracy": interval(random, low + 0.03, high + 0.03),
        }

    bounds = dict.fromkeys(methods, (0.5, 0.85))
    bounds |= {"original": (0.85, 0.93), "nothing": (0.05, 0.15)}
    return {
        name: {
            **score(low, high),
            "by_expression": {expression: score(low, high) for expression in EXPRESSIVE},
        }
        for name, (low, high) in bounds.items()
    }


def _dose(random: np.random.Generator, key: str, numbers: tuple[int, ...]) -> list[dict[str, Any]]:
    start = float(random.uniform(0.55, 0.6))
    points = []
    for place, number in enumerate(numbers):
        low = start + 0.05 * place
        one = interval(random, low, low + 0.2, share=0.1)
        seeds = [round(one["value"] + float(v), 6) for v in random.normal(0, 0.01, 2)]
        points.append({key: number, "accuracy": one, "seeds": seeds})
    return points


def _recogniser(random: np.random.Generator) -> dict[str, Any]:
    accuracy = round(float(random.uniform(0.8, 0.9)), 6)
    return {"images": 2240, "epochs": 9, "accuracy_on_test": accuracy, "chance": 0.1429}


def _training(method: str) -> dict[str, Any]:
    runs = [f"run-{name}" for name in EXPRESSIVE] if method == "cyclegan" else ["run"]
    return {"runs": runs, "steps": 2004, "expressive_images_seen": 8016}


def _map(random: np.random.Generator) -> dict[str, Any]:
    centres = random.normal(0, 20, (len(EXPRESSIVE), 2))
    points = [
        [round(float(v), 3) for v in centre + random.normal(0, 4, 2)]
        for centre in centres
        for _ in range(PEOPLE)
    ]
    labels = [name for name in EXPRESSIVE for _ in range(PEOPLE)]
    people = [f"test-{number:02d}" for _ in EXPRESSIVE for number in range(PEOPLE)]
    return {"xy": points, "expression": labels, "subject": people, "perplexity": 30.0}


def _pictures(out: Path, methods: tuple[str, ...], people: int, size: int) -> dict[str, Any]:
    """Drawn faces as inputs and truths; what the "methods" made is the truth in other colours."""
    folder = out.parent / f".{out.name}-faces"
    draw(folder, people, Plan(size=size, intensities=(1.0,)), workers=1)
    rows, back = [], []
    for number, person in enumerate(sorted({p.stem for p in (folder / "neutral").glob("*.png")})):
        where = ("photos", "drawings")[number * 2 // people]
        neutral = _copy(folder, out, "neutral", person)
        for expression in EXPRESSIVE:
            truth = _copy(folder, out, expression, person)
            entry = {"subject": person, "data_source": where, "paired": True}
            there = {method: _made(out, method, truth, expression) for method in methods}
            away = {method: _made(out, method, neutral, f"from-{expression}") for method in methods}
            there |= {"source": "neutral", "expression": expression}
            away |= {"source": expression, "expression": "neutral"}
            rows.append({**entry, "input": neutral, "truth": truth, **there})
            back.append({**entry, "input": truth, "truth": neutral, **away})
    return {"rows": rows, "neutral_rows": back}


def _copy(folder: Path, out: Path, expression: str, person: str) -> str:
    name = f"inputs/{person}.{expression}.png"
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes((folder / expression / f"{person}.png").read_bytes())
    return name


def _made(out: Path, method: str, like: str, name: str) -> str:
    path = f"generated/{method}/images/{name}/{Path(like).name}"
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(out / like) as image:
        number = METHODS.index(method) if method in METHODS else 0
        tint = Image.new("RGB", image.size, tuple(40 * ((number >> bit) & 1) for bit in range(3)))
        made = Image.blend(image.convert("RGB"), tint, 0.15)
        made.filter(ImageFilter.GaussianBlur(0.3 * number)).save(out / path)
    return path


def _write_metrics(random: np.random.Generator, path: Path, method: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for step in range(10, 1010, 10):
        noise = np.exp(random.normal(0, 0.15, 4))
        fall = float(np.exp(-step / 400))
        critic = -3 * (1 - fall) if method == "stargan" else 0.3 + 0.2 * fall
        row = {
            "step": step,
            "kind": "train",
            "generator/cycle": round(0.2 * fall * float(noise[0]), 6),
            "generator/total": round((4 + 16 * fall) * float(noise[0]), 6),
            "generator/gradient_norm": round((2 + 6 * fall) * float(noise[1]), 6),
            "discriminator/total": round(critic * float(noise[2]), 6),
            "discriminator/gradient_norm": round(0.8 * float(noise[3]), 6),
            "learning_rate": 0.0002,
        }
        lines.append(json.dumps(row) + "\n")
    lines.append(json.dumps({"step": 1000, "kind": "validation", "accuracy": 0.5}) + "\n")
    path.write_text("".join(lines))


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))
