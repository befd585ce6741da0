"""Which values of a configuration go together: networks of a possible shape, terms that can act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecgan.config import Config, RecognizerConfig

PAIRED_TERMS = (
    *("paired", "paired_gradient", "perceptual", "style", "feature_matching"),
    "still_eyes",
)
"""Terms that compare a translation with a paired truth."""
_BETWEEN_TWO_DOMAINS = (
    *("context", "identity", "mask", "loose_neutral", "shape", "mismatched"),
    *PAIRED_TERMS,
)
"""Terms that know one source and one target domain only."""
_GENERATOR_TERMS = (
    *("adversarial", "cycle", "classification", "flow_smoothness", "blend_area"),
    *("context", "identity", "mask", "loose_neutral", "shape"),
    *PAIRED_TERMS,
)
_LAYER = re.compile(r"(conv|relu)([12]_[12]|[345]_[1-4])|pool[1-5]")
_LEAST_SIDE = 32
"""Of what a VGG sees: it halves five times."""


def without(names: list[str]) -> str:
    """The options that leave terms of the objective out."""
    return " ".join(f"--set objective.{name}=0" for name in names)


def problems(config: Config) -> Iterator[str]:
    """What is wrong with a training run's configuration, a sentence each; nothing where all is
    right."""
    if config.size & (config.size - 1):
        yield f"size must be a power of two (64, 128, 256, 512), got {config.size}"
    yield from _learning(config)
    yield from _terms(config)
    if config.objective.method == "stargan":
        yield from _stargan(config)
    for name in ("generator", "discriminator"):
        if getattr(config, name).kind == "stargan":
            yield from _stargan_network(config, name)
    yield from _generator(config)
    yield from _discriminator(config)


def recognizer_problems(config: RecognizerConfig) -> Iterator[str]:
    """As `problems`, of a recogniser's configuration."""
    side = round(config.size / config.zoom)
    if side < _LEAST_SIDE:
        yield (
            f"size={config.size} at zoom={config.zoom:g} shows {side} px, the network needs "
            f"{_LEAST_SIDE}: set size to {_LEAST_SIDE * config.zoom:.0f} or more"
        )


def snapshot_name(text: str) -> str:
    """Raises ValueError where the text can be no path and no hub id."""
    parts = Path(text).parts
    if not text.strip() or "\0" in text or len(text) > 2000 or any(len(p) > 250 for p in parts):
        raise ValueError("expected a folder, file or hub id")
    return text


def layer_name(text: str) -> str:
    """Raises ValueError where no VGG has such a layer."""
    if not _LAYER.fullmatch(text):
        raise ValueError(
            "expected a layer of a VGG: conv1_1 to conv5_4, relu1_1 to relu5_4, pool1 to pool5"
        )
    return text


def _learning(config: Config) -> Iterator[str]:
    """Which way, from what, by which method."""
    objective, data = config.objective, config.data
    if objective.method == "pix2pix" and data.pairs != "use":
        yield "pix2pix learns from pairs: set data.pairs=use"
    if data.direct and data.pairs != "use":
        yield "data.direct learns from pairs: set data.pairs=use"
    if objective.method != "stargan":
        if objective.adversarial_form == "wgan":
            yield "objective.adversarial_form=wgan needs objective.method=stargan"
        if config.optimizer.critic_steps > 1:
            yield "optimizer.critic_steps above 1 needs objective.method=stargan"
        if config.discriminator.kind == "stargan":
            yield "discriminator.kind=stargan needs objective.method=stargan"
    if config.steps is not None and config.steps < config.optimizer.critic_steps:
        yield (
            f"steps={config.steps} leaves the generator no update: set it to "
            f"optimizer.critic_steps={config.optimizer.critic_steps} or more"
        )
    if config.learn == "both":
        return
    if config.init is None:
        yield f"learn={config.learn} leaves a generator as it is: set init"
    if objective.method == "stargan":
        yield f"learn={config.learn} needs two generators, stargan has one"
    for name in ("cycle", "mask"):
        if getattr(objective, name):
            yield f"learn={config.learn} goes one way: set objective.{name}=0"


def _terms(config: Config) -> Iterator[str]:
    """Terms that are asked for and could not act, whatever the data."""
    objective, discriminator = config.objective, config.discriminator
    unpaired = [name for name in PAIRED_TERMS if getattr(objective, name)]
    if unpaired and config.data.pairs != "use":
        names = ", ".join(f"objective.{name}" for name in unpaired)
        yield f"{names} learn from pairs: set data.pairs=use, or {without(unpaired)}"
    fields = objective.flow_smoothness or objective.blend_area or objective.shape
    if fields and config.generator.output != "warp":
        yield "flow_smoothness, blend_area and shape need generator.output=warp"
    if objective.classification and not discriminator.classify:
        yield "objective.classification needs discriminator.classify=true"
    if objective.loose_neutral and not config.data.same_person:
        yield "objective.loose_neutral needs data.same_person=true"
    if objective.loose_neutral and config.learn != "both" and not config.data.direct:
        yield f"objective.loose_neutral teaches what learn={config.learn} leaves: set it to 0"
    if objective.mismatched and (
        discriminator.conditioning != "planes" or discriminator.sees_source
    ):
        yield "objective.mismatched needs discriminator.conditioning=planes, sees_source=false"
    if objective.mismatched and not objective.uses_discriminators:
        yield (
            "objective.mismatched teaches a discriminator that nothing asks: set "
            "objective.adversarial above 0, or mismatched to 0"
        )
    if objective.paired_focus and not (objective.paired or objective.loose_neutral):
        yield "objective.paired_focus weighs objective.paired and loose_neutral: set it to 0"
    if objective.gradient_penalty not in (0, 10) and objective.adversarial_form != "wgan":
        yield "objective.gradient_penalty needs objective.adversarial_form=wgan: leave it at 10"
    cycles = objective.cycle or (objective.mask and objective.mask_reading == "cycle")
    if objective.context and objective.context_options.reading == "cycle" and not cycles:
        yield (
            "objective.context_options.reading=cycle needs objective.cycle above 0, got 0: set it, "
            "or the reading to source"
        )
    if not any(getattr(objective, name) for name in _GENERATOR_TERMS):
        yield "the objective has no term: set objective.adversarial or another weight above 0"


