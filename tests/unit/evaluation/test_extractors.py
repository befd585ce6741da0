"""Inception-v3, AlexNet's LPIPS and the recogniser as extractors and perceptual distances."""

from pathlib import Path

import lpips
import pytest
import torch
import torchvision
from support.tiny_models import recognizer_snapshot

from ecgan.errors import SnapshotError
from ecgan.evaluation.extractors import (
    best_distance,
    inception_extractor,
    lpips_distance,
    perceptual_distance,
    recognizer_distance,
    recognizer_extractor,
)
from ecgan.files import sha256_file
from ecgan.inference.recognizer import Recognizer


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    folder = tmp_path_factory.mktemp("extractors") / "recognizer"
    return Recognizer.load(recognizer_snapshot(folder), device=torch.device("cpu"))


def test_the_recogniser_gives_fc7(recognizer: Recognizer) -> None:
    extractor = recognizer_extractor(recognizer)
    images = torch.rand(2, 3, 40, 40) * 2 - 1
    torch.testing.assert_close(extractor.features(images), recognizer.features(images))
    assert extractor.facts() == {"name": extractor.name, "sha256": recognizer.sha256}


def test_missing_weights_name_file_and_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizer: Recognizer
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for load, name in ((inception_extractor, "inception_v3"), (lpips_distance, "alexnet")):
        with pytest.raises(SnapshotError, match=name) as error:
            load()
        assert str(tmp_path / "hub" / "checkpoints") in str(error.value)
        assert "recogniser" not in str(error.value)
    assert best_distance(recognizer).key == "perceptual_recognizer"


def test_lpips_is_that_of_its_library(tmp_path: Path) -> None:
    torch.manual_seed(0)
    alexnet = torchvision.models.alexnet()
    file = tmp_path / "alexnet.pth"
    torch.save(alexnet.state_dict(), file)
    one, other = (torch.rand(2, 3, 64, 64) * 2 - 1 for _ in range(2))
    found = lpips_distance(file)
    reference = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    steps = list(reference.net.children())
    for step in steps:
        for name, layer in step.named_children():
            if isinstance(layer, torch.nn.Conv2d):
                layer.load_state_dict(alexnet.features[int(name)].state_dict())
    expected = reference(one, other).flatten().detach()
    torch.testing.assert_close(found.distance(one, other), expected)
    assert found.sha256 == sha256_file(file)
    torch.save({"features.0.weight": torch.zeros(3)}, file)
    with pytest.raises(SnapshotError, match="does not hold"):
        lpips_distance(file)


def test_the_form_is_that_of_lpips_without_its_weights() -> None:
    torch.manual_seed(1)
    reference = lpips.LPIPS(net="alex", pnet_rand=True, lpips=False, verbose=False)
    one, other = (torch.rand(2, 3, 64, 64) * 2 - 1 for _ in range(2))
    layers = [reference.net(reference.scaling_layer(images)) for images in (one, other)]
    expected = reference(one, other).flatten() / len(layers[0])
    torch.testing.assert_close(perceptual_distance(*layers), expected)
    with pytest.raises(ValueError, match="same layers"):
        perceptual_distance([], [])


def test_the_recognisers_distance_grows_with_the_change(recognizer: Recognizer) -> None:
    torch.manual_seed(2)
    images, noise = torch.rand(2, 3, 48, 48) - 0.5, torch.randn(2, 3, 48, 48)
    distance = recognizer_distance(recognizer).distance
    near, far = (distance(images, images + scale * noise) for scale in (0.02, 0.3))
    assert distance(images, images).abs().max() == 0
    assert (near < far).all()
