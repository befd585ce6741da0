"""README.md and docs: figures from files, commands that exist, links that lead somewhere."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme", ROOT / "benchmarks" / "readme.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interval(value: float) -> dict[str, float | int]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "people": 3, "images": 9}


def evaluation() -> dict[str, object]:
    def figures(value: float) -> dict[str, object]:
        groups = {"happy": interval(value), "all": interval(value)}
        return dict.fromkeys(("accuracy", "mean_probability", "outside"), groups)

    direction = {
        "model": {**figures(0.8125), "ssim": {"happy": interval(0.9), "all": interval(0.9)}},
        "identity": figures(0.1),
        "truth": {},
    }
    return {
        "expressions": direction,
        "neutralisation": direction,
        "data": {"people": 3, "split": "test"},
        "intervals": {"confidence": 0.95},
        "command": "ecgan evaluate a b",
        "route": "auto",
        "date": "2026-01-01",
        "translator_sha256": "a" * 64,
        "recognizer_sha256": "b" * 64,
        "machine": {"processor": "abacus", "cpus": 2, "gpu": None},
    }


def between() -> dict[str, object]:
    result = evaluation()
    return {**result, "from_expression": {"smiles": result["expressions"]}, "route": "direct"}


def compared() -> dict[str, object]:
    row = {"method": "default", "tested_on_original": interval(0.625)}
    original = {
        "method": None,
        "tested_on_original": interval(0.5),
        "tested_on_generated_of": {"default": interval(0.75)},
    }
    gain = {
        "first": "default",
        "second": "original",
        "column": "tested_on_original",
        "difference": interval(0.125),
    }
    return {
        "plan": {
            "data": {"people": {"test": 21}},
            "size": 128,
            "budget": {"images": 4000},
            "method_settings": {"default": {"label": "ECGAN default"}},
            "command": "ecgan reproduce a --out b",
            "provenance": {
                "date": "2026-01-01",
                "machine": {"processor": "abacus", "cpus": 2, "gpu": None},
            },
        },
        "parts": {
            "table2": {"values": {"rows": [original, row], "differences": [gain]}},
            "vgg_score": {"values": {"default": {"accuracy": interval(0.4375)}}},
        },
    }


def ablated() -> dict[str, object]:
    def row(name: str, apart: float) -> dict[str, object]:
        both = {"value": interval(0.75), "difference": interval(apart)}
        columns = ("to_expression/correct", "to_neutral/correct", "to_expression/ssim")
        return {"row": name, **dict.fromkeys(columns, both)}

    return {
        "base": "default",
        "rows": [row("default", 0), row("no D", -0.5), row("R1", 0.005)],
        "table": {"preset": "default", "settings": ["size=64", "batch=4", "steps=9", "a=1"]},
        "data": {"people": 10, "split": "val"},
        "command": "python benchmarks/ablations.py D",
        "date": "2026-01-01",
        "machine": {"processor": "abacus", "cpus": 2, "gpu": None},
    }


def budgets() -> dict[str, object]:
    return {
        "settings": ["size=64", "batch=4", "steps=9"],
        "methods": {"pix2pix": {"SSIM": interval(0.875), "neutral recognised": interval(0.5)}},
        "identity": {"SSIM": interval(0.75)},
        "truth": {"recognised as asked": interval(0.25)},
        "data": {"people": 10, "split": "val"},
        "command": "python benchmarks/equal_budget.py D",
        "date": "2026-01-01",
        "machine": {"processor": "abacus", "cpus": 2, "gpu": None},
    }


def labelled() -> dict[str, object]:
    result = evaluation()
    figures = {"happy": interval(0.9375), "all": interval(0.9375)}
    column = {"accuracy": figures, "ssim": figures, "outside": figures}
    return {**result, "as_labelled": {"model": column, "identity": column, "truth": {}}}


def speed() -> dict[str, object]:
    return {
        "what": "train",
        "preset": "default",
        "size": 128,
        "batch": 4,
        "precision": "bf16",
        "seconds_per_step": 0.25,
        "tflops": 1.5,
        "share_of_limit": 0.4,
        "machine": {"processor": "abacus", "cpus": 2, "gpu": None},
    }


def test_the_results_are_those_of_the_files(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0, "run python benchmarks/readme.py"


def test_writes_only_between_the_markers(script: ModuleType, tmp_path: Path) -> None:
    readme, page, results = (tmp_path / name for name in ("README.md", "page.md", "results"))
    results.mkdir()
    for file in (readme, page):
        file.write_text(f"before\n{script.START}\nold\n{script.END}\nafter\n")
    (results / "evaluation.json").write_text(json.dumps(evaluation()))
    (results / "between.json").write_text(json.dumps(between()))
    (results / "speed.json").write_text(json.dumps(speed()))
    (results / "methods.json").write_text(json.dumps(compared()))
    (results / "changes.json").write_text(json.dumps(ablated()))
    arguments = ["--readme", str(readme), "--page", str(page), "--results", str(results)]
    assert script.main([*arguments, "--check"]) == 1
    assert "old" in readme.read_text()
    assert script.main(arguments) == 0
    short, text = readme.read_text(), page.read_text()
    for written in (short, text):
        assert written.startswith("before\n") and written.endswith("after\n")
        assert "old" not in written
    assert "an expression: seen by our recogniser | 81.2 % (80.2 to 82.2)" in short
    for words in (
        "| smiles | 81.2 % (80.2 to 82.2)",
        "recognised as asked | 81.2 % (80.2 to 82.2)",
        "route direct",
        "| original images alone |  | 50.0 % (49.0 to 51.0) |",
        "| ECGAN default | 43.8 % (42.8 to 44.8) | 62.5 % (61.5 to 63.5) | 12.5 % (11.5 to 13.5) |",
        "| 12.5 % (11.5 to 13.5) | 75.0 % (74.0 to 76.0) |",
        "benchmarks/results/methods/",
        "| default | 75.0 % (74.0 to 76.0) |",
        "| no D | -50.0 % (-51.0 to -49.0) * |",
        "| R1 | +0.5 % (-0.5 to 1.5) |",
        "size=64, batch=4, steps=9; 2026",
        "0.250 s a step",
        "40 %",
    ):
        assert words in text
    assert script.main([*arguments, "--check"]) == 0


def test_a_truth_is_compared_with_what_was_asked_for_as_it_is_labelled(script: ModuleType) -> None:
    text = script.render({"scores": labelled()})
    assert "as the real image is labelled: SSIM inside the face | 0.938 (0.927 to 0.948)" in text
    assert "neutral to expression: SSIM" not in text
    assert "as the real image is labelled: change outside" not in text
    assert "| happy | 81.2 % (80.2 to 82.2) |" in text
    assert text.count("0.938 (0.927 to 0.948)") == 4, "and in the table by expression"
    assert "expression to neutral: SSIM inside the face | 0.900" in text


def test_methods_at_one_budget_stand_side_by_side(script: ModuleType) -> None:
    text = script.render({"equal_budget": budgets()})
    assert "36 examples of 64 px, 10 val people" in text
    assert "| `pix2pix` |  | 50.0 % (49.0 to 51.0) | 0.875 (0.865 to 0.885) |  |" in text
    assert "| *real* | 25.0 % (24.0 to 26.0) |" in text


def test_the_readme_is_short() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 120
    assert sum(line.startswith("|") for line in lines) <= 2 + 8, "one table of eight rows"


def test_refuses_a_readme_without_markers(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="once each"):
        script.with_results("no markers", "table")


def test_names_only_commands_that_exist() -> None:
    from ecgan.apps.cli import app

    known = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    known |= {str(group.name) for group in app.registered_groups}
    known = {name.replace("_", "-") for name in known}
    pages = [README, *(ROOT / "docs").glob("*.md")]
    named = {
        name for page in pages for name in re.findall(r"^ecgan ([a-z-]+)", page.read_text(), re.M)
    }
    assert named and named <= known


def test_links_lead_somewhere() -> None:
    for page in [README, *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            if not target.startswith(("http", "mailto")):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_names_only_files_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?!tests/|src/)[a-z_/]+(?:/|\.py))`", page))
    ((path,),) = [re.findall(r"```\n(apps/train -> [^`]*)```", README.read_text(encoding="utf-8"))]
    named |= {f"{name.split()[0]}.py" for name in path.split("->")}
    assert len(named) > 30
    assert not [name for name in sorted(named) if not (ROOT / "src" / "ecgan" / name).exists()]
