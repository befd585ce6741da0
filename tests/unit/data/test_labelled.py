"""Passes of the recogniser over labelled images."""

from collections import Counter

import pytest
import torch

from ecgan.config import AugmentConfig
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import Manifest
from ecgan.errors import DataError
from ecgan.expressions import Vocabulary


@pytest.fixture
def data(people_manifest: Manifest) -> LabelledImages:
    return LabelledImages(people_manifest, "train", 32)


def test_items(data: LabelledImages) -> None:
    assert len(data) == 12
    assert data.image(0).shape == (32, 32, 3)
    assert data.class_counts().tolist() == [4, 6, 2]
    assert [data.vocabulary.names[label] for label in data.labels] == [
        record.expression for record in data.records
    ]


def test_a_pass_shows_each_image_once(data: LabelledImages) -> None:
    batches = list(data.batches(5, seed=1, epoch=2))
    assert [len(batch.images) for batch in batches] == [5, 5, 2]
    assert Counter(torch.cat([b.labels for b in batches]).tolist()) == {0: 4, 1: 6, 2: 2}
    flat = torch.cat([b.images for b in batches]).reshape(12, -1)
    assert len(torch.unique(flat, dim=0)) == 12


def test_a_pass_is_a_function_of_its_arguments(data: LabelledImages) -> None:
    augment = AugmentConfig(rotation_degrees=10, noise=0.1)
    one, again, other = (list(data.batches(4, 0, epoch, augment)) for epoch in (3, 3, 4))
    assert all(torch.equal(a.images, b.images) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one[0].images, other[0].images)


def test_balance_repeats_the_rare(data: LabelledImages) -> None:
    labels = torch.cat([b.labels for b in data.batches(4, balance=True)])
    assert Counter(labels.tolist()) == {0: 4, 1: 4, 2: 4}


def test_manifest_order_without_shuffling(data: LabelledImages) -> None:
    labels = torch.cat([b.labels for b in data.batches(5, shuffle=False)])
    assert labels.tolist() == data.labels.tolist()


def test_sources_that_count_more(people_manifest: Manifest) -> None:
    (source,) = {record.source for record in people_manifest.records}
    three = LabelledImages(people_manifest, "train", 32, repeat={source: 3})
    assert three.class_counts().tolist() == [12, 18, 6]
    with pytest.raises(DataError, match=rf"repeat names 'photo', .* its sources are {source}"):
        LabelledImages(people_manifest, "train", 32, repeat={"photo": 2})


def test_vocabulary_and_empty_split(people_manifest: Manifest) -> None:
    some = LabelledImages(people_manifest, "val", 32, vocabulary=Vocabulary(("sad", "neutral")))
    assert sorted(some.labels.tolist()) == [0, 1]
    with pytest.raises(DataError, match=r"test split .* no images"):
        LabelledImages(people_manifest, "test", 32)


def test_intensities_belong_to_their_images(data: LabelledImages) -> None:
    found = torch.cat([b.intensity for b in data.batches(5, shuffle=False)]).tolist()
    given = [1.0 if r.intensity is None else r.intensity for r in data.records]
    assert found == pytest.approx(given)
