"""Translations of the people: which, whose, marked, and not made twice."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.tiny_models import recognizer_snapshot, translator_snapshot
from torch import nn

from ecgan.data.manifest import load_manifest
from ecgan.errors import SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.inference.marking import sidecar_path
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from ecgan.lab.reproduce.generation import (
    asked_of_test_people,
    generate,
    generated_name,
    strongest,
)
from ecgan.lab.reproduce.translators import ByExpression, joined_translator
from ecgan.networks.output import Translation

SILENT = print


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    root = tmp_path_factory.mktemp("models")
    judge = Recognizer.load(recognizer_snapshot(root / "judge", "neutral"))
    return Translator.load(translator_snapshot(root / "translator"), recognizer=judge)


def test_who_is_translated_to_what(tiny_data: Path, translator: Translator, tmp_path: Path) -> None:
    original = load_manifest(tiny_data)
    made = generate(original, translator, tmp_path / "made", SILENT)
    # Four people to train on; two to test on, with three expressive images each; two for
    # validation, who are left alone.
    assert Counter((r.split, r.expression == "neutral") for r in made.records) == {
        ("train", False): 4 * 3,
        ("test", False): 2 * 3,
        ("test", True): 2 * 3,
    }
    for record in made.records:
        sidecar = json.loads(sidecar_path(made.image_path(record)).read_text())
        assert sidecar["synthetic"] is True
        (source,) = (r for r in original.records if r.image == sidecar["source"]["file"])
        assert (source.subject, source.split) == (record.subject, record.split)
        assert record.landmarks == source.landmarks
        assert record.image == generated_name(source, record.expression)
        assert made.mask_path(record).read_bytes() == original.mask_path(source).read_bytes()
    assert {r.expression for r in asked_of_test_people(made)} == {"happy", "sad", "surprise"}
    assert "made by a model" in made.card["synthetic"]


def test_what_is_there_is_not_made_again(
    tiny_data: Path,
    translator: Translator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = load_manifest(tiny_data)
    first = generate(original, translator, tmp_path / "made", SILENT)
    lost = first.records[5]
    first.image_path(lost).unlink()
    rendered = []
    render = translator.render

    def counted(*arguments: object) -> object:
        rendered.append(arguments)
        return render(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(translator, "render", counted)
    again = generate(original, translator, tmp_path / "made", SILENT)
    assert len(rendered) == 1
    assert again.records == first.records


def test_the_strongest_real_images(tiny_data: Path) -> None:
    records = list(load_manifest(tiny_data).select(split="test"))
    weak = [replace(r, intensity=0.4, image=r.image + "w") for r in records]
    assert strongest([*weak, *records]) == [r for r in records if r.expression != "neutral"]


class Paint(nn.Module):
    """A generator that paints everything in one grey."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def forward(self, source: torch.Tensor, code: torch.Tensor) -> Translation:
        return Translation(image=torch.full_like(source, self.grey))


def test_one_generator_an_expression_each_gets_its_own_images(tmp_path: Path) -> None:
    vocabulary = Vocabulary(("happy", "neutral", "sad"))
    painters = {"sad": Paint(0.5), "happy": Paint(-0.5)}
    images = torch.zeros(2, 3, 8, 8)
    codes = torch.stack([torch.from_numpy(vocabulary.code(name)) for name in ("sad", "happy")])
    there = ByExpression(painters, vocabulary)(images, codes).image
    assert there[:, 0, 0, 0].tolist() == [0.5, -0.5]
    judge = Recognizer.load(recognizer_snapshot(tmp_path / "judge", "sad"))
    back = ByExpression(painters, vocabulary, judge)(images, codes).image
    assert back[:, 0, 0, 0].tolist() == [0.5, 0.5]


def test_snapshots_of_all_expressions_are_no_models_of_one(tmp_path: Path) -> None:
    snapshot = translator_snapshot(tmp_path / "all")
    judge = Recognizer.load(recognizer_snapshot(tmp_path / "judge"))
    with pytest.raises(SnapshotError, match="expected neutral and happy"):
        joined_translator({"happy": snapshot}, Vocabulary(("neutral", "happy")), judge)


def test_models_of_one_expression_look_through_one_window(tmp_path: Path) -> None:
    snapshots = {
        name: translator_snapshot(tmp_path / name, zoom=zoom)
        for name, zoom in (("happy", 1.0), ("sad", 1.375))
    }
    judge = Recognizer.load(recognizer_snapshot(tmp_path / "judge"))
    with pytest.raises(SnapshotError, match="sizes and zooms"):
        joined_translator(snapshots, Vocabulary(("neutral", "happy", "sad")), judge)
