"""Identity descriptor, its verification accuracy, and the face-recognition adapter's refusals."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from sklearn.metrics import roc_auc_score

from ecgan.errors import EcganError
from ecgan.evaluation import identity
from ecgan.evaluation.identity import (
    best_measure,
    descriptor,
    descriptor_measure,
    dlib_measure,
    verification,
)
from ecgan.faces.landmarks import LandmarkDetector


def crop(left: int) -> np.ndarray:
    part = Image.fromarray(astronaut()[60:190, left : left + 130])
    return np.array(part.resize((256, 256), Image.Resampling.BICUBIC))


def test_is_of_unit_length_and_blind_to_the_mouth_and_to_light() -> None:
    face = crop(160)
    own = descriptor(face)
    assert np.linalg.norm(own) == pytest.approx(1)
    mouth = face.copy()
    mouth[200:] = 0
    assert descriptor(mouth) @ own == pytest.approx(1)
    assert descriptor((face * 0.8).astype(np.uint8)) @ own > 0.98
    assert descriptor(crop(20)) @ own < 0.9
    blank = descriptor(np.full_like(face, 90))
    assert np.isfinite(blank).all()


def test_the_measure_names_itself() -> None:
    measure = descriptor_measure()
    assert measure.key == "identity_descriptor"
    assert measure.describe(crop(160), np.zeros((68, 2))) @ descriptor(crop(160)) > 1 - 1e-9


def test_verification_tells_how_much_a_similarity_means() -> None:
    rng = np.random.default_rng(0)
    looks = rng.normal(size=(12, 30))
    rows = np.repeat(looks, 2, axis=0) + rng.normal(0, 0.9, (24, 30))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    people = [str(n) for n in range(12) for _ in range(2)]
    found = verification(descriptor_measure(), list(rows), people)
    assert found is not None
    first, second = np.triu_indices(24, 1)
    same = first // 2 == second // 2
    similar = (rows[first] * rows[second]).sum(axis=1)
    assert found.auc == pytest.approx(roc_auc_score(same, similar))
    accepted = similar >= found.threshold
    assert found.accuracy == pytest.approx((accepted[same].mean() + 1 - accepted[~same].mean()) / 2)
    assert (found.same_pairs, found.different_pairs) == (12, 264)
    assert 0.7 < found.accuracy <= 1


def test_without_both_kinds_of_pair_there_is_no_verification() -> None:
    assert verification(descriptor_measure(), [np.ones(2), np.ones(2)], ["a", "b"]) is None
    assert verification(descriptor_measure(), [np.ones(2), np.ones(2)], ["a", "a"]) is None


def test_dlib_knows_a_face_in_other_light_and_not_another_one() -> None:
    measure = dlib_measure()
    assert measure.same_below == 0.6
    assert len(measure.sha256) == 64
    pixels = astronaut()
    points = LandmarkDetector().detect(pixels)[0].points
    own = measure.describe(pixels, points)
    darker = measure.describe((pixels * 0.7).astype(np.uint8), points)
    assert own.shape == (128,)
    assert measure.figure(own, own) == 0
    assert 0 < measure.figure(own, darker) < measure.same_below
    upside_down = pixels[::-1].copy()
    assert measure.figure(own, measure.describe(upside_down, points)) > measure.same_below


def test_distances_verify_the_other_way_round() -> None:
    rng = np.random.default_rng(0)
    rows = [np.array([who, 0.1 * rng.normal()]) for who in range(4) for _ in range(2)]
    people = [str(n) for n in range(4) for _ in range(2)]
    found = verification(replace(descriptor_measure(), same_below=0.6), rows, people)
    assert found is not None
    assert (found.accuracy, found.auc) == (1, 1)
    assert 0 < found.threshold < 1


def test_without_dlib_the_descriptor_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_measure().key == "identity_dlib"
    monkeypatch.setattr(identity, "find_spec", lambda name: None)
    with pytest.raises(EcganError, match=r"ecgan\[identity\]"):
        dlib_measure()
    assert best_measure().key == "identity_descriptor"
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(EcganError, match="needs dlib"):
        dlib_measure()
