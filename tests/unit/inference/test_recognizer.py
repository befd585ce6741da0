"""The loaded recogniser: probabilities, features, batching, and the features for Eq. 3."""

import json
import subprocess
import sys

import pytest
import torch

from ecgan.config import RecognizerConfig
from ecgan.errors import ConfigError, SnapshotError
from ecgan.files import sha256_file
from ecgan.inference.recognizer import Recognizer, _check_images, feature_network, resize
from ecgan.inference.snapshot import SUMS, save_snapshot
from ecgan.networks.vgg import VGGRecognizer
from ecgan.window import Window

CONFIG = RecognizerConfig(size=32, width=0.0625, pool_size=1, hidden=16, features=24)
NAMES = ["neutral", "happy", "sad"]


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(1)
    model = VGGRecognizer(CONFIG, len(NAMES))
    torch.nn.init.normal_(model.output.weight)
    values = {"vocabulary": NAMES, "recognizer": CONFIG.model_dump(mode="json")}
    save_snapshot(tmp_path / "model", "recognizer", {"recognizer": model}, values, "card")
    return tmp_path / "model"


def test_probabilities_are_distributions_of_the_saved_network(folder):
    recognizer = Recognizer.load(folder, precision="fp32")
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    found = recognizer.probabilities(images)
    assert found.shape == (5, 3)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(5))
    torch.testing.assert_close(found, recognizer.model(images).softmax(dim=1))
    assert recognizer.vocabulary.names == tuple(NAMES)
    assert len(recognizer.sha256) == 64
    assert not recognizer.model.training


def test_with_a_zoom_the_network_sees_the_window_of_the_crop():
    torch.manual_seed(2)
    zoomed = VGGRecognizer(CONFIG.model_copy(update={"size": 44, "zoom": 1.375}), 3).eval()
    plain = VGGRecognizer(CONFIG, 3).eval()
    plain.load_state_dict(zoomed.state_dict())
    crops = torch.rand(2, 3, 44, 44) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(zoomed(crops), plain(Window(1.375).cut(crops)))


def test_features_are_fc7(folder):
    recognizer = Recognizer.load(folder, precision="fp32")
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    features = recognizer.features(images)
    assert features.shape == (3, 24)
    logits = recognizer.model.logits(features)
    torch.testing.assert_close(logits.softmax(dim=1), recognizer.probabilities(images))


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_batching_changes_nothing(folder, batch):
    recognizer = Recognizer.load(folder, precision="fp32")
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(
        recognizer.features(images, batch=batch), recognizer.features(images), atol=1e-5, rtol=1e-5
    )


def test_other_sizes_are_resized_without_aliasing(folder):
    recognizer = Recognizer.load(folder, precision="fp32")
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    large = images.repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    assert recognizer.probabilities(large).shape == (2, 3)
    stripes = torch.ones(1, 3, 256, 256)
    stripes[..., ::2] = -1
    assert resize(stripes, 32).abs().max() < 0.1
    assert resize(images, 32) is images


def test_no_images_and_wrong_shapes(folder):
    recognizer = Recognizer.load(folder)
    assert recognizer.probabilities(torch.zeros(0, 3, 32, 32)).shape == (0, 3)
    assert recognizer.features(torch.zeros(0, 3, 32, 32)).shape == (0, 24)
    with pytest.raises((ValueError, TypeError)):
        recognizer.probabilities(torch.zeros(3, 32, 32))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.full((1, 3, 8, 8), 200.0), "values from 200 to 200"),
        (torch.full((1, 3, 8, 8), -1.5), "values from -1.5"),
        (torch.full((1, 3, 8, 8), float("nan")), "nan"),
        (torch.zeros(1, 3, 0, 8), r"got \(1, 3, 0, 8\)"),
    ],
)
def test_images_beyond_the_range_are_refused(folder, images, message):
    recognizer = Recognizer.load(folder)
    for call in (recognizer.probabilities, recognizer.features):
        with pytest.raises(ValueError, match=message):
            call(images)


@pytest.mark.parametrize(
    ("images", "got"),
    [("me.jpg", "str"), (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "torch.uint8")],
)
def test_other_things_than_images_are_refused(images, got):
    with pytest.raises(TypeError, match=f"got {got}"):
        _check_images(images)


def test_rounding_beyond_the_range_is_taken(folder):
    seen = Recognizer.load(folder).probabilities(torch.full((1, 3, 8, 8), 1.004))
    assert torch.isfinite(seen).all()


def test_bf16_is_close_to_fp32(folder):
    images = torch.rand(8, 3, 32, 32) * 2 - 1
    exact = Recognizer.load(folder, precision="fp32").probabilities(images)
    fast = Recognizer.load(folder, precision="bf16").probabilities(images)
    assert fast.dtype == torch.float32
    assert not torch.equal(fast, exact)
    torch.testing.assert_close(fast, exact, atol=0.05, rtol=0)


def test_the_results_can_be_used_in_further_training(folder):
    features = Recognizer.load(folder).features(torch.zeros(1, 3, 32, 32))
    weight = torch.ones(24, requires_grad=True)
    (features * weight).sum().backward()
    assert weight.grad is not None


def rewrite(folder, change):
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    (folder / SUMS).write_text("".join(f"{sha256_file(p)}  {p.name}\n" for p in files))


CHANGES = {
    "lacks 'vocabulary'": lambda c: c.pop("vocabulary"),
    "lacks 'recognizer'": lambda c: c.pop("recognizer"),
    "needs distinct names": lambda c: c.update(vocabulary=["happy"]),
    "did you mean 'width'": lambda c: c["recognizer"].update(widht=1),
    "does not fit": lambda c: c["recognizer"].update(hidden=17),
    "expected a recognizer": lambda c: c.update(kind="translator"),
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_config_that_does_not_describe_it_is_one_line(folder, message):
    rewrite(folder, CHANGES[message])
    with pytest.raises(SnapshotError, match=message) as error:
        Recognizer.load(folder)
    assert "\n" not in str(error.value)


def test_features_for_the_context_loss_from_a_recogniser(folder):
    phi = feature_network(str(folder), ["conv5_3", "relu1_1"])
    recognizer = Recognizer.load(folder)
    images = torch.rand(2, 3, 32, 32, requires_grad=True)
    deep, shallow = phi(images)
    assert deep.shape == (2, 32, 2, 2)
    assert shallow.shape == (2, 4, 32, 32)
    torch.testing.assert_close(phi.trunk[0].weight, recognizer.model.trunk[0].weight)
    deep.sum().backward()
    assert images.grad.abs().sum() > 0
    with pytest.raises(ConfigError, match="conv5_3"):
        feature_network(str(folder), ["conv5_4"])


def test_imagenet_features_without_weights_name_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(SnapshotError, match=r"vgg19-dcbb9e9d\.pth"):
        feature_network("vgg19", ["conv5_4"])


def test_what_training_imports_needs_no_opencv():
    """Packages of the extra `faces` are for photos alone."""
    code = "import sys; sys.modules['cv2'] = None; import ecgan.inference.recognizer"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
