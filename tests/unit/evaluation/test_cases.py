"""What an evaluation translates, and against which truth."""

from dataclasses import replace
from pathlib import Path

import pytest

from ecgan.data.manifest import Manifest, load_manifest
from ecgan.evaluation.cases import (
    expression_cases,
    labelled_cases,
    neutral_cases,
    other_cases,
)
from ecgan.expressions import Vocabulary

HAPPY = Vocabulary(("neutral", "happy"))


def test_every_neutral_image_of_the_split_meets_every_target(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    cases = expression_cases(manifest, "test", Vocabulary(("neutral", "happy", "fear")))
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
        for case in expression_cases(mixed, "test", HAPPY):
            assert case.truths[0] is not None
            assert case.truths[0].intensity == 1.0


def test_the_truth_is_of_the_recipe_that_is_asked_for(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    laughs = [
        replace(record, image=f"{record.image}.laugh", intensity=0.5, recipe="laugh")
        for record in manifest.records
        if record.expression == "happy"
    ]
    mixed = Manifest(manifest.root, (*laughs, *manifest.records), manifest.card)
    for names, recipe in ((("happy:laugh", "happy:shy"), "laugh"), (("happy:shy",), None)):
        for case in expression_cases(mixed, "test", Vocabulary(("neutral", *names))):
            assert case.targets == ("happy",)
            assert case.truths[0] is not None
            assert case.truths[0].recipe == recipe


def test_a_truth_can_be_asked_for_as_it_is_labelled(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    graded = [
        replace(record, intensity=0.6, recipe="laugh") if record.expression == "happy" else record
        for record in manifest.records
    ]
    mixed = Manifest(manifest.root, tuple(graded), manifest.card)
    for names, asked in ((("happy:shy", "happy:laugh"), "happy:laugh"), (("happy",), "happy")):
        cases = labelled_cases(
            mixed, "test", Vocabulary(("neutral", *names, "fear")), {asked: 0.8}.__getitem__
        )
        assert len(cases) == 2
        for case in cases:
            (truth,) = case.truths
            assert truth is not None
            assert (truth.pair, truth.recipe) == (case.source.pair, "laugh")
            assert (case.targets, case.strengths) == ((asked,), (pytest.approx(0.75),))
            assert case.expressions == ("happy",)


def test_neutralisation_has_the_pairs_neutral_as_truth(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    cases = neutral_cases(manifest, "test", manifest.vocabulary)
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
    cases = [*expression_cases(unpaired, "test", HAPPY), *neutral_cases(unpaired, "test", HAPPY)]
    assert all(case.truths == (None,) for case in cases)
    assert labelled_cases(unpaired, "test", HAPPY, lambda _: 1.0) == []


def test_an_expressive_image_goes_to_every_other_expression(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    vocabulary = Vocabulary(("neutral", "happy", "fear", "sad"))
    cases = other_cases(manifest, "test", vocabulary)
    assert [(case.source.subject, case.source.expression) for case in cases] == [
        (person, expression)
        for expression in ("happy", "sad")
        for person in ("test-000", "test-001")
    ]
    for case in cases:
        wanted = [name for name in ("happy", "fear", "sad") if name != case.source.expression]
        assert list(case.targets) == wanted
        for name, truth in zip(case.targets, case.truths, strict=True):
            if name == "fear":
                assert truth is None
            else:
                assert truth is not None
                assert (truth.pair, truth.expression) == (case.source.pair, name)


def test_the_strongest_image_of_each_source_stands_for_an_expression(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    happy = [record for record in manifest.records if record.expression == "happy"]
    weaker = [replace(record, image=f"{record.image}.weaker", intensity=0.6) for record in happy]
    photos = [
        replace(record, image=f"{record.image}.{take}", source="photos", intensity=None, pair=None)
        for record in happy
        for take in (1, 2)
    ]
    vocabulary = Vocabulary(("neutral", "happy", "sad"))
    for records in ((*weaker, *happy, *photos), (*happy, *photos, *weaker)):
        cases = other_cases(Manifest(manifest.root, records, manifest.card), "test", vocabulary)
        assert {case.targets for case in cases} == {("sad",)}
        drawn, real = ([c for c in cases if (c.source.pair is None) is no] for no in (False, True))
        assert [case.source.intensity for case in drawn] == [1.0, 1.0]
        assert [case.source.image.endswith(".1") for case in real] == [True, True]
        assert [case.truths for case in real] == [(None,), (None,)]
