"""The whole evaluation on drawn people with tiny random networks."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_data import make_tiny_data
from support.tiny_models import recognizer_snapshot, translator_snapshot

from ecgan.data.manifest import Manifest, load_manifest, write_manifest
from ecgan.errors import DataError, SnapshotError, UsageError
from ecgan.evaluation.evaluate import evaluate, read_groups
from ecgan.evaluation.instruments import PARTS
from ecgan.evaluation.results import Evaluation
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.alignment import face_mask
from ecgan.inference.strength import ROUTES


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn people with the masks that `ecgan prepare` makes."""
    root = make_tiny_data(
        tmp_path_factory.mktemp("evaluate") / "data", people={"train": 1, "test": 3}
    )
    for record in load_manifest(root).records:
        mask = face_mask(np.array(record.landmarks), 64)
        Image.fromarray(mask).save(root / record.mask)
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("models")
    return translator_snapshot(root / "translator"), recognizer_snapshot(root / "judge", "happy")


@pytest.fixture(scope="module")
def evaluation(data: Path, models: tuple[Path, Path]) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(data))  # no ImageNet weights, wherever this runs
        return evaluate(models[0], data, recognizer=models[1], groups=two_kinds(data))


def two_kinds(data: Path) -> dict[str, dict[str, str]]:
    subjects = sorted({r.subject for r in load_manifest(data).select(split="test")})
    return {"kind": dict(zip(subjects, ("one", "one", "other"), strict=True))}


def test_tells_groups_of_people_apart(evaluation: Evaluation) -> None:
    found = evaluation.expressions.model.by_people["kind"]
    whole = evaluation.expressions.model.figures["accuracy"]["all"]
    assert (found["one"].people, found["other"].people) == (2, 1)
    assert (2 * found["one"].value + found["other"].value) / 3 == pytest.approx(whole.value)
    shown = evaluation.to_json()["expressions"]
    assert shown["model"]["by_people"]["kind"]["one"] == found["one"].to_json()
    true = shown["truth_by_people"]["kind"]
    assert (true["one"]["people"], true["other"]["people"]) == (2, 1)
    assert true["one"]["value"] == pytest.approx(1 / 3), "the judge sees happy everywhere"


def test_counts_every_image_and_person(evaluation: Evaluation) -> None:
    accuracy = evaluation.expressions.model.figures["accuracy"]
    assert tuple(accuracy) == (*EXPRESSIONS[1:], "all")
    assert (accuracy["sad"].images, accuracy["all"].images) == (3, 18)
    assert accuracy["all"].people == 3
    neutral = evaluation.neutralisation.model.figures["accuracy"]
    assert (neutral["neutral"].images, neutral["neutral"].people) == (9, 3)


def test_what_the_recogniser_sees_is_what_is_reported(evaluation: Evaluation) -> None:
    for scores in (evaluation.expressions.model, evaluation.expressions.identity):
        accuracy = {name: i.value for name, i in scores.figures["accuracy"].items()}
        assert accuracy == {
            **dict.fromkeys(EXPRESSIONS[1:], 0.0),
            "happy": 1.0,
            "all": pytest.approx(1 / 6),
        }
        assert scores.figures["mean_probability"]["happy"].value > 0.9


def test_pasting_back_changes_nothing_outside_the_mask(evaluation: Evaluation) -> None:
    others = evaluation.from_expression.values()
    for comparison in (evaluation.expressions, evaluation.neutralisation, *others):
        for scores in (comparison.model, comparison.identity):
            assert scores.figures["outside"]["all"].value == 0
            assert scores.outside_largest == 0
    assert evaluation.expressions.model.figures["outside_face"]["all"].value > 0, "the jaw's room"
    assert evaluation.expressions.identity.figures["outside_face"]["all"].value == 0


def test_the_identity_is_scored_beside_the_model(evaluation: Evaluation) -> None:
    comparison = evaluation.expressions
    model, identity = comparison.model.figures["ssim"], comparison.identity.figures["ssim"]
    assert model["all"].value < identity["all"].value < 1, "a random network blurs the face"
    assert set(model) == {"happy", "sad", "surprise", "all"}, "only where there is a truth"
    assert comparison.truth["accuracy"]["happy"].value == 1


