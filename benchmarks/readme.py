"""Write the tables of README.md and docs/results.md from benchmarks/results/*.json.

python benchmarks/readme.py            # rewrite what stands between the markers
python benchmarks/readme.py --check    # exit 1 if it is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from ecgan.files import write_text

ROOT = Path(__file__).parents[1]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "results.md"
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- results: written by benchmarks/readme.py -->", "<!-- end of results -->"

FIGURES = (
    ("recognised as asked", "accuracy", "percent"),
    ("mean probability of the asked", "mean_probability", "percent"),
    ("SSIM inside the face", "ssim", "plain"),
    ("PSNR inside the face, dB", "psnr_db", "decibel"),
    ("LPIPS", "lpips", "plain"),
    ("change outside the mask, grey levels of 255", "outside", "level"),
    ("change outside the face in the source", "outside_face", "level"),
    ("taken for the same person (dlib)", "same_person", "percent"),
    ("distance of the person (dlib; one person's below 0.6)", "identity_dlib", "plain"),
    ("likeness of the person, cosine", "identity_descriptor", "plain"),
    ("FID on the recogniser's features", "fid_recognizer", "decibel"),
    ("a face found in its place", "landmark_validity", "percent"),
    ("more strength shows more", "intensity_monotone", "percent"),
)
SIMILARITY = ("ssim", "psnr_db", "lpips")
"""Figures against a truth: of faces that were asked for as it is labelled, where there are some."""
AS_LABELLED = ("accuracy", *SIMILARITY, "same_person", "identity_dlib")
Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    results = read_results(options.results)
    written = {options.readme: summary(results), options.page: render(results)}
    old = {file: file.read_text(encoding="utf-8") for file in written}
    new = {file: with_results(old[file], tables) for file, tables in written.items()}
    stale = [file for file in written if old[file] != new[file]]
    if options.check:
        for file in stale:
            print(f"{file.name} is out of date: run python benchmarks/readme.py")
        return 1 if stale else 0
    for file in stale:
        write_text(file, new[file])
    return 0


def read_results(folder: Path) -> dict[str, Json]:
    """Every result by the name of its file."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def with_results(page: str, tables: str) -> str:
    """A page with `tables` between its markers.

    Raises:
        ValueError: the markers are not there, once each and in order.
    """
    if page.count(START) != 1 or page.count(END) != 1 or page.index(START) > page.index(END):
        raise ValueError(f"expected {START!r} and after it {END!r}, once each")
    head, tail = page[: page.index(START)], page[page.index(END) :]
    return f"{head}{START}\n\n{tables}\n{tail}"


def summary(results: dict[str, Json]) -> str:
    """What a newcomer wants to know of the packaged translator, in one small table."""
    scores = results.get("evaluation")
    if scores is None:
        return "None yet: see `benchmarks/results/`.\n"
    there, back = scores["expressions"], scores["neutralisation"]
    labelled = scores.get("as_labelled", there)
    columns = ("model", "identity", "truth")
    rows = [
        [label, *(shown(part[column].get(figure, {}).get("all"), unit) for column in columns)]
        for label, part, figure, unit in (
            ("neutral to an expression: seen by our recogniser", there, "accuracy", "percent"),
            ("more strength shows more", there, "intensity_monotone", "percent"),
            ("an expression to neutral: seen by our recogniser", back, "accuracy", "percent"),
            ("SSIM inside the face, as labelled", labelled, "ssim", "plain"),
            ("taken for the same person (dlib)", there, "same_person", "percent"),
            ("change outside the mask, grey levels of 255", there, "outside", "level"),
        )
        if figure in part["model"]
    ]
    head = [f"{scores['data']['people']} {scores['data']['split']} people", "translated"]
    text = origin("evaluation", scores)
    outside = results.get("outside_recogniser")
    if outside is not None:
        for name, group in reversed(outside["groups"].items()):
            cells = [shown(group["all"][key], "percent") for key in ("accuracy", "unchanged")]
            who = f"{group['people']} {name} people"
            rows.insert(0, [f"an outside network sees the expression, {who}", *cells, ""])
        text = (
            f"<sub>Outside network: {outside['network']}; `{outside['command']}`, "
            f"{outside['date']}.</sub>\n\n{text}"
        )
    return table([*head, "unchanged photo", "real image"], rows) + "\n" + text


def render(results: dict[str, Json]) -> str:
    """Markdown of all results; those of a kind stand together."""
    scores = [
        between(name, result) if result.get("from_expression") else evaluation(name, result)
        for name, result in results.items()
        if "expressions" in result
    ]
    speeds = [(name, result) for name, result in results.items() if "what" in result]
    for name, result in results.items():  # several ways to train, timed in one run
        speeds += [(name, {**way, **result}) for way in result.get("ways", {}).values()]
    compared = [compare(name, result) for name, result in results.items() if "parts" in result]
    budgets = [
        equal_budget(name, result) for name, result in results.items() if "methods" in result
    ]
    changed = [ablations(name, result) for name, result in results.items() if "base" in result]
    parts = [*scores, *budgets, *compared, *changed, *([speed_table(speeds)] if speeds else [])]
    return "\n".join(parts) if parts else "None yet: see `benchmarks/results/`.\n"


