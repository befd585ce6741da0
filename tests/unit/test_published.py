"""What a snapshot tells about the machine on which it was trained: nothing."""

from ecgan.config import Config, RecognizerConfig
from ecgan.config_loading import load_config, published


def test_folders_above_a_model_are_left_out() -> None:
    settings = [
        "init=/home/somebody/runs/first/snapshot",
        "objective.context_options.network=/home/somebody/features/snapshot",
        "objective.perceptual_options.network=/home/somebody/others/snapshot",
    ]
    values = published(load_config(Config, settings=settings))
    assert values["init"] == "first/snapshot"
    assert values["objective"]["context_options"]["network"] == "features/snapshot"
    assert values["objective"]["perceptual_options"]["network"] == "others/snapshot"
    assert published(Config())["objective"]["context_options"]["network"] == "vgg19"
    assert published(RecognizerConfig(init="/a/b/c"))["init"] == "b/c"
