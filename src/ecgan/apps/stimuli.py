"""`ecgan stimuli`: graded sets of stimuli with a manifest for experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import about, complain, progress, say, say_json
from ecgan.apps.options import AsJson, Model
from ecgan.apps.photo_files import check_folder, photo_files
from ecgan.errors import UsageError

EXAMPLE = (
    "Example: ecgan stimuli photos --to happy,sad --levels 0,20,...,100 --between happy,sad "
    "--equalise --oval --out set"
)


def stimuli(
    folder: Annotated[Path, typer.Argument(help="Folder of photos.", metavar="FOLDER")],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="Series from neutral to each of these: as --to of `ecgan translate`.",
            metavar="NAME",
        ),
    ] = None,
    between: Annotated[
        list[str] | None,
        typer.Option(help="A series from one expression to another; repeatable.", metavar="A,B"),
    ] = None,
    levels: Annotated[
        str, typer.Option(help="Whole per cents that rise, up to 150.", metavar="LEVELS")
    ] = "0,20,...,100",
    equalise: Annotated[
        bool,
        typer.Option(
            "--equalise",
            help="Give all pictures the same mean luminance and contrast inside the face.",
        ),
    ] = False,
    oval: Annotated[
        bool,
        typer.Option("--oval", help="Show upright faces, eyes at one place, in an oval on grey."),
    ] = False,
    size: Annotated[
        int | None, typer.Option(help="Side of --oval pictures in pixels; default: 512.")
    ] = None,
    model: Model = None,
    out: Annotated[Path, typer.Option(help="Folder of the set.", metavar="SET")] = Path("stimuli"),
    as_json: AsJson = False,
) -> None:
    """Make pictures of each face in steps of an expression, matched and listed for experiments.

    Writes SET/images/<photo>_<series>_<level>.png, SET/stimuli.csv (PsychoPy, pandas),
    stimuli_eprime.txt and stimuli.json, what was refused and why, a contact sheet, and report.txt,
    which says of each series whether it is monotone in the recogniser. The same command again goes
    on where a stopped one was. The exit code is 1 if a photo was refused.
    """
    if to is None and not between:
        raise UsageError("expected --to NAME or --between A,B: which series to make")
    if size is not None and not oval:
        raise UsageError("--size goes with --oval; without it pictures have the photo's own size")
    files = photo_files([folder])
    check_folder(out)
    from ecgan.expressions import NEUTRAL, parse_targets
    from ecgan.inference.translator import Translator
    from ecgan.lab.stimuli.maker import make_stimuli
    from ecgan.lab.stimuli.plan import Plan, parse_levels, series_of
    from ecgan.lab.stimuli.report import report_lines, write_reports

    steps = parse_levels(levels)
    translator = Translator.load(model, route="neutral-first")
    vocabulary = translator.vocabulary
    targets = () if to is None else parse_targets(to, vocabulary)
    if NEUTRAL in targets:
        raise UsageError("--to neutral: every series starts there; name an expression")
    series = series_of(targets, between or (), vocabulary)
    plan = Plan(series, steps, equalise, (size or 512) if oval else None)
    photos = [(file.path, file.below / file.path.name) for file in files]
    with progress("stimuli", "photos") as report:
        records = make_stimuli(photos, out, plan, translator, report)
    facts = {
        "tool": "ecgan",
        "synthetic": True,
        "model_sha256": translator.sha256,
        "recognizer_sha256": translator.recognizer.sha256,
    }
    whole = write_reports(out, records, plan, facts, translator.credit)
    for one in whole["refused"]:
        complain(about(folder / one["source"], one["message"]))
    if as_json:
        say_json(whole)
    else:
        count = len(whole["stimuli"])
        say(f"{count} pictures of {len(records) - len(whole['refused'])} photos in {out}")
        for line in report_lines(whole)[:4]:
            say(line)
        say(f"see {out / 'report.txt'} for each series, {out}/sheet*.png for the pictures")
    if whole["refused"]:
        raise typer.Exit(1)
