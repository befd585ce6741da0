"""VGG: torchvision's network at full width, named layers, and where weights come from."""

import hashlib

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from ecgan.config import RecognizerConfig
from ecgan.errors import ConfigError, SnapshotError
from ecgan.networks.vgg import (
    ImageNetScale,
    VGGFeatures,
    VGGRecognizer,
    convolution_trunk,
    layer_names,
    resolve_weights,
    weights_url,
)

SMALL = RecognizerConfig(size=32, width=0.0625, pool_size=1, hidden=16, features=24)


def test_full_width_is_torchvisions_vgg():
    config = RecognizerConfig(batch_norm=False)
    with torch.device("meta"):
        ours, theirs = VGGRecognizer(config, 7), torchvision.models.vgg16()
    shapes = [tuple(value.shape) for value in theirs.state_dict().values()]
    mine = [tuple(value.shape) for value in ours.state_dict().values()]
    assert mine[:-2] == shapes[:-2]
    assert mine[-2:] == [(7, 4096), (7,)]


@pytest.mark.parametrize(("network", "convolutions"), [("vgg16", 13), ("vgg19", 16)])
@pytest.mark.parametrize("size", [32, 64, 96])
def test_logits_and_features_at_every_size(network, convolutions, size):
    config = SMALL.model_copy(update={"network": network, "pool_size": 2})
    model = VGGRecognizer(config, 5).eval()
    images = torch.rand(2, 3, size, size) * 2 - 1
    assert sum(name.startswith("conv") for name in layer_names(model.trunk)) == convolutions
    features = model.features(images)
    assert features.shape == (2, 24)
    assert features.min() >= 0
    assert features.max() > 0
    torch.testing.assert_close(model(images), model.logits(features))
    assert model(images).shape == (2, 5)


def test_the_compact_recogniser_fits_into_nine_megabytes_of_fp16():
    config = RecognizerConfig(width=0.25, pool_size=2, hidden=512, features=4096)
    with torch.device("meta"):
        model = VGGRecognizer(config, 7)
    assert sum(p.numel() for p in model.parameters()) * 2 < 9e6


def test_gradients_reach_every_parameter():
    model = VGGRecognizer(SMALL, 7)
    model(torch.rand(4, 3, 32, 32)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.output.parameters())
    assert model.trunk[0].weight.grad.abs().sum() > 0


