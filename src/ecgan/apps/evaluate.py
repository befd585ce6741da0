"""`ecgan evaluate`: all scores of a snapshot on the test people of prepared data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecgan.apps.console import progress, say, say_json
from ecgan.apps.options import AsJson, BackendName, Data, RouteName, backend_of, route_of
from ecgan.errors import UsageError

if TYPE_CHECKING:
    from ecgan.data.manifest import Split
    from ecgan.evaluation.bootstrap import Interval
    from ecgan.evaluation.evaluate import Evaluation
    from ecgan.evaluation.scorer import Scores

EXAMPLE = "Example: ecgan evaluate runs/first/snapshot data/faces --out scores.json"


def evaluate(
    snapshot: Annotated[
        str, typer.Argument(help="Translator snapshot: a folder or hub id.", metavar="SNAPSHOT")
    ],
    data: Data,
    *,
    out: Annotated[Path, typer.Option(help="JSON file for the scores.", metavar="F.json")],
    recognizer: Annotated[
        str | None,
        typer.Option(help="Recogniser that scores; default: the packaged one.", metavar="DIR"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="Part to leave out; repeatable: distances, perceptual, identity, landmarks, "
            "monotonicity, as-labelled, from-expression.",
            metavar="PART",
        ),
    ] = None,
    route: RouteName = None,
    backend: BackendName = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the column subject and others, such as gender: accuracy by group.",
            metavar="CSV",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Whose people: test, or val to choose between models.")
    ] = "test",
    as_json: AsJson = False,
) -> None:
    """Score a snapshot on people it never saw, with confidence intervals.

    Each figure stands beside the same one for doing nothing (output = input).
    """
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder, expected a JSON file")
    from ecgan.evaluation.evaluate import evaluate as score
    from ecgan.evaluation.evaluate import read_groups

    with progress("evaluate", "translations") as report:
        result = score(
            snapshot,
            data,
            recognizer=recognizer,
            split=_split(split),
            route=route_of(route),
            backend=backend_of(backend),
            out=out,
            without=without or (),
            groups=None if groups is None else read_groups(groups),
            progress=report,
        )
    if as_json:
        say_json(result.to_json())
        return
    _summarise(result)
    say(f"all figures: {out}")


def _split(name: str) -> Split:
    from ecgan.data.manifest import SPLITS

    for split in SPLITS:
        if name == split:
            return split
    raise UsageError(f"--split takes {', '.join(SPLITS)}, got {name!r}")


def _summarise(result: Evaluation) -> None:
    """A line for each figure: the model's over all expressions, then the identity's."""
    others = result.from_expression.items()
    for title, comparison in (
        ("neutral to expression", result.expressions),
        ("expression to neutral", result.neutralisation),
        *((("as the truth is labelled", result.as_labelled),) if result.as_labelled else ()),
        *((f"expression to another ({result.facts['route']}), {key}", it) for key, it in others),
    ):
        say(f"{title} (doing nothing in brackets):")
        for name in comparison.model.figures:
            model, nothing = _overall(comparison.model, name), _overall(comparison.identity, name)
            say(f"  {name:<22} {model}  ({nothing})")
        for column, found in comparison.model.by_people.items():
            for group, interval in found.items():
                say(f"  accuracy, {column} {group:<12} {_shown(interval)}")
        for strength, figures in comparison.model.by_strength.items():
            told = ", ".join(f"{name} {_shown(found['all'])}" for name, found in figures.items())
            say(f"  at strength {strength}: {told}")


def _overall(scores: Scores, figure: str) -> str:
    interval = scores.figures.get(figure, {}).get("all")
    return "-" if interval is None else _shown(interval)


def _shown(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{interval.value:.3f}"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
