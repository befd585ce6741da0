"""What an evaluation translates, and against which truth."""

from dataclasses import replace
from pathlib import Path

from ecgan.data.manifest import Manifest, load_manifest
from ecgan.evaluation.cases import expression_cases, neutral_cases


def test_every_neutral_image_of_the_split_meets_every_target(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    cases = expression_cases(manifest, "test", ("happy", "fear"))
    assert {case.source.subject for case in cases} == {"test-000", "test-001"}
    for case in cases:
        happy, fear = case.truths
        assert happy is not None and happy.pair == case.source.pair and happy.expression == "happy"
        assert fear is None


def test_the_truth_is_the_strongest_image_of_the_pair(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    weaker = [
        replace(record, image=f"{record.image}.weaker", intensity=0.6)
        for record in manifest.records
        if record.expression == "happy"
    ]
    for records in ((*weaker, *manifest.records), (*manifest.records, *weaker)):
        mixed = Manifest(manifest.root, tuple(records), manifest.card)
        for case in expression_cases(mixed, "test", ("happy",)):
            assert case.truths[0] is not None
            assert case.truths[0].intensity == 1.0


def test_neutralisation_has_the_pairs_neutral_as_truth(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    cases = neutral_cases(manifest, "test", manifest.vocabulary.expressive)
    assert len(cases) == 2 * 3
    for case in cases:
        assert case.targets == ("neutral",)
        assert case.truths[0] is not None
        assert case.truths[0].expression == "neutral"
        assert case.truths[0].subject == case.source.subject


def test_without_pairs_there_is_no_truth(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    alone = tuple(replace(record, pair=None) for record in manifest.records)
    unpaired = Manifest(manifest.root, alone, manifest.card)
    cases = expression_cases(unpaired, "test", ("happy",)) + neutral_cases(
        unpaired, "test", ("happy",)
    )
    assert all(case.truths == (None,) for case in cases)
