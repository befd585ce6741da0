"""The figures of the page: each drawn, written below `figures/`, and told in numbers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.files import write_bytes
from ecgan.lab.reproduce.page import charts
from ecgan.lab.reproduce.page.contents import (
    Contents,
    Missing,
    Training,
    interval_of,
    mapping,
    objects,
    ordered,
    read_training,
)
from ecgan.lab.reproduce.page.faces import Drawn, FacePictures
from ecgan.lab.reproduce.page.labels import (
    ORIGINAL,
    any_of,
    label_of,
    labels_of,
    number,
    plain_rate,
    rate,
    style_of,
)
from ecgan.lab.reproduce.page.tables import Context


@dataclass(frozen=True)
class Image:
    """A PNG file that lies in the page itself."""

    base64: str
    width: int
    height: int


def figure_3(contents: Contents) -> Context:
    """What each method made, beside input and truth, in both directions."""
    return _faces(contents, FacePictures(contents).figure_3())


def figure_4(contents: Contents) -> Context:
    """All expressions, a block for each source."""
    return _faces(contents, FacePictures(contents).figure_4())


def figure_4_methods(contents: Contents) -> Context:
    """One person by every method."""
    return _faces(contents, FacePictures(contents).figure_4_methods())


def vgg_score(contents: Contents) -> Context:
    """Figure 5a."""
    values = contents.part("vgg_score").values
    scores = {}
    for name in ordered(values, contents):
        found = {key: interval_of(values[name].get(key)) for key in ("probability", "accuracy")}
        scores[name] = {key: one for key, one in found.items() if one is not None}
    if not any(scores.values()):
        raise Missing("results/vgg_score.json holds no scores")
    told = (
        f"{style_of(name).label} {plain_rate(found.get('accuracy'))}"
        for name, found in scores.items()
    )
    return {
        "image": _chart(contents, "figure-5a", charts.vgg_score_bars(scores)),
        "accuracies": "; ".join(told),
    }


def vgg_score_by_expression(contents: Contents) -> Context:
    """The same by expression."""
    values = contents.part("vgg_score").values
    groups = {}
    for name in ordered(values, contents):
        shown = mapping(values[name].get("by_expression"))
        found = {key: interval_of(mapping(one).get("accuracy")) for key, one in shown.items()}
        groups[name] = {key: one for key, one in found.items() if one is not None}
    groups = {name: found for name, found in groups.items() if found}
    if not groups:
        raise Missing("results/vgg_score.json holds no scores by expression")
    png = charts.vgg_score_by_expression(groups)
    return {"image": _chart(contents, "figure-5a-expressions", png)}


def feature_maps(contents: Contents) -> Context:
    """Figure 5b-c."""
    part = contents.part("tsne")
    names = sorted(ordered(part.values, contents), key=lambda name: name != ORIGINAL)
    maps = {}
    for name in names:
        xy, labels = part.values[name].get("xy"), part.values[name].get("expression")
        if xy and isinstance(labels, list) and len(xy) == len(labels):
            maps[name] = (xy, [str(label) for label in labels])
    if not maps:
        raise Missing("results/tsne.json holds no points")
    there = dict.fromkeys(label for _, labels in maps.values() for label in labels)
    expressions = contents.in_order(list(there))
    counts = (f"{style_of(name).label} {len(labels)}" for name, (_, labels) in maps.items())
    return {
        "image": _chart(contents, "figure-5bc", charts.feature_maps(maps, expressions)),
        "methods": labels_of(maps),
        "expressions": ", ".join(expressions),
        "counts": ", ".join(counts),
        "part": part,
    }


def training_curves(contents: Contents) -> Context:
    """Figure 5d, and the last values of every term."""
    trainings = {
        name: found
        for name in contents.methods
        if (found := read_training(contents.out / "methods" / name)) is not None
    }
    if not trainings:
        raise Missing("no methods/<method>/run*/metrics.jsonl is there")
    labels = {name: style_of(name).label for name in trainings}
    losses = (
        f"{labels[name]}: generator {_last(one, 'generator')}, discriminator "
        f"{_last(one, 'discriminator')}"
        for name, one in trainings.items()
    )
    runs = (
        f"{labels[name]}: {len(one.runs)} run{'s' if len(one.runs) > 1 else ''}"
        for name, one in trainings.items()
    )
    terms = dict.fromkeys(term for one in trainings.values() for term in one.last)
    return {
        "image": _chart(contents, "figure-5d", charts.training_curves(trainings)),
        "losses": "; ".join(losses),
        "methods": list(labels.values()),
        "rows": [
            (term, *(number(one.last.get(term), 4) for one in trainings.values())) for term in terms
        ],
        "runs": "; ".join(runs),
        "parts": {
            label: contents.parts[f"train-{name}"]
            for name, label in labels.items()
            if f"train-{name}" in contents.parts
        },
    }


def dose_generated(contents: Contents) -> Context:
    """Accuracy against generated images a class."""
    return _dose(contents, "dose_generated", "per_class", "generated images a class")


def dose_people(contents: Contents) -> Context:
    """Accuracy against people in training."""
    return _dose(contents, "dose_people", "people", "people in training")


def _dose(contents: Contents, part_name: str, key: str, counted: str) -> Context:
    """The curves of a part whose points are counted by `key`, and their numbers."""
    part = contents.part(part_name)
    curves = {
        str(name): points
        for name, rows in part.values.items()
        if (points := _points(objects(rows), key))
    }
    if not curves:
        raise Missing(f"results/{part_name}.json holds no curves")
    first = next(iter(curves.values()))[0]
    baseline = first[1] if key == "per_class" and first[0] == 0 else None
    numbers = sorted({count for points in curves.values() for count, _ in points})
    ends = (
        f"{label_of(name)} from {plain_rate(points[0][1])} at {points[0][0]} to "
        f"{plain_rate(points[-1][1])} at {points[-1][0]}"
        for name, points in curves.items()
    )
    rows = []
    for name, points in curves.items():
        notes = _seeds(part.values[name], key)
        cells = (rate(dict(points).get(count), note=notes.get(count, "")) for count in numbers)
        rows.append((label_of(name), *cells))
    png = charts.dose_curves(curves, counted, baseline)
    return {
        "image": _chart(contents, part_name.replace("_", "-"), png),
        "counted": counted,
        "ends": "; ".join(ends),
        "numbers": numbers,
        "rows": rows,
        "people": any_of(one.people for points in curves.values() for _, one in points),
        "part": part,
    }


def _points(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[int, Interval]]:
    """Numbers and accuracies by number."""
    found = []
    for row in rows:
        accuracy = interval_of(row.get("accuracy"))
        if accuracy is not None and isinstance(row.get(key), int):
            found.append((int(row[key]), accuracy))
    return sorted(found, key=lambda point: point[0])


def _seeds(rows: Any, key: str) -> dict[Any, str]:
    """The accuracy of each recogniser of a point, where there are several."""
    found = {}
    for row in objects(rows):
        seeds = row.get("seeds")
        if isinstance(seeds, list) and len(seeds) > 1:
            found[row.get(key)] = "by seed: " + ", ".join(number(one, scale=100) for one in seeds)
    return found


def _last(training: Training, role: str) -> str:
    return number(training.last.get(f"{role}/total"), 2)


def _faces(contents: Contents, drawn: Drawn) -> Context:
    return {
        "image": _image(drawn.path.read_bytes()),
        "rows": drawn.rows,
        "methods": labels_of(drawn.methods),
        "credit": "; ".join(contents.credits),
        "part": contents.part("grid"),
    }


def _chart(contents: Contents, name: str, png: bytes) -> Image:
    write_bytes(contents.figure(name), png)
    return _image(png)


def _image(png: bytes) -> Image:
    """Width and height as the header of the file states them."""
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    return Image(base64.b64encode(png).decode(), width, height)
