"""Identity descriptor, its verification accuracy, and the face-recognition adapter's refusals."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from sklearn.metrics import roc_auc_score

from ecgan.errors import EcganError
from ecgan.evaluation.identity import descriptor, descriptor_measure, sface_measure, verification


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
    found = verification(list(rows), people)
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
    assert verification([np.ones(2), np.ones(2)], ["a", "b"]) is None
    assert verification([np.ones(2), np.ones(2)], ["a", "a"]) is None


def test_the_adapter_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(EcganError, match=r"face_recognition_sface_2021dec\.onnx"):
        sface_measure(tmp_path / "sface.onnx")
    (tmp_path / "sface.onnx").write_bytes(b"no network")
    with pytest.raises(EcganError, match="cannot read"):
        sface_measure(tmp_path / "sface.onnx")