def test_scale_gives_imagenet_statistics():
    white = ImageNetScale()(torch.ones(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(white, torch.tensor([2.2489, 2.4286, 2.6400]), atol=1e-4, rtol=0)


def test_layer_names_count_convolutions_within_their_block():
    names = layer_names(convolution_trunk("vgg19", 0.0625))
    assert names[:6] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1"]
    assert names[-3:] == ["conv5_4", "relu5_4", "pool5"]
    with_norm = layer_names(convolution_trunk("vgg16", 0.0625, batch_norm=True))
    assert with_norm[:3] == ["conv1_1", "", "relu1_1"]
    assert with_norm[-2:] == ["relu5_3", "pool5"]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_features_are_the_activations_at_the_named_layers(batch_norm):
    torch.manual_seed(0)
    trunk = convolution_trunk("vgg19", 0.0625, batch_norm).eval()
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    layers = ("conv2_1", "relu1_1", "conv5_4")
    found = VGGFeatures(layers, trunk)(images)
    names, value, expected = layer_names(trunk), ImageNetScale()(images), {}
    for name, step in zip(names, trunk, strict=True):
        value = step(value.clone())
        expected[name] = value.clone()
    assert [f.shape[-1] for f in found] == [16, 32, 2]
    for layer, features in zip(layers, found, strict=True):
        torch.testing.assert_close(features, expected[layer])
    assert found[0].min() < 0  # not overwritten by the ReLU behind it
    assert found[1].min() == 0


def test_features_stop_at_the_deepest_layer_and_stay_frozen():
    phi = VGGFeatures(["relu2_1"], convolution_trunk("vgg16", 0.0625, batch_norm=True)).train()
    assert layer_names(phi.trunk)[-1] == "relu2_1"
    assert not any(module.training for module in phi.modules())
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    phi(images)[0].sum().backward()
    assert images.grad.abs().sum() > 0
    assert all(p.grad is None for p in phi.parameters())


def test_an_unknown_layer_is_named_with_the_valid_ones():
    with pytest.raises(ConfigError, match=r"no VGG layer 'conv5_4'.*conv5_3"):
        VGGFeatures(["conv5_4"], convolution_trunk("vgg16", 0.0625))
    with pytest.raises(ConfigError, match="one VGG layer"):
        VGGFeatures([], convolution_trunk("vgg16", 0.0625))


def test_missing_weights_name_file_and_target(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    target = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    with pytest.raises(SnapshotError) as error:
        resolve_weights("vgg19")
    assert str(target) in str(error.value)
    assert "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth" in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(SnapshotError, match="no weights file"):
        resolve_weights("vgg19", tmp_path / "nothing.pth")


def test_cached_weights_are_checked_against_their_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    content = b"weights"
    name = f"vgg19-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr("ecgan.networks.vgg.weights_url", lambda network: f"https://x/{name}")
    target = tmp_path / "hub" / "checkpoints" / name
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    assert resolve_weights("vgg19") == target
    target.write_bytes(content[:-1])
    with pytest.raises(SnapshotError, match="is damaged"):
        resolve_weights("vgg19")


def test_converted_weights_stand_in_for_torchvisions_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    own = tmp_path / "hub" / "checkpoints" / weights_url("vgg16").rsplit("/", 1)[-1]
    converted = own.with_name("vgg16.safetensors")
    converted.parent.mkdir(parents=True)
    converted.touch()
    assert resolve_weights("vgg16") == converted
    own.touch()
    with pytest.raises(SnapshotError, match="is damaged"):
        resolve_weights("vgg16")


def test_weights_are_downloaded_only_when_allowed_and_leave_no_part(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    content = b"weights"
    name = f"vgg19-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(
        "ecgan.networks.vgg.weights_url", lambda network: f"file://{tmp_path}/{name}"
    )
    assert resolve_weights("vgg19", download=True).read_bytes() == content
    monkeypatch.setattr("ecgan.networks.vgg.weights_url", lambda network: "file:///nowhere/a.pth")
    with pytest.raises(SnapshotError, match="cannot download"):
        resolve_weights("vgg19", download=True)
    assert [path.name for path in folder.iterdir()] == [name]


def test_weights_url_is_torchvisions():
    assert weights_url("vgg16_bn").endswith("/vgg16_bn-6c64b313.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_imagenet_weights_fill_the_trunk(tmp_path, suffix):
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"batch_norm": False})
    source, target = convolution_trunk("vgg16", 0.0625), VGGRecognizer(config, 7)
    state = {f"features.{name}": value for name, value in source.state_dict().items()}
    state |= {"classifier.0.weight": torch.ones(16, 32), "classifier.0.bias": torch.ones(16)}
    state |= {"classifier.3.weight": torch.ones(5, 5), "classifier.3.bias": torch.ones(5)}
    file = tmp_path / f"vgg{suffix}"
    torch.save(state, file) if suffix == ".pth" else save_file(state, file)
    before = target.fc7.weight.clone()
    target.load_imagenet(file)
    torch.testing.assert_close(target.trunk[0].weight, source[0].weight)
    assert (target.fc6.weight == 1).all()  # fits
    torch.testing.assert_close(target.fc7.weight, before)  # does not


def test_wrong_weights_are_refused_on_one_line(tmp_path):
    model = VGGRecognizer(SMALL, 7)
    text, other, listing = tmp_path / "text.pth", tmp_path / "other.pth", tmp_path / "list.pth"
    text.write_text("not weights")
    torch.save({"features.0.weight": torch.zeros(2, 2)}, other)
    torch.save([1, 2], listing)
    for file in (text, other, listing, tmp_path):
        with pytest.raises(SnapshotError) as error:
            model.load_imagenet(file)
        assert file.name in str(error.value)
        assert "\n" not in str(error.value)