def between(name: str, result: Json) -> str:
    """Expressive images to other expressions, by the source of the images."""
    rows = [
        [
            source,
            *(shown(it["model"].get(f, {}).get("all"), unit) for _, f, unit in FIGURES[:3]),
            shown(it["identity"]["accuracy"]["all"], "percent"),
        ]
        for source, it in result["from_expression"].items()
    ]
    data = result["data"]
    who = f"expression to another, {data['people']} {data['split']} people"
    heads = [who, "recognised as asked", "mean probability", "SSIM"]
    return table([*heads, "unchanged: recognised"], rows) + "\n" + origin(name, result)


def origin(name: str, result: Json) -> str:
    """Where the scores of an evaluation come from."""
    return (
        f"<sub>`{result['command']}`, {result['date']}, {where(result)}; route "
        f"{result['route']}, translator `{result['translator_sha256'][:12]}`, recogniser "
        f"`{result['recognizer_sha256'][:12]}`; all figures: `benchmarks/results/{name}.json`."
        "</sub>\n"
    )


def evaluation(name: str, result: Json) -> str:
    """The scores that `ecgan evaluate` wrote: two tables and where they come from."""
    data, there, back = result["data"], result["expressions"], result["neutralisation"]
    labelled = result.get("as_labelled")
    compared = labelled or there
    told = [figure for _, figure, _ in FIGURES]
    directions = [
        (
            "neutral to expression",
            there,
            [figure for figure in told if not (labelled and figure in SIMILARITY)],
        ),
        *([("as the real image is labelled", labelled, [*AS_LABELLED])] if labelled else []),
        ("expression to neutral", back, told),
    ]
    rows = []
    for title, direction, figures in directions:
        for label, figure, unit in FIGURES:
            if figure in figures and figure in direction["model"]:
                cells = [
                    shown(direction[column].get(figure, {}).get("all"), unit)
                    for column in ("model", "identity", "truth")
                ]
                rows.append([f"{title}: {label}", *cells])
    expressions = [key for key in there["model"]["accuracy"] if key != "all"]
    by_expression = [
        [
            key,
            shown(there["model"]["accuracy"][key], "percent"),
            shown(there["model"]["mean_probability"][key], "percent"),
            shown(there["identity"]["accuracy"][key], "percent"),
            shown(compared["model"].get("ssim", {}).get(key), "plain"),
            shown(compared["identity"].get("ssim", {}).get(key), "plain"),
        ]
        for key in expressions
    ]
    share = f"{100 * result['intervals']['confidence']:.0f} %"
    return "\n".join(
        [
            f"**{data['people']} {data['split']} people**, whom the split keeps out of training; "
            f"{share} intervals over people; *unchanged* is the same figure for output = input, "
            "*real* the recogniser on the true images. Neutral faces go to every expression in "
            "full, and once more to the recipe and intensity that a real image is labelled with.",
            "",
            table(["", "translated", "unchanged", "real"], rows),
            table(
                [
                    "",
                    "recognised as asked",
                    "mean probability",
                    "unchanged: recognised",
                    "SSIM",
                    "unchanged: SSIM",
                ],
                by_expression,
            ),
            *strengths(there["model"]),
            origin(name, result),
        ]
    )


def strengths(scores: Json) -> list[str]:
    """What each strength shows, where the scores tell."""
    figures = [one for one in FIGURES if one[1] in ("accuracy", "same_person", "identity_dlib")]
    rows = [
        [strength, *(shown(found.get(figure, {}).get("all"), unit) for _, figure, unit in figures)]
        for strength, found in scores.get("by_strength", {}).items()
    ]
    return [table(["strength", *(label for label, _, _ in figures)], rows)] if rows else []


def compare(name: str, result: Json) -> str:
    """Methods under one budget, from `benchmarks/reproduction.py`: the columns of Table 2, and what
    the judge sees in the translations of test people."""
    plan, parts = result["plan"], result["parts"]
    table_2, judged = parts["table2"]["values"], parts["vgg_score"]["values"]
    original, *others = table_2["rows"]
    gains = {
        it["first"]: it["difference"]
        for it in table_2["differences"]
        if it["second"] == "original" and it["column"] == "tested_on_original"
    }
    alone = shown(original["tested_on_original"], "percent")
    rows = [["original images alone", "", alone, "", "", ""]]
    for row in others:
        key = row["method"]
        scores = parts.get(f"evaluation-{key}", {}).get("values", {})
        ssim = scores.get("expressions", {}).get("model", {}).get("ssim", {}).get("all")
        rows.append(
            [
                plan["method_settings"][key]["label"],
                shown(judged[key]["accuracy"], "percent"),
                shown(row["tested_on_original"], "percent"),
                shown(gains[key], "percent"),
                shown(original["tested_on_generated_of"][key], "percent"),
                shown(ssim, "plain"),
            ]
        )
    head = [
        f"{plan['data']['people']['test']} test people, {plan['size']} px, "
        f"{plan['budget']['images']} images seen",
        "recognised as asked",
        "recogniser of original + generated, on original",
        "more than without",
        "recogniser of original, on generated",
        "SSIM",
    ]
    made = f"`{plan['command']}`, {plan['provenance']['date']}, {where(plan['provenance'])}"
    return (
        table(head, rows)
        + f"\n<sub>{made}; all figures: `benchmarks/results/{name}.json`; charts and generated "
        f"faces: `benchmarks/results/{name}/`.</sub>\n"
    )


