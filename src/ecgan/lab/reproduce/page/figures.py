"""Each figure of the page: drawn, written below `figures/`, and set with its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.files import write_bytes
from ecgan.lab.reproduce.page import charts
from ecgan.lab.reproduce.page.chart_tables import dose_table, last_values
from ecgan.lab.reproduce.page.contents import Contents, Missing, mapping, objects
from ecgan.lab.reproduce.page.curves import Training, read_training
from ecgan.lab.reproduce.page.faces import Drawn, FacePictures
from ecgan.lab.reproduce.page.labels import ORIGINAL, label_of, style_of
from ecgan.lab.reproduce.page.markup import (
    Html,
    details,
    join,
    picture,
    text,
)
from ecgan.lab.reproduce.page.numbers import (
    interval_of,
    number,
    plain_rate,
)
from ecgan.lab.reproduce.page.origin import ordered, source

_INTERVALS = "Bars: 95 % intervals (bootstrap over people)."


class Figures:
    """Draws on demand; every method raises Missing where its part is not there."""

    def __init__(self, contents: Contents, folder: Path) -> None:
        self._contents = contents
        self._folder = folder

    def figure_3(self) -> Html:
        """What each method made, beside input and truth, in both directions."""
        drawn = self._faces.figure_3()
        methods = _labels(drawn.methods)
        alt = (
            f"Grid of faces. Rows: {drawn.rows}. Left, neutral input, the expression made by "
            f"{methods}, and the true picture. Right, the expressive input made neutral by the "
            "same."
        )
        return self._faces_figure(
            drawn,
            alt,
            "Figure 3. Test people, whom no method has seen. Left: from neutral to the expression "
            "of "
            "the row. Right: from that expression back to neutral. The truth matches the input "
            "pixel "
            "for pixel where the data have pairs, else it is another image of the same person. "
            "People are taken in the order of the data, not chosen by eye.",
        )

    def figure_4(self) -> Html:
        """All expressions, a block for each source."""
        drawn = self._faces.figure_4()
        alt = f"Grid of faces: neutral input and every expression by {_labels(drawn.methods)}."
        return self._faces_figure(
            drawn,
            alt,
            "Figure 4. The neutral input and every expression, a block for each source of the "
            "data.",
        )

    def figure_4_methods(self) -> Html:
        """One person by every method."""
        drawn = self._faces.figure_4_methods()
        alt = f"Grid of one person's faces. Rows: {drawn.rows}. Columns: the expressions."
        return self._faces_figure(
            drawn, alt, "The same by every method for one person, with the truth."
        )

    def vgg_score(self) -> Html:
        """Figure 5a."""
        scores = self._vgg_scores()
        png = charts.vgg_score_bars(scores)
        told = "; ".join(
            f"{style_of(name).label} {plain_rate(found.get('accuracy'))}"
            for name, found in scores.items()
        )
        return self._chart(
            "figure-5a",
            png,
            f"Bar chart of the VGG score. Accuracy: {told}.",
            f"Figure 5a. VGG score: does the recogniser find the asked expression? {_INTERVALS}",
        )

    def vgg_score_by_expression(self) -> Html:
        """The same by expression."""
        part = self._contents.part("vgg_score")
        groups = {
            name: {
                expression: found
                for expression, one in mapping(part.values[name].get("by_expression")).items()
                if (found := interval_of(mapping(one).get("accuracy"))) is not None
            }
            for name in ordered(part.values, self._contents)
        }
        groups = {name: found for name, found in groups.items() if found}
        if not groups:
            raise Missing("results/vgg_score.json holds no scores by expression")
        return self._chart(
            "figure-5a-expressions",
            charts.vgg_score_by_expression(groups, "accuracy"),
            "Marks with intervals: accuracy of each method for each expression; the table below "
            "has "
            "the numbers.",
            f"Figure 5a by expression: accuracy. {_INTERVALS}",
        )

    def feature_maps(self) -> Html:
        """Figure 5b-c."""
        part = self._contents.part("tsne")
        names = ordered(part.values, self._contents)
        names.sort(key=lambda name: name != ORIGINAL)
        maps = {}
        for name in names:
            values = part.values[name]
            xy, labels = values.get("xy"), values.get("expression")
            if xy and isinstance(labels, list) and len(xy) == len(labels):
                maps[name] = (xy, [str(label) for label in labels])
        if not maps:
            raise Missing("results/tsne.json holds no points")
        there = dict.fromkeys(label for _, labels in maps.values() for label in labels)
        planned = self._contents.data.get("expressions")
        order = [str(name) for name in planned] if isinstance(planned, list) else []
        expressions = [name for name in order if name in there]
        expressions += [name for name in there if name not in expressions]
        counts = ", ".join(
            f"{style_of(name).label} {len(labels)}" for name, (_, labels) in maps.items()
        )
        return join(
            [
                self._chart(
                    "figure-5bc",
                    charts.feature_maps(maps, expressions),
                    f"Scatter plots, one for each of {_labels(list(maps))}: a point is an image, "
                    "its "
                    f"colour and mark the expression: {', '.join(expressions)}.",
                    "Figure 5b-c. t-SNE of the 4,096-D features (fc7 of the recogniser) of test "
                    "images. Each panel is laid out by itself: neither places nor distances "
                    "compare "
                    f"between panels. Images: {counts}.",
                ),
                source(part, self._contents),
            ]
        )

    def training_curves(self) -> Html:
        """Figure 5d, and the last values of every term."""
        trainings = {
            name: found
            for name in self._contents.methods
            if (found := read_training(self._contents.out / "methods" / name)) is not None
        }
        if not trainings:
            raise Missing("no methods/<method>/run*/metrics.jsonl is there")
        told = "; ".join(
            f"{style_of(name).label}: generator {_last(training, 'generator')}, discriminator "
            f"{_last(training, 'discriminator')}"
            for name, training in trainings.items()
        )
        return join(
            [
                self._chart(
                    "figure-5d",
                    charts.training_curves(trainings),
                    f"Curves of losses and gradient norms. Losses at the end: {told}.",
                    "Figure 5d. Losses (left) and gradient norms (right) of the generators and the "
                    "discriminators, means over stretches of the updates. Band: quartiles within a "
                    "stretch; of several runs (one model an expression), the lowest and highest "
                    "run. "
                    "The losses of different methods are different quantities.",
                ),
                details(text("The last value of every term"), last_values(trainings)),
                *(
                    source(self._contents.parts[f"train-{name}"], self._contents, name=name)
                    for name in trainings
                    if f"train-{name}" in self._contents.parts
                ),
            ]
        )

    def dose_generated(self) -> Html:
        """Accuracy against generated images a class."""
        return self._dose(
            "dose_generated",
            "dose-generated",
            "per_class",
            "generated images a class",
            "Accuracy on original test images when so many generated images of each expression are "
            "added "
            "to all original training images.",
        )

    def dose_people(self) -> Html:
        """Accuracy against people in training."""
        return self._dose(
            "dose_people",
            "dose-people",
            "people",
            "people in training",
            "Accuracy on original test images when the training data have so many people, with "
            "and "
            "without generated images of them.",
        )

    @cached_property
    def _faces(self) -> FacePictures:
        return FacePictures(self._contents, self._folder)

    def _vgg_scores(self) -> dict[str, dict[str, Interval]]:
        values = self._contents.part("vgg_score").values
        scores = {}
        for name in ordered(values, self._contents):
            found = {key: interval_of(values[name].get(key)) for key in ("probability", "accuracy")}
            scores[name] = {key: one for key, one in found.items() if one is not None}
        if not any(scores.values()):
            raise Missing("results/vgg_score.json holds no scores")
        return scores

    def _dose(self, part_name: str, file: str, key: str, counted: str, about: str) -> Html:
        part = self._contents.part(part_name)
        curves = {
            str(name): points
            for name, rows in part.values.items()
            if (points := _points(objects(rows), key))
        }
        if not curves:
            raise Missing(f"results/{part_name}.json holds no curves")
        first = next(iter(curves.values()))[0]
        baseline = first[1] if key == "per_class" and first[0] == 0 else None
        told = "; ".join(
            f"{label_of(name)} from {plain_rate(points[0][1])} at {points[0][0]} to "
            f"{plain_rate(points[-1][1])} at {points[-1][0]}"
            for name, points in curves.items()
        )
        return join(
            [
                self._chart(
                    file,
                    charts.dose_curves(curves, counted, baseline),
                    f"Curves of accuracy against {counted}. {told}.",
                    f"{about} {_INTERVALS}",
                ),
                dose_table(curves, key, counted, part, self._contents),
            ]
        )

    def _chart(self, name: str, png: bytes, alt: str, caption: str) -> Html:
        write_bytes(self._folder / f"{name}.png", png)
        return picture(png, alt, text(caption), kind="chart")

    def _faces_figure(self, drawn: Drawn, alt: str, caption: str) -> Html:
        """With the mark and the credit of the data, which must go where the pictures go."""
        told = [
            caption,
            "Pictures with the mark “synthetic” were made by a model; inputs and truths are the "
            "data's own, as the data card describes them.",
        ]
        stated = [self._contents.card.get(key) for key in ("attribution", "licence")]
        if any(stated):
            told.append(f"Data: {'; '.join(str(one) for one in stated if one)}.")
        shown = picture(drawn.path.read_bytes(), alt, text(" ".join(told)), kind="faces")
        return join([shown, source(self._contents.part("grid"), self._contents)])


def _points(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[int, Interval]]:
    """Numbers and accuracies by number."""
    found = []
    for row in rows:
        accuracy = interval_of(row.get("accuracy"))
        if accuracy is not None and isinstance(row.get(key), int):
            found.append((int(row[key]), accuracy))
    return sorted(found, key=lambda point: point[0])


def _last(training: Training, role: str) -> str:
    return number(training.last.get(f"{role}/total"), 2)


def _labels(methods: Sequence[str]) -> str:
    return ", ".join(style_of(name).label for name in methods)
