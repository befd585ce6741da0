"""What was trained and generated: recognisers, translators and their images, with time and size."""

from __future__ import annotations

from ecgan.lab.reproduce.page.contents import SHORT, Contents, Missing
from ecgan.lab.reproduce.page.labels import style_of
from ecgan.lab.reproduce.page.markup import Html, code, join, table, text
from ecgan.lab.reproduce.page.numbers import NOTHING, number, seconds

_RECOGNISERS = {
    "features": "for the context loss, and to tell what an input shows",
    "judge": "for the VGG score, t-SNE, the two-sample test and all scores",
}


def done(contents: Contents) -> Html:
    """Tables of the parts that made networks or images.

    Raises:
        Missing: there is none.
    """
    tables = [_recognisers(contents), _translators(contents)]
    if not any(tables):
        raise Missing("results/ holds no part that trained or generated anything")
    return join(tables)


def _recognisers(contents: Contents) -> Html:
    rows = []
    for name, purpose in _RECOGNISERS.items():
        part = contents.parts.get(name)
        if part is not None:
            values = part.values
            rows.append(
                (
                    text(name),
                    text(purpose),
                    text(values.get("images", NOTHING)),
                    text(values.get("epochs", NOTHING)),
                    text(number(values.get("accuracy_on_test"), scale=100)),
                    text(number(values.get("chance"), scale=100)),
                    text(seconds(part.seconds)),
                    code(str(part.model_sha256.get(name, NOTHING))[:SHORT]),
                )
            )
    head = (
        "Recogniser",
        "for",
        "images",
        "epochs",
        "accuracy on test, %",
        "chance, %",
        "time",
        "sha256",
    )
    if not rows:
        return Html("")
    return table(
        Html("<b>Recognisers</b> trained on original images alone."), [*map(text, head)], rows
    )


def _translators(contents: Contents) -> Html:
    rows = []
    for method in contents.methods:
        trained = contents.parts.get(f"train-{method}")
        made = contents.parts.get(f"generate-{method}")
        if trained is None and made is None:
            continue
        learned = trained.values if trained else {}
        images = made.values if made else {}
        runs = learned.get("runs")
        rows.append(
            (
                text(style_of(method).label),
                text(len(runs) if isinstance(runs, list) else NOTHING),
                text(learned.get("steps", NOTHING)),
                text(learned.get("expressive_images_seen", NOTHING)),
                text(seconds(trained.seconds if trained else None)),
                text(images.get("images", NOTHING)),
                text(images.get("of_train_people", NOTHING)),
                text(images.get("of_test_people", NOTHING)),
                text(seconds(made.seconds if made else None)),
            )
        )
    head = (
        "Method",
        "models",
        "updates",
        "expressive images seen",
        "time",
        "images generated",
        "of training people",
        "of test people",
        "time",
    )
    if not rows:
        return Html("")
    return table(
        Html("<b>Translators</b>: training, and what they made."), [*map(text, head)], rows
    )
