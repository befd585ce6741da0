"""`ecgan demo`: the main job on one photo, with what comes with the package."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import percent, progress, say, say_json, warn
from ecgan.apps.options import AsJson, RouteName, route_of
from ecgan.apps.photo_files import check_folder, opened
from ecgan.errors import EcganError

if TYPE_CHECKING:
    from ecgan.faces.photo import Photo
    from ecgan.inference.crops import ReadyPhoto
    from ecgan.inference.grid import Tile
    from ecgan.inference.marking import Mark
    from ecgan.inference.results import Translated
    from ecgan.inference.translator import Translator

EXAMPLE = "Example: ecgan demo --photo anna.jpg --out demo"


def demo(
    photo: Annotated[
        Path | None,
        typer.Option(help="Your photo; default: scikit-image's astronaut.", metavar="P"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = Path(
        "demo"
    ),
    route: RouteName = None,
    as_json: AsJson = False,
) -> None:
    """Translate the largest face of a photo to every expression, and look at the result.

    Writes DIR/grid.png, DIR/<expression>.png and DIR/report.json.
    """
    began = time.perf_counter()
    check_folder(out)
    source = demo_photo() if photo is None else opened(photo)
    name = "astronaut" if photo is None else photo.name
    from ecgan.expressions import NEUTRAL
    from ecgan.files import write_json
    from ecgan.inference.marking import source_sha256
    from ecgan.inference.results import describe_face, doubt_warnings
    from ecgan.inference.translator import Translator

    translator = Translator.load(route=route_of(route))
    loaded = time.perf_counter()
    ready = translator.prepare(source)
    for warning in doubt_warnings(ready.faces[0]):
        warn(warning)
    targets = translator.vocabulary.expressive
    made: dict[str, Translated] = {}
    with progress("translate", "expressions", lines=False) as report:
        for target in targets:
            made[target] = translator.render_all([(ready, target)], face="largest")[0]
            report(len(made), len(targets))
    translated = time.perf_counter()
    results = {target: _recognise(translator, result) for target, result in made.items()}
    sha256 = source_sha256(source)
    for target, result in made.items():
        result.save(out / f"{target}.png", mark=result.mark(name, sha256))
    shown = made
    if ready.faces[0].expressive:  # but on the route direct, the step between
        neutral = translator.render(ready, NEUTRAL)
        shown = {NEUTRAL: neutral, **made}
        results = {NEUTRAL: _recognise(translator, neutral), **results}
    mark = made[targets[0]].mark(name, sha256)
    whole = replace(
        mark,
        settings={**mark.settings, "expression": ", ".join(targets)},
        faces=[describe_face(face) for face in ready.faces],
    )
    _write_grid(out / "grid.png", ready, shown, results, whole)
    facts: dict[str, Any] = {
        "photo": name,
        "photo_sha256": sha256,
        "model_sha256": translator.sha256,
        "route": translator.route,
        "recognizer_sha256": translator.recognizer.sha256,
        "faces": [describe_face(face) for face in ready.faces],
        "expressions": {
            target: {
                "file": f"{target}.png",
                "neutralised_first": made[target].faces[0].passes > 0,
                "left_as_it_is": made[target].faces[0].left_as_it_is,
                "recognised": _best(seen),
                "probability_of_asked": round(seen.get(target, 0.0), 4),
                "probabilities": {key: round(value, 4) for key, value in seen.items()},
            }
            for target, seen in results.items()
            if target in made
        },
        "seconds": {
            "load": round(loaded - began, 3),
            "translate": round(translated - loaded, 3),
            "all": round(time.perf_counter() - began, 3),
        },
    }
    write_json(out / "report.json", facts)
    if as_json:
        say_json(facts)
    else:
        _summarise(facts, out)


def demo_photo() -> Photo:
    """Scikit-image's astronaut (NASA, public domain).

    Raises:
        EcganError: scikit-image is not installed.
    """
    from ecgan.faces.photo import Photo

    try:
        from skimage.data import astronaut
    except ImportError:
        raise EcganError(
            "the demo photo comes with scikit-image: pip install 'ecgan[demo]', or give --photo"
        ) from None
    pixels = astronaut()  # type: ignore[no-untyped-call]
    return Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")


def _recognise(translator: Translator, result: Translated) -> dict[str, float]:
    """What the recogniser sees in the finished photo."""
    from ecgan.faces.alignment import crop

    return translator.probabilities(crop(result.pixels, result.faces[0].aligned.alignment))


def _best(seen: dict[str, float]) -> str:
    return max(seen, key=lambda name: seen[name])


def _write_grid(
    path: Path,
    ready: ReadyPhoto,
    made: dict[str, Translated],
    results: dict[str, dict[str, float]],
    mark: Mark,
) -> None:
    """The source and each expression, all cut to the same square around the face."""
    from ecgan.inference.grid import Tile, contact_grid, square_of_face
    from ecgan.inference.marking import NOTICE, write_marked

    x0, y0, x1, y1 = square_of_face(ready.faces[0].aligned.alignment, ready.photo.pixels.shape)

    def tile(label: str, pixels: Any, seen: dict[str, float] | None) -> Tile:
        best = "" if seen is None else f"recognised: {_best(seen)} {percent(seen[_best(seen)])}"
        return Tile(label, pixels[y0:y1, x0:x1], best)

    tiles = [tile("photo", ready.photo.pixels, ready.faces[0].probabilities)]
    tiles += [tile(target, made[target].pixels, results[target]) for target in made]
    grid = contact_grid(tiles, footer=NOTICE)
    from ecgan.faces.photo import Photo

    plain = Photo(grid, icc=ready.photo.icc, exif=None, alpha=None, path=None, format="PNG")
    write_marked(path, grid, plain, mark)


def _summarise(facts: dict[str, Any], out: Path) -> None:
    for face in facts["faces"]:
        seen = face["source_probabilities"]
        first = ", so it was neutralised first" if face["neutralised_first"] else ""
        first += ", where that is better" if first and facts["route"] == "auto" else ""
        say(
            f"{facts['photo']}: the face looks {_best(seen)} ({percent(max(seen.values()))}){first}"
        )
    for target, result in facts["expressions"].items():
        best = result["recognised"]
        kept = ", as it is: the photo shows it already" if result["left_as_it_is"] else ""
        say(
            f"  {target:<9} recognised as {best} {percent(result['probabilities'][best])}"
            f"  {out / result['file']}{kept}"
        )
    right = sum(target == r["recognised"] for target, r in facts["expressions"].items())
    seconds = facts["seconds"]["all"]
    say(f"{right} of {len(facts['expressions'])} recognised as asked, {seconds:.1f} s")
    say(f"look at {out / 'grid.png'}; all figures are in {out / 'report.json'}")
