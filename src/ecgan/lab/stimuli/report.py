"""What a set of stimuli says of itself: manifest, series, contact sheets and a report in words."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgan.evaluation.recognition import TOLERANCE, monotonicity
from ecgan.expressions import NEUTRAL, expression_of, parse_blend
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import write_json, write_text
from ecgan.inference.grid import Tile, contact_grid
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.stimuli.maker import column
from ecgan.lab.stimuli.plan import Plan

Rows = Sequence[Mapping[str, Any]]
SERIES_A_SHEET = 20
TILE_PX = 200


def write_reports(
    out: Path, records: Rows, plan: Plan, facts: Mapping[str, Any], credit: str = ""
) -> dict[str, Any]:
    """Write the manifest (`stimuli.csv`, `.json`, `_eprime.txt`), `series.csv`, `refused.csv`,
    `report.txt` and the contact sheets of a set; returns what `stimuli.json` holds.

    Args:
        out: folder of the set.
        records: from `make_stimuli`.
        plan: of the set.
        facts: further keys of `stimuli.json`: what made the set.
        credit: of the model, for the marks of the sheets.
    """
    rows = [row for record in records for row in record["rows"]]
    refused = [
        {"source": record["source"], "person": record["person"], **record["refused"]}
        for record in records
        if record["refused"]
    ]
    series = series_of_rows(rows)
    whole = {**facts, "plan": plan.as_json(), "series": series, "refused": refused}
    whole = {**whole, "luminance": _spread(rows), "stimuli": rows}
    write_text(out / "stimuli.csv", _table(rows))
    write_text(out / "stimuli_eprime.txt", _eprime(rows))
    write_text(out / "series.csv", _table(series))
    write_text(out / "refused.csv", _table(refused, ("source", "person", "reason", "message")))
    write_text(out / "report.txt", "\n".join(report_lines(whole)) + "\n")
    _write_sheets(out, records, facts, credit)
    write_json(out / "stimuli.json", whole)
    return whole


def series_of_rows(rows: Rows) -> list[dict[str, Any]]:
    """Each series with its curve in the recogniser, and whether it is monotone: the curve rises,
    and no value lies more than `TOLERANCE` below an earlier one.

    The curve is the probability of what the series goes to, less that of what it starts from where
    this is not neutral.
    """
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["photo"], row["series"]].append(row)
    result = []
    for (photo, name), members in found.items():
        first, second = members[0]["first"], members[0]["second"]
        curve = [_probability(row, second) for row in members]
        if first != NEUTRAL:
            start = [_probability(row, first) for row in members]
            curve = [b - a for a, b in zip(start, curve, strict=True)]
        levels = [float(row["level"]) for row in members]
        figures = monotonicity(curve, levels)
        falls = np.maximum.accumulate(curve) - curve
        result.append(
            {
                "photo": photo,
                "person": members[0]["person"],
                "series": name,
                "monotone": int(figures["intensity_monotone"]),
                "correlation": round(figures["intensity_correlation"], 4),
                "largest_fall": round(float(falls.max()), 4),
                "falls_at_level": int(levels[int(falls.argmax())]) if falls.max() > 0 else "",
                **{
                    f"curve_{row['level']:03d}": round(float(value), 4)
                    for row, value in zip(members, curve, strict=True)
                },
            }
        )
    return result


def _probability(row: Mapping[str, Any], target: str) -> float:
    """Of all expressions in a target."""
    names = {expression_of(name) for name in parse_blend(target)}
    return float(sum(row.get(column(name), 0.0) for name in names))


def _spread(rows: Rows) -> dict[str, Any]:
    """Smallest and largest figure inside the faces, and how far apart they are, as a share."""
    result = {}
    for name in ("mean_luminance", "contrast"):
        values = [row[name] for row in rows] or [0.0]
        low, high = min(values), max(values)
        apart = round((high - low) / (sum(values) / len(values) or 1), 5)
        result[name] = {"least": low, "most": high, "apart": apart}
    return result


def report_lines(whole: Mapping[str, Any]) -> list[str]:
    """The report in words."""
    series, levels = whole["series"], whole["plan"]["levels"]
    good = sum(one["monotone"] for one in series)
    share = f" ({100 * good / len(series):.1f} %)" if series else ""
    lines = [
        f"{good} of {len(series)} series are monotone in the recogniser{share}: the curve rises "
        f"and never falls by more than {TOLERANCE:g}",
        f"levels {', '.join(map(str, levels))}",
    ]
    for name, light in whole["luminance"].items():
        lines.append(
            f"{name.replace('_', ' ')} inside the face {light['least']:.1f} to {light['most']:.1f} "
            f"of 255 ({light['apart']:.2%} apart)"
        )
    lines.append("")
    for one in series:
        curve = " ".join(f"{one[f'curve_{level:03d}']:.2f}" for level in levels)
        verdict = "monotone"
        if not one["monotone"]:
            fell = one["largest_fall"] > TOLERANCE
            verdict = "NOT monotone, " + (
                f"falls by {one['largest_fall']:.2f} at level {one['falls_at_level']}"
                if fell
                else "does not rise"
            )
        lines.append(f"{one['photo']} {one['series']}: {verdict}; {curve}")
    for one in whole["refused"]:
        lines.append(f"refused: {one['source']} ({one['reason']}): {one['message']}")
    return lines


def _table(rows: Rows, names: Sequence[str] = ()) -> str:
    """Comma-separated, as pandas and PsychoPy read it."""
    text = io.StringIO()
    header = list(dict.fromkeys(name for row in rows for name in row)) or list(names)
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _eprime(rows: Rows) -> str:
    """Tab-separated, as a List of E-Prime loads it: its own columns first. Paths have
    backslashes; what may not be ASCII is left out."""
    names = [name for name in (rows[0] if rows else {}) if name not in ("source", "person")]
    lines = [["Weight", "Nested", "Procedure", *names]]
    for row in rows:
        values = [str(row[name]) for name in names]
        values[names.index("stimulus")] = row["stimulus"].replace("/", "\\")
        lines.append(["1", "", "TrialProc", *values])
    return "".join("\t".join(line) + "\r\n" for line in lines)


def _write_sheets(out: Path, records: Rows, facts: Mapping[str, Any], credit: str) -> None:
    """`sheet.png`, or `sheet-01.png` and so on: a line for each series."""
    for old in out.glob("sheet*.png*"):
        old.unlink()
    found: dict[tuple[str, str], list[tuple[Mapping[str, Any], Sequence[int]]]] = defaultdict(list)
    for record in records:
        for row in record["rows"]:
            found[row["photo"], row["series"]].append((row, record["box"]))
    all_series = list(found.values())
    count = -(-len(all_series) // SERIES_A_SHEET)
    for number in range(count):
        part = all_series[number * SERIES_A_SHEET : (number + 1) * SERIES_A_SHEET]
        tiles = [_tile(out, row, box) for members in part for row, box in members]
        pixels = contact_grid(tiles, columns=len(part[0]), tile_px=TILE_PX, footer=NOTICE)
        sources = sorted({row["source_sha256"] for members in part for row, _ in members})
        mark = Mark(
            source=", ".join(dict.fromkeys(members[0][0]["source"] for members in part)),
            source_sha256=sources[0] if len(sources) == 1 else "",
            model_sha256=str(facts["model_sha256"]),
            settings={"expression": "contact sheet"},
            credit=credit,
        )
        name = "sheet.png" if count == 1 else f"sheet-{number + 1:02d}.png"
        plain = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
        write_marked(out / name, pixels, plain, mark)


def _tile(out: Path, row: Mapping[str, Any], box: Sequence[int]) -> Tile:
    x0, y0, x1, y1 = box
    pixels = read_photo(out / row["stimulus"]).pixels[y0:y1, x0:x1]
    seen = row["recognised"]
    note = f"{row['photo']}: {seen} {100 * row[column(seen)]:.0f} %"
    return Tile(f"{row['series']} {row['level']}", pixels, note)