def test_a_truth_is_met_at_its_own_intensity(
    data: Path, models: tuple[Path, Path], evaluation: Evaluation, tmp_path: Path
) -> None:
    at_one = evaluation.as_labelled
    assert at_one is not None, "the drawn truths are labelled 1"
    assert at_one.model.figures["ssim"] == evaluation.expressions.model.figures["ssim"]
    assert at_one.truth == evaluation.expressions.truth
    assert at_one.model.figures["accuracy"]["all"].images == 9, "none without a truth"
    assert "intensity_monotone" not in at_one.model.figures
    manifest = load_manifest(data)
    graded = tuple(
        replace(r, intensity=0.5) if r.expression != "neutral" else r for r in manifest.records
    )
    for name in ("images", "masks"):
        (tmp_path / name).symlink_to(data / name)
    write_manifest(Manifest(tmp_path, graded, manifest.card))
    parts = [part for part in PARTS if part != "as-labelled"]
    result = evaluate(models[0], tmp_path, recognizer=models[1], without=parts)
    assert result.expressions.model.figures["ssim"] == at_one.model.figures["ssim"]
    half = result.as_labelled
    assert half is not None
    assert half.model.figures["ssim"]["all"].value > at_one.model.figures["ssim"]["all"].value, (
        "half of what a random network does spoils less"
    )


def test_expressive_images_meet_the_other_expressions(evaluation: Evaluation) -> None:
    (comparison,) = evaluation.from_expression.values()
    accuracy = comparison.model.figures["accuracy"]
    assert {name: interval.images for name, interval in accuracy.items()} == {
        "happy": 6,
        "sad": 6,
        "angry": 9,
        "fear": 9,
        "disgust": 9,
        "surprise": 6,
        "all": 45,
    }
    assert accuracy["all"].people == 3
    assert set(comparison.model.figures["ssim"]) == {"happy", "sad", "surprise", "all"}
    assert comparison.model.figures["intensity_monotone"]["all"].images == 15


def test_the_route_is_that_of_expressive_images_alone(
    data: Path, models: tuple[Path, Path], evaluation: Evaluation
) -> None:
    parts = [part for part in PARTS if part != "from-expression"]
    routes = ROUTES[:2]
    first, direct = (
        evaluate(models[0], data, recognizer=models[1], without=parts, route=route)
        for route in routes
    )
    assert (first.facts["route"], direct.facts["route"]) == routes
    assert first.expressions == direct.expressions
    assert first.neutralisation == direct.neutralisation
    assert first.from_expression != direct.from_expression
    for one, other in zip(
        first.from_expression.values(), direct.from_expression.values(), strict=True
    ):
        assert one.identity == other.identity


