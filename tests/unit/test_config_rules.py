"""Every key takes extreme values with one line or a network that can be built; terms that cannot
act are refused when the configuration is loaded."""

from __future__ import annotations

import copy
import functools
import itertools
import math
import operator
from collections.abc import Iterator

import pytest
import torch
from pydantic import BaseModel

from ecgan.config import PAIRED_TERMS, Config, RecognizerConfig, Section
from ecgan.config_loading import build, load_config, preset_names
from ecgan.errors import ConfigError
from ecgan.lab.stargan.method import method_of
from ecgan.networks.vgg import VGGRecognizer

SMALL = (
    *("size=32", "generator.width=4", "generator.max_width=8"),
    *("discriminator.width=4", "discriminator.layers=2"),
)
VALUES = (0, -1, 7, 1e9, math.nan, "", [], None, "x" * 5000)


def keys(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")


def configurations(base: Section) -> Iterator[Section]:
    """Each key with each value; what is refused is so with one line of a sensible length."""
    start = base.model_dump(mode="json")
    for key, value in itertools.product(keys(type(base)), VALUES):
        values = copy.deepcopy(start)
        *outer, last = key.split(".")
        functools.reduce(operator.getitem, outer, values)[last] = value
        try:
            yield build(type(base), values)
        except ConfigError as error:
            assert "\n" not in str(error) and len(str(error)) < 900, (key, value)


def test_no_value_of_any_key_gets_as_far_as_a_crash() -> None:
    built = set()
    for config in configurations(load_config(Config, preset="smoke", settings=SMALL)):
        assert isinstance(config, Config)
        what = repr((config.generator, config.discriminator, config.size))
        if what not in built and not config.discriminator.recognizer:
            built.add(what)
            build_on_paper(config)
    assert len(built) > 5


def build_on_paper(config: Config) -> None:
    """Networks and a pass through each, without memory and arithmetic."""
    with torch.device("meta"):
        models = method_of(config).models(config, 4)
        images, codes = torch.zeros(2, 3, config.size, config.size), torch.zeros(2, 4)
        for generator in models.generators():
            generator(images, codes)
        for judge in models.discriminators():
            judge(images, codes, images)


def test_no_value_of_a_recogniser_s_keys_does() -> None:
    small = RecognizerConfig(size=32, width=0.1, pool_size=1, hidden=16, features=16)
    built = set()
    for config in configurations(small):
        assert isinstance(config, RecognizerConfig)
        shape = (config.size, config.zoom, config.network, config.width, config.pool_size)
        if shape not in built:
            built.add(shape)
            with torch.device("meta"):
                VGGRecognizer(config, 4)(torch.zeros(2, 3, config.size, config.size))
    assert len(built) > 1


@pytest.mark.parametrize("text", ["2026-13-45", "[" * 3000, "a: b: c", "1" * 5000, "x" * 5000])
def test_a_value_that_is_no_yaml_or_long_is_one_short_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Config, settings=[f"batch={text}"])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["objective.context=1", "objective.context_options.reading=cycle", "objective.cycle=0",
          "objective.mask=0"], "needs objective.cycle above 0, got 0"),
        (["generator.flow_scale=32"], "flow_scale=32: a unet of depth 5 predicts"),
        (["generator.flow_scale=3"], "flow_scale=3"),
        (["generator.kind=resnet", "generator.flow_scale=8"], "flow_scale=8: the resnet"),
        (["generator.depth=9"], "depth=9 halves the image to nothing: at size=32 expected 2 to 5"),
        (["size=48"], "size must be a power of two"),
        (["discriminator.layers=4"], "layers=4 with scales=1 leaves nothing of 32 px"),
        (["discriminator.scales=4"], "leaves nothing of 32 px"),
        (["generator.norm=group", "generator.width=50", "generator.max_width=512"], "groups of 16"),
        (["optimizer.beta1=1"], "optimizer.beta1: Input should be less than 1, got 1"),
        (["optimizer.learning_rate=-1"], "optimizer.learning_rate: Input should be greater than 0"),
        (["optimizer.learning_rate=.nan"], "learning_rate: Input should be a finite number"),
        (["batch=0"], "batch: Input should be greater than or equal to 1, got 0"),
        (["discriminator.width=0"], "discriminator.width"),
        (["objective.context_options.layer=conv9_1"], "expected a layer of a VGG"),
        (["objective.perceptual_options.layers=[relu1_9]"], "expected a layer of a VGG"),
        (["init=''"], "init: expected a folder, file or hub id, got ''"),
        (["optimizer.critic_steps=2"], "needs objective.method=stargan"),
    ],
)  # fmt: skip
def test_mistakes_name_key_value_and_what_is_allowed(settings: list[str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Config, preset="smoke", settings=[*SMALL, *settings])
    assert words in str(caught.value)


IDLE = {
    **{f"objective.{name}=1": f"--set objective.{name}=0" for name in PAIRED_TERMS},
    "objective.loose_neutral=1": "needs data.same_person=true",
    "objective.classification=1 discriminator.classify=false": "needs discriminator.classify=true",
    "objective.shape=1 generator.output=pixels": "need generator.output=warp",
    "objective.flow_smoothness=1 generator.output=residual": "need generator.output=warp",
    "objective.mismatched=1 discriminator.conditioning=none": "mismatched needs",
    "objective.mismatched=1 objective.adversarial=0 objective.classification=0": "nothing asks",
    "objective.paired_focus=1": "weighs objective.paired and loose_neutral",
    "objective.gradient_penalty=5": "needs objective.adversarial_form=wgan",
    "objective.loose_neutral=1 data.same_person=true learn=to_expression init=a objective.cycle=0 "
    "objective.mask=0": "set it to 0",
    "objective.adversarial=0 objective.classification=0 objective.cycle=0 objective.mask=0 "
    "objective.identity=0 objective.flow_smoothness=0 objective.blend_area=0": "has no term",
}


@pytest.mark.parametrize("settings", IDLE)
def test_a_term_that_cannot_act_is_refused(settings: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Config, preset="smoke", settings=settings.split())
    assert IDLE[settings] in str(caught.value)


@pytest.mark.parametrize("name", preset_names())
def test_presets_ask_for_what_can_act(name: str) -> None:
    load_config(Config, preset=name)