def _generator(config: Config) -> Iterator[str]:
    options = config.generator
    depth = options.depth or config.size.bit_length() - 1
    if options.refine and options.output != "warp":
        yield "generator.refine needs generator.output=warp"
    if options.still and not options.refine:
        yield "generator.still needs generator.refine above 0"
    if config.objective.still_eyes and not options.still:
        yield "objective.still_eyes needs generator.still=true"
    if options.kind == "unet" and 2**depth > config.size:
        yield (
            f"generator.depth={depth} halves the image to nothing: at size={config.size} expected "
            f"2 to {config.size.bit_length() - 1}"
        )
    if options.output == "warp" and options.kind != "stargan":
        scales = [2**level for level in range(1, depth)] if options.kind == "unet" else [1, 2, 4]
        if options.flow_scale not in scales:
            where = f"a unet of depth {depth}" if options.kind == "unet" else "the resnet"
            yield (
                f"generator.flow_scale={options.flow_scale}: {where} predicts the flow at 1 / "
                f"{', '.join(map(str, scales))} of the image"
            )
    if options.norm == "group" and options.kind != "stargan":
        levels = range(depth) if options.kind == "unet" else range(3)
        widths = {min(options.width * 2**level, options.max_width) for level in levels}
        yield from _groups("generator", options.width, widths)


def _discriminator(config: Config) -> Iterator[str]:
    options = config.discriminator
    if options.kind == "stargan":
        return
    # The last two of its convolutions have no stride and take a pixel each; 3 leave one.
    side = config.size >> (options.layers + options.scales - 1)
    if side < 3:
        most = max(0, (config.size // 4).bit_length() - options.scales)
        yield (
            f"discriminator.layers={options.layers} with scales={options.scales} leaves nothing of "
            f"{config.size} px: set layers to {most} or less"
            if most
            else f"discriminator.scales={options.scales} leaves nothing of {config.size} px"
        )
    if options.norm == "group":
        widths = {options.width * min(2**layer, 8) for layer in range(1, options.layers + 1)}
        yield from _groups("discriminator", options.width, widths)


def _groups(name: str, width: int, widths: set[int]) -> Iterator[str]:
    if any(count % max(1, count // 16) for count in widths):
        yield (
            f"{name}.norm=group makes groups of 16 channels, got {name}.width={width}: set widths "
            "to multiples of 16"
        )


def _stargan(config: Config) -> Iterator[str]:
    objective, discriminator = config.objective, config.discriminator
    if objective.adversarial_form != "wgan":
        yield "objective.method=stargan needs objective.adversarial_form=wgan"
    for name in _BETWEEN_TWO_DOMAINS:
        if getattr(objective, name):
            yield f"objective.method=stargan has no {name} term: set it to 0"
    if config.data.pairs == "use" or config.data.same_person:
        yield "stargan learns without pairs: set data.pairs=ignore, same_person=false"
    if config.optimizer.pool:
        yield "stargan scores new translations only: set optimizer.pool=0"
    if (
        discriminator.conditioning == "planes"
        or discriminator.sees_source
        or not discriminator.classify
    ):
        yield (
            "stargan's discriminator sees the image alone and names its expression: set "
            "discriminator.conditioning=none, sees_source=false, classify=true"
        )
    if discriminator.norm == "batch" or config.generator.norm == "batch":
        yield "the penalty of wgan is by example: set a norm other than batch"


def _stargan_network(config: Config, name: str) -> Iterator[str]:
    fixed: dict[str, object]
    if name == "generator":
        fixed = {"norm": "instance", "conditioning": "input", "output": "pixels", "dropout": False}
    else:
        fixed = {"norm": "none", "conditioning": "none", "sees_source": False, "classify": True}
        fixed |= {"scales": 1, "augment": False, "recognizer": None}
        layers = config.discriminator.layers
        if config.size % 2**layers:
            yield (
                f"a critic of {layers} halvings needs a size divisible by {2**layers}, got "
                f"{config.size}: set discriminator.layers to {config.size.bit_length() - 1} or less"
            )
    for key, value in fixed.items():
        if (given := getattr(getattr(config, name), key)) != value:
            yield f"{name}.kind=stargan has {name}.{key}={value}, got {given}"