def equal_budget(name: str, result: Json) -> str:
    """Methods that saw as many examples, from `benchmarks/equal_budget.py`."""
    units = {
        "recognised as asked": "percent",
        "neutral recognised": "percent",
        "SSIM": "plain",
        "LPIPS": "plain",
    }
    columns = {
        **{f"`{method}`": found for method, found in result["methods"].items()},
        "*unchanged*": result["identity"],
        "*real*": result["truth"],
    }
    rows = [
        [key, *(shown(found.get(figure), unit) for figure, unit in units.items())]
        for key, found in columns.items()
    ]
    settings = dict(text.split("=", 1) for text in result["settings"])
    examples = int(settings["steps"]) * int(settings["batch"])
    data = result["data"]
    head = f"{examples} examples of {settings['size']} px, {data['people']} {data['split']} people"
    return (
        table([head, *units], rows) + f"\n<sub>`{result['command']}`, {result['date']}, "
        f"{where(result)}; all figures and settings: `benchmarks/results/{name}.json`.</sub>\n"
    )


def ablations(name: str, result: Json) -> str:
    """One change a row, from `benchmarks/ablations.py`, as differences from the first row."""
    columns = ("to_expression/correct", "to_neutral/correct", "to_expression/ssim")
    rows = []
    for row in result["rows"]:
        cells = []
        for column in columns:
            unit = "plain" if column.endswith("ssim") else "percent"
            whole, apart = row[column]["value"], row[column]["difference"]
            is_base = row["row"] == result["base"]
            cells += (
                [shown(whole, unit)]
                if is_base
                else [f"{'+' if apart['value'] >= 0 else ''}{shown(apart, unit)}{star(apart)}"]
            )
        rows.append([row["row"], *cells])
    data = result["data"]
    head = [
        f"one change to the preset `{result['table']['preset']}`, {data['people']} "
        f"{data['split']} people",
        "recognised as asked",
        "neutral recognised",
        "SSIM",
    ]
    facts = f"{', '.join(result['table']['settings'][:3])}; {result['date']}, {where(result)}"
    return (
        table(head, rows)
        + f"\n<sub>`{result['command']}`, {facts}. First row: the figure; others: the difference "
        "from it, image by image, * where its 95 % interval over people leaves out 0. All settings "
        f"and figures: `benchmarks/results/{name}.json`; faces: "
        f"`benchmarks/results/{name}/`.</sub>\n"
    )


def star(interval: Json) -> str:
    low, high = interval["low"], interval["high"]
    return " *" if low is not None and (low > 0 or high < 0) else ""


def speed_table(results: Iterable[tuple[str, Json]]) -> str:
    """One row for each `ecgan bench --json`."""
    rows = []
    for name, result in results:
        if "seconds_per_step" in result:
            what = f"train, `{result['preset']}`, {result['size']} px, batch {result['batch']}"
            speed = f"{result['seconds_per_step']:.3f} s a step"
        else:
            what, speed = result["what"], f"{result['seconds_per_image']:.3f} s an image"
        share = result.get("share_of_limit")
        rate = "" if result.get("tflops") is None else f"{result['tflops']:.2f}"
        rows.append(
            [
                what,
                result.get("precision", ""),
                speed,
                rate,
                "" if share is None else f"{100 * share:.0f} %",
                where(result),
                f"`{name}`",
            ]
        )
    head = ["", "precision", "speed", "TFLOP/s", "of the measured limit", "machine", "file"]
    return table(head, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def shown(interval: Json | None, unit: str) -> str:
    """A figure with its interval, where it has one."""
    if interval is None:
        return ""
    form = {
        "percent": lambda value: f"{100 * value:.1f} %",
        "plain": lambda value: f"{value:.3f}",
        "decibel": lambda value: f"{value:.1f}",
        "level": lambda value: f"{value:.4g}",
    }[unit]
    value, low, high = interval["value"], interval["low"], interval["high"]
    if low is None or low == high:
        return form(value)
    return f"{form(value)} ({form(low).removesuffix(' %')} to {form(high).removesuffix(' %')})"


def where(result: Json) -> str:
    machine = result["machine"]
    return str(machine["gpu"] or f"{machine['processor']}, {machine['cpus']} CPUs")


if __name__ == "__main__":
    sys.exit(main())
