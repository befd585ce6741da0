"""The page: every number of the results, nothing from outside, missing parts named."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.report_page import Page
from support.tiny_reproduction import write_part

from ecgan.lab.reproduce.page import write_report

DIGITS = {  # of scores that are no rates
    "outside": 3, "outside_face": 3, "ssim": 3, "psnr_db": 1, "fid_recognizer": 1,
    "kid_recognizer": 4, "perceptual_recognizer": 3, "identity_descriptor": 3, "landmark_error": 3,
}  # fmt: skip
SECTIONS = {
    "table2": "table-2",
    "vgg_score": "figure-5a",
    "two_sample": "table-1",
    "dose_generated": "dose",
    "dose_people": "dose",
}


@pytest.fixture
def page(reproduction: Path) -> Page:
    return Page((reproduction / "report.html").read_text(encoding="utf-8"))


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the drawing, which other tests look at."""
    blank = b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\0\0\0\1\0\0\0\1"
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda _, file, **__: file.write(blank))


def written(value: float, digits: int, scale: float, *, sign: bool = False) -> str:
    text = f"{value * scale:{'+' if sign else ''}.{digits}f}"
    return (text.lstrip("+-") if float(text) == 0 else text).replace("-", "−")


def intervals(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every interval of a part, with the keys that lead to it."""
    if isinstance(value, dict) and "value" in value and "low" in value:
        yield path, value
        return
    if isinstance(value, dict):
        for key, one in value.items():
            yield from intervals(one, (*path, key))
    if isinstance(value, list):
        for one in value:
            yield from intervals(one, path)


def load(out: Path, part: str) -> dict[str, Any]:
    return json.loads((out / "results" / f"{part}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", SECTIONS)
def test_every_interval_is_in_its_section(reproduction: Path, page: Page, part: str) -> None:
    text = page.sections[SECTIONS[part]]
    found = list(intervals(load(reproduction, part)["values"]))
    assert len(found) > 3
    for path, one in found:
        sign = "difference" in path
        value, low, high = (
            written(one[key], 1, 100, sign=sign) for key in ("value", "low", "high")
        )
        assert f"{value} [{low}, {high}]" in text, path
        assert re.search(rf"\b{one['n']}\b", text)


def test_every_score_of_every_method_is_in_the_page(reproduction: Path, page: Page) -> None:
    text = page.sections["scores"]
    parts = sorted((reproduction / "results").glob("evaluation-*.json"))
    assert len(parts) == 4
    for path in parts:
        for keys, one in intervals(load(reproduction, path.stem)["values"]):
            scale = 1 if keys[2] in DIGITS else 100
            digits = DIGITS.get(keys[2], 1)
            value, low, high = (
                written(one[key], digits, scale) for key in ("value", "low", "high")
            )
            assert f"{value} [{low}, {high}]" in text, (path.stem, keys)
    assert "by_" not in text


def test_seeds_hashes_commands_and_times_are_in_the_page(reproduction: Path, page: Page) -> None:
    table = load(reproduction, "table2")
    for row in table["values"]["rows"]:
        for seed in row["seeds"]:
            second = written(seed["generated"], 1, 100) if row["method"] else "–"
            expected = f"{seed['seed']}: {written(seed['original'], 1, 100)} / {second}"
            assert expected in page.sections["table-2"]
    for path in sorted((reproduction / "results").glob("*.json")):
        part = load(reproduction, path.stem)
        assert part["command"] in page.sections["sources"]
        assert f"{part['seconds']:.1f} s" in page.sections["sources"]
        for name, sha256 in part["model_sha256"].items():
            assert name in page.sections["sources"]
            assert sha256 in page.sections["sources"]
    assert "seed 7" in page.sections["table-2"]
    for point in load(reproduction, "dose_people")["values"]["original"]:
        told = ", ".join(written(one, 1, 100) for one in point["seeds"])
        assert f"by seed: {told}" in page.sections["dose"]


def test_the_data_their_credits_and_the_limits_are_told(reproduction: Path, page: Page) -> None:
    plan = json.loads((reproduction / "plan.json").read_text(encoding="utf-8"))
    data = page.sections["data"]
    for key in ("name", "licence", "attribution"):
        assert plan["data"]["card"][key] in data
    assert plan["data"]["manifest_sha256"] in data
    assert "must not be used" in page.sections["care"]
    assert "missing" not in page.sections
    for name, numbers in {
        "table-2": ("76.41", "78.13", "77.78", "80.32", "74.77"),
        "table-1": ("11.68", "35.32"),
    }.items():
        assert all(number in page.sections[name] for number in numbers)
        assert "the paper, other data" in page.sections[name]
    assert "no rating by people" in page.sections["table-1"]
    assert "ecgan study build" in page.sections["table-1"]


def test_the_page_needs_nothing_else_and_is_accessible(page: Page) -> None:
    assert not page.all("script")
    assert not page.all("link")
    for element in page.elements:
        for name in ("src", "href"):
            assert element.attributes.get(name, "#").startswith(("#", "data:image/png"))
        assert not any(name.startswith("on") for name in element.attributes)
    assert "url(" not in page.source.split("</style>")[0]
    policy = [e for e in page.all("meta") if e.attributes.get("http-equiv")]
    assert policy[0].attributes["content"].startswith("default-src 'none'")

    images = page.all("img")
    assert len(images) == 9
    assert all(len(image.attributes["alt"]) > 40 for image in images)
    assert len(page.all("caption")) == len(page.all("table")) > 10
    assert all(cell.attributes["scope"] in ("row", "col") for cell in page.all("th"))
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(set(ids)) == len(ids)
    links = {e.attributes["href"] for e in page.all("a")}
    assert links <= {f"#{name}" for name in ids}
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("h1")) == 1


def test_writing_it_again_changes_nothing(reproduction: Path) -> None:
    files = [reproduction / "report.html", *sorted((reproduction / "figures").iterdir())]
    assert len(files) == 1 + 9 + 3
    before = [path.read_bytes() for path in files]
    write_report(reproduction)
    assert [path.read_bytes() for path in files] == before


def test_with_nothing_at_all_every_part_is_named(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    missing = page.sections["missing"]
    for name in (
        "plan",
        "table2",
        "vgg_score",
        "evaluation-",
        "two_sample",
        "grid",
        "tsne",
        "dose",
    ):
        assert name in missing, name
    assert "plan.json cannot be used: No such file" in missing
    assert "metrics.jsonl" in missing
    assert "run the same command again" in missing
    assert not page.all("img")


@pytest.mark.parametrize(
    ("part", "section"), [*SECTIONS.items(), ("tsne", "figure-5bc"), ("grid", "figure-3")]
)
def test_a_missing_part_is_named_and_the_others_stay(
    parts_only: Path, no_charts: None, part: str, section: str
) -> None:
    (parts_only / f"results/{part}.json").unlink()
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert f"results/{part}.json is not there" in page.sections["missing"]
    assert f"results/{part}.json is not there" in page.sections[section]
    for other, where in SECTIONS.items():
        if other != part:
            assert f"results/{other}.json" not in page.sections[where]


def test_the_reason_why_something_is_left_out(parts_only: Path, no_charts: None) -> None:
    plan = json.loads((parts_only / "plan.json").read_text())
    plan["skipped"] = {"pix2pix": "the data have no pairs", "tsne": "scikit-learn is not installed"}
    (parts_only / "plan.json").write_text(json.dumps(plan))
    (parts_only / "results/tsne.json").unlink()
    (parts_only / "results/evaluation-paper.json").unlink()
    missing = Page(write_report(parts_only).read_text(encoding="utf-8")).sections["missing"]
    assert "Pix2pix is left out: the data have no pairs" in missing
    assert "scikit-learn is not installed" in missing
    assert "results/evaluation-paper.json is not there" in missing


@pytest.mark.parametrize(
    "values",
    [
        "not json",
        "[]",
        '{"values": [1]}',
        '{"values": {"rows": [{}, 3], "differences": {"first": null}}}',
        '{"values": {"original": {"probability": 3, "accuracy": {"value": NaN, "low": "x"}}}}',
        '{"values": {"cyclegan": {"xy": [[1]], "expression": ["happy"]}, "rows": null}}',
        '{"values": {"cyclegan": [{"people": "x", "accuracy": 1}]}, "model_sha256": 3}',
    ],
)
def test_damaged_parts_do_not_cost_the_page(parts_only: Path, values: str) -> None:
    for part in (*SECTIONS, "tsne", "grid", "evaluation-paper"):
        (parts_only / f"results/{part}.json").write_text(values)
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert "results/" in page.sections["missing"]
    assert "must not be used" in page.sections["care"]
    assert "nan" not in page.sections["figure-5a"].lower()


@pytest.mark.parametrize("value", [3, "three", [3], {"three": 3}, None])
def test_a_damaged_plan_does_not_cost_the_page(
    parts_only: Path, no_charts: None, value: object
) -> None:
    plan = json.loads((parts_only / "plan.json").read_text())
    (parts_only / "plan.json").write_text(json.dumps(dict.fromkeys(plan, value)))
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert "must not be used" in page.sections["care"]
    assert "VGG score by expression" in page.sections["figure-5a"]


def test_hostile_names_stay_text(parts_only: Path) -> None:
    bad = '<script>alert("x")</script>$\\frac{$'
    plan = json.loads((parts_only / "plan.json").read_text())
    plan["data"]["card"] |= {"name": bad, "licence": f'"><img src="http://x" {bad}', bad: bad}
    plan["methods"] = [bad, "cyclegan"]
    plan["command"] = f"ecgan reproduce '{bad}'"
    plan["seeds"] = [bad]
    plan["skipped"] = {"pix2pix": bad}
    (parts_only / "plan.json").write_text(json.dumps(plan))
    part = load(parts_only, "vgg_score")
    one = {**part["values"]["cyclegan"], "by_expression": {}}
    one["by_expression"][bad] = part["values"]["cyclegan"]["by_expression"]["happy"]
    write_part(parts_only, "vgg_score", {bad: one})
    write_part(parts_only, "tsne", {bad: {"xy": [[0, 1], [2, 3]], "expression": [bad, "happy"]}})
    write_part(parts_only, "dose_people", {f"original + {bad}": load_curve(parts_only)})
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert not page.all("script")
    assert bad in page.sections["figure-5a"]
    assert bad in page.sections["data"]
    assert len([e for e in page.all("img") if "5a" not in e.attributes["alt"]]) >= 3
    assert "could not be drawn" not in page.source
    for image in page.all("img"):
        assert set(image.attributes) == {"src", "width", "height", "alt"}


def test_objects_in_place_of_numbers_do_not_cost_the_page(
    parts_only: Path, no_charts: None
) -> None:
    write_part(parts_only, "judge", {"images": {"interval": 1}, "epochs": {"code": [2]}})
    plan = json.loads((parts_only / "plan.json").read_text())
    plan["data"]["people"]["train"] = {"before": [{"code": 3}]}
    (parts_only / "plan.json").write_text(json.dumps(plan))
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert "{'interval': 1}" in page.sections["plan"]
    assert "{'before': [{'code': 3}]}" in page.sections["data"]


SCRIPT = "<script>alert(1)</script>"


def hostile(value: Any) -> Any:
    """The same JSON with a script in every text and in every key that holds a text."""
    if isinstance(value, str):
        return f"{SCRIPT} {value}"
    if isinstance(value, list):
        return [hostile(one) for one in value]
    if isinstance(value, dict):
        return {
            f"{key} {SCRIPT}" if isinstance(one, str) else key: hostile(one)
            for key, one in value.items()
        }
    return value


def test_a_script_in_any_text_of_the_plan_and_the_parts_stays_text(
    parts_only: Path, no_charts: None
) -> None:
    """People, folders, methods, expressions, hashes, commands, machines: all come from files."""
    for path in [parts_only / "plan.json", *(parts_only / "results").glob("*.json")]:
        before = json.loads(path.read_text())
        after = {key: hostile(value) for key, value in before.items()}
        if path.stem == "plan":
            after["data"]["path"] = after["data"]["card"]["name"] = SCRIPT
            after["command"] = f"ecgan reproduce {SCRIPT}"
            after["skipped"] = {"pix2pix": SCRIPT, "grid": SCRIPT}
        path.write_text(json.dumps(after))
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert not page.all("script")
    for section in (
        "missing",
        "table-2",
        "scores",
        "figure-5bc",
        "data",
        "paper",
        "plan",
        "sources",
    ):
        assert SCRIPT in page.sections[section], section


def load_curve(out: Path) -> Any:
    return load(out, "dose_people")["values"]["original"]


def test_pictures_outside_the_folder_are_not_read(parts_only: Path, no_charts: None) -> None:
    part = load(parts_only, "grid")
    Image.new("RGB", (64, 64), "red").save(parts_only.parent / "secret.png")
    for row in part["values"]["rows"]:
        row.update(dict.fromkeys(("input", "truth", "cyclegan", "default"), "../secret.png"))
    write_part(parts_only, "grid", part["values"])
    missing = Page(write_report(parts_only).read_text(encoding="utf-8")).sections["missing"]
    assert "are not in the output folder" in missing


def test_without_matplotlib_the_tables_are_there(
    parts_only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = Page(write_report(parts_only).read_text(encoding="utf-8"))
    assert "pip install 'ecgan[reproduce]'" in page.sections["missing"]
    assert "VGG score by expression" in page.sections["figure-5a"]
