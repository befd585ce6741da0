"""What a set says of its series."""

from typing import Any

from ecgan.lab.stimuli.report import report_lines, series_of_rows

LEVELS = (0, 50, 100)


def rows(first: str, second: str, **curves: tuple[float, ...]) -> list[dict[str, Any]]:
    name = second if first == "neutral" else f"{first}-{second}"
    facts = {"photo": "anna", "person": "anna", "series": name, "first": first, "second": second}
    return [
        {**facts, "level": level, **{f"p_{key}": curve[i] for key, curve in curves.items()}}
        for i, level in enumerate(LEVELS)
    ]


def test_series_that_rise_fall_and_stay() -> None:
    made = [
        *rows("neutral", "happy", happy=(0.1, 0.5, 0.49)),
        *rows("neutral", "sad", sad=(0.1, 0.5, 0.45)),
        *rows("neutral", "fear", fear=(0.1, 0.1, 0.11)),
        *rows("neutral", "fear*0.5+sad*0.5", fear=(0.0, 0.2, 0.5), sad=(0.1, 0.2, 0.4)),
        *rows("happy", "sad", happy=(0.9, 0.2, 0.0), sad=(0.0, 0.1, 0.9)),
    ]
    series = series_of_rows(made)
    assert [one["monotone"] for one in series] == [1, 0, 0, 1, 1]
    assert [one["curve_100"] for one in series] == [0.49, 0.45, 0.11, 0.9, 0.9]
    assert series[4]["curve_000"] == -0.9
    assert (series[1]["largest_fall"], series[1]["falls_at_level"]) == (0.05, 100)
    light = {"mean_luminance": {"least": 1.0, "most": 1.0, "apart": 0.0}}
    whole = {"series": series, "plan": {"levels": LEVELS}, "luminance": light, "refused": []}
    lines = report_lines(whole)
    assert lines[0].startswith("3 of 5 series are monotone in the recogniser (60.0 %)")
    assert "anna sad: NOT monotone, falls by 0.05 at level 100; 0.10 0.50 0.45" in lines
    assert "anna fear: NOT monotone, does not rise; 0.10 0.10 0.11" in lines