def test_writes_figures_with_their_provenance(
    data: Path, models: tuple[Path, Path], evaluation: Evaluation, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "scores" / "test.json"
    evaluate(
        models[0],
        data,
        recognizer=models[1],
        groups=two_kinds(data),
        out=out,
        progress=lambda *counts: told.append(counts),
    )
    written = json.loads(out.read_text())
    expected = evaluation.to_json()
    assert written["expressions"] == expected["expressions"]
    assert written["neutralisation"] == expected["neutralisation"]
    assert {"date", "command", "machine", "versions", "data", "intervals"} <= set(written)
    assert len(written["translator_sha256"]) == len(written["recognizer_sha256"]) == 64
    assert written["data"]["people"] == 3
    assert written["from_expression"] == expected["from_expression"]
    assert written["route"] == "neutral-first"
    assert written["as_labelled"] == expected["as_labelled"]
    assert told[-1] == (81, 81)
    assert [path.name for path in out.parent.iterdir()] == ["test.json"]


def test_without_pairs_there_is_no_similarity(
    data: Path, models: tuple[Path, Path], tmp_path: Path
) -> None:
    manifest = load_manifest(data)
    alone = tuple(replace(record, pair=None) for record in manifest.records)
    for name in ("images", "masks"):
        (tmp_path / name).symlink_to(data / name)
    write_manifest(Manifest(tmp_path, alone, manifest.card))
    parts = [part for part in PARTS if part != "from-expression"]
    result = evaluate(models[0], tmp_path, recognizer=models[1], without=parts)
    (other,) = result.from_expression.values()
    for comparison in (result.expressions, other):
        assert "ssim" not in comparison.model.figures
    assert result.expressions.truth == {}
    assert result.as_labelled is None


def test_says_what_is_missing(data: Path, models: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    with pytest.raises(DataError, match="val split"):
        evaluate(models[0], data, recognizer=models[1], split="val", out=out)
    with pytest.raises(SnapshotError, match="recognizer snapshot, expected a translator"):
        evaluate(models[1], data, recognizer=models[1], out=out)
    assert not out.exists()


def test_parts_are_named_with_what_they_were_measured_with(evaluation: Evaluation) -> None:
    figures = evaluation.expressions.model.figures
    names = set(evaluation.facts["measured_with"])
    assert {"fid_recognizer", "kid_recognizer", "identity_dlib"} <= names
    assert names <= set(figures)
    assert (
        evaluation.facts["measured_with"]["fid_recognizer"]["sha256"]
        == (evaluation.facts["recognizer_sha256"])
    )
    assert list(figures["fid_recognizer"]) == ["happy", "sad", "surprise", "all"]
    assert figures["fid_recognizer"]["happy"].value > 0
    assert {"landmark_validity", "intensity_monotone"} <= set(figures)
    assert figures["intensity_monotone"]["all"].images == 18


def test_each_strength_is_told_of_one_photo_a_person(evaluation: Evaluation) -> None:
    scores = evaluation.expressions.model
    assert list(scores.by_strength) == ["0", "0.25", "0.5", "0.75", "1", "1.2"]
    none, *_, full, _ = scores.by_strength.values()
    assert none["identity_dlib"]["all"].high == 0, "strength 0 is the photo itself"
    assert none["same_person"]["all"].low == 1
    assert full["accuracy"]["happy"].value == 1, "the judge sees happy everywhere"
    assert full["accuracy"]["sad"].value == 0
    assert full["mean_probability"]["all"].images == 18
    assert 0 < full["identity_dlib"]["all"].value < 1
    assert evaluation.expressions.identity.by_strength == {}
    assert evaluation.as_labelled is not None
    assert evaluation.as_labelled.model.by_strength == {}
    assert set(scores.to_json()["by_strength"]["1"]) == set(full)


def test_doing_nothing_keeps_the_person_and_the_truth_nearly_so(evaluation: Evaluation) -> None:
    comparison = evaluation.expressions
    assert comparison.identity.figures["identity_dlib"]["all"].high == 0
    assert comparison.identity.figures["same_person"]["all"].low == 1
    for alike in (comparison.model.figures, comparison.truth):
        assert 0 < alike["identity_dlib"]["all"].value < 1
    # A random network blurs every face; a judge that sees one thing alone is moved by that as well.
    perceptual = comparison.model.figures["perceptual_recognizer"]["all"].value
    assert perceptual > comparison.identity.figures["perceptual_recognizer"]["all"].value > 0


def test_parts_can_be_left_out(data: Path, models: tuple[Path, Path]) -> None:
    result = evaluate(models[0], data, recognizer=models[1], without=PARTS)
    assert set(result.expressions.model.figures) == {
        "mean_probability",
        "accuracy",
        "outside",
        "outside_face",
        "ssim",
        "psnr_db",
    }
    assert result.from_expression == {}
    assert result.as_labelled is None
    assert result.facts["measured_with"] == {}
    with pytest.raises(UsageError, match=r"no part 'speed'.*landmarks"):
        evaluate(models[0], data, recognizer=models[1], without=["speed"])


def test_reads_every_column_of_names(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("subject,age,gender,origin\nann,24,female,north\nbob,NA,male,\n")
    assert read_groups(file) == {
        "gender": {"ann": "female", "bob": "male"},
        "origin": {"ann": "north"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,gender\nann,female\n", "no column `subject`"),
        ("subject,age\nann,24\n", "no column of groups"),
        ("", "no column `subject`"),
    ],
)
def test_says_what_a_file_lacks(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        read_groups(file)
    with pytest.raises(DataError, match="cannot read"):
        read_groups(tmp_path / "none.csv")
