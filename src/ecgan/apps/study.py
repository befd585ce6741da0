"""`ecgan study`: the real-versus-fake perceptual study of the paper's Table 1."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ecgan.apps.console import say, say_json
from ecgan.errors import UsageError

if TYPE_CHECKING:
    from ecgan.lab.study.results import Rate, Results

EXAMPLE = (
    "Example: ecgan study build --real data/faces --method ecgan=translated --out study && "
    "ecgan study serve study && ecgan study results study"
)
BUILD_EXAMPLE = (
    "Example: ecgan study build --real data/faces --method ecgan=out/ecgan "
    "--method cyclegan=out/cyclegan --contact study@example.org --out study"
)
SERVE_EXAMPLE = "Example: ecgan study serve study --port 8400"
RESULTS_EXAMPLE = "Example: ecgan study results study --csv answers.csv"

app = typer.Typer(
    help="Ask people which of two faces is the photo: pairs, a page, rates with intervals.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EXAMPLE,
)
Folder = Annotated[
    Path, typer.Argument(help="Folder that `ecgan study build` wrote.", metavar="STUDY")
]


@app.command(epilog=BUILD_EXAMPLE, short_help="Choose the pairs and copy the pictures.")
def build(
    *,
    real: Annotated[
        Path, typer.Option(help="Prepared data with the real pictures.", metavar="DATA")
    ],
    method: Annotated[
        list[str],
        typer.Option(
            help="Generated pictures: prepared data, <expression>/<person>*, or what `ecgan "
            "translate` writes. Once for each method.",
            metavar="NAME=FOLDER",
        ),
    ],
    out: Annotated[Path, typer.Option(help="New folder of the study.", metavar="STUDY")],
    pairs: Annotated[int, typer.Option(help="Pairs that each rater judges.", min=1)] = 40,
    catch: Annotated[int, typer.Option(help="Catch trials among them.", min=0)] = 6,
    practice: Annotated[int, typer.Option(help="Pairs before them, with the answer.", min=0)] = 10,
    people: Annotated[
        Literal["same", "other"],
        typer.Option(help="Who is on the real picture beside a generated one."),
    ] = "same",
    split: Annotated[
        Literal["test", "val", "train", "all"], typer.Option(help="Whose pictures.")
    ] = "test",
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only real pictures of this source of DATA.", metavar="NAME"),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Side in pixels; default: of the smallest picture, at most 256."),
    ] = None,
    show_ms: Annotated[
        int, typer.Option(help="How long a pair is shown.", min=50, max=60_000)
    ] = 1000,
    break_every: Annotated[int, typer.Option(help="Pairs between breaks.", min=1)] = 20,
    contact: Annotated[
        str | None, typer.Option(help="Who is responsible for the study; the page says it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other pairs.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Choose balanced pairs of real and generated faces, and copy them so that nothing but the
    picture itself tells one from the other.

    STUDY/study.json is the key: it stays with you.
    """
    from ecgan.lab.study.build import Plan
    from ecgan.lab.study.build import build as build_study

    plan = Plan(
        pairs=pairs,
        catch=catch,
        practice=practice,
        same_person=people == "same",
        split=None if split == "all" else split,
        sources=tuple(source or ()),
        size_px=size,
        show_ms=show_ms,
        break_every=break_every,
        contact=contact,
        seed=seed,
    )
    study = build_study(real, _methods(method), out, plan)
    summary = {
        "methods": list(study.methods),
        "pairs": study.count("pair"),
        "catch": study.count("catch"),
        "practice": study.count("practice"),
        "pictures": len(study.picture_names()),
        "people": len({person for item in study.items for person in item.people}),
        "expressions": list(dict.fromkeys(item.expression for item in study.items)),
        "size_px": study.settings.size_px,
    }
    if as_json:
        say_json(summary)
        return
    say(
        f"{summary['pairs']} pairs, {summary['catch']} catch trials and {summary['practice']} for "
        f"practice, of {', '.join(study.methods)}: {summary['pictures']} pictures of "
        f"{summary['people']} people at {summary['size_px']} px"
    )
    if not contact:
        say("no --contact given: the page names nobody who answers for the study")
    say(f"study: {out}; next: ecgan study serve {out}")


@app.command(epilog=SERVE_EXAMPLE, short_help="Serve the page to raters.")
def serve(
    study: Folder,
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0: all of this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)
    ] = 8400,
) -> None:
    """Serve the study's page until Ctrl-C. Every answer is on disk before the page goes on; the
    same command again continues."""
    from ecgan.lab.study.server import StudyServer, StudySite

    with contextlib.closing(StudySite(study)) as site, contextlib.suppress(KeyboardInterrupt):
        server = StudyServer(site, host, port)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        say(f"serving {study} on http://{host}:{server.port} (Ctrl-C stops)")
        server.serve_forever()
    say(f"stopped; next: ecgan study results {study}")


@app.command(epilog=RESULTS_EXAMPLE, short_help="Rates at which each method is judged real.")
def results(
    study: Folder,
    *,
    min_catch: Annotated[
        float,
        typer.Option(help="Share of catch trials that a rater must get right.", min=0, max=1),
    ] = 0.8,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Count raters who stopped, too.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write every answer there.", metavar="F.csv")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Rate at which each method is judged real, with the Wilson interval and, in brackets, the
    bootstrap interval over raters."""
    from ecgan.files import write_text
    from ecgan.lab.study.results import answers_csv
    from ecgan.lab.study.results import results as compute

    found = compute(study, min_catch=min_catch, unfinished=unfinished)
    if csv is not None:
        if csv.is_dir():
            raise UsageError(f"--csv {csv} is a folder, expected a csv file")
        write_text(csv, answers_csv(found))
    if as_json:
        say_json(found.to_json())
        return
    _summarise(found)
    if csv is not None:
        say(f"answers: {csv}")


def _methods(given: list[str]) -> dict[str, Path]:
    methods: dict[str, Path] = {}
    for text in given:
        name, equals, folder = text.partition("=")
        if not (name.strip() and equals and folder):
            raise UsageError(f"expected --method NAME=FOLDER, got {text!r}")
        if name.strip() in (*methods, "real"):
            raise UsageError(f"--method {name.strip()!r}: expected distinct names, none 'real'")
        methods[name.strip()] = Path(folder)
    return methods


def _summarise(found: Results) -> None:
    values = found.to_json()
    dropped = ", ".join(f"{count} {reason}" for reason, count in values["dropped"].items())
    say(f"{values['counted']} of {values['raters']} raters count ({dropped or 'none dropped'})")
    catch = values["catch"]
    say(
        f"catch trials: {catch['trials']}, at least {catch['min_share']:.0%} right; guessing "
        f"passes with {catch['passed_by_guessing']:.1%}"
    )
    if not found.counted:
        say("no answers yet")
        return
    say("judged real:")
    for method, groups in found.rates.items():
        for group, rate in groups.items():
            say(f"  {method if group == 'all' else '  ' + group:<14} {_shown(rate)}")


def _shown(rate: Rate) -> str:
    text = f"{rate.value:6.1%}  {rate.low:.1%} to {rate.high:.1%}"
    if rate.raters_low is not None and rate.raters_high is not None:
        text += f"  [{rate.raters_low:.1%}, {rate.raters_high:.1%}]"
    return f"{text}  {rate.judged_real}/{rate.judgements}"
