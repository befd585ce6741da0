"""The configurations of a translator's and a recogniser's training, and which of their values go
together: networks of a possible shape, terms that can act. `config_loading` loads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ecgan.config_sections import (
    AugmentConfig,
    ContextConfig,
    DataConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    LogConfig,
    ObjectiveConfig,
    OptimizerConfig,
    Section,
    SnapshotName,
)

__all__ = [
    "AugmentConfig",
    "Config",
    "ContextConfig",
    "DataConfig",
    "DiscriminatorConfig",
    "GeneratorConfig",
    "ObjectiveConfig",
    "RecognizerConfig",
    "Section",
]

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
_LEAST_SIDE = 32
"""Of what a VGG sees: it halves five times."""


class Config(Section):
    """A training run."""

    seed: int = 0
    size: int = Field(256, ge=32, le=512)
    batch: int = Field(1, ge=1, le=4096)
    """Examples of an update: each is a neutral and an expressive image."""
    epochs: float = Field(200, gt=0, le=10**6)
    """Passes over the expressive training images; ignored when `steps` is set."""
    steps: int | None = Field(None, ge=1, le=10**9)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """`auto`: bf16 where the machine has it in hardware."""
    threads: int | None = Field(None, ge=1, le=1024)
    """CPU threads; a fixed number makes fp32 runs bit-reproducible."""
    compile: bool = False
    """Compile the networks with `torch.compile`, which takes a minute or two at the start: for long
    runs on a GPU."""
    init: SnapshotName | None = None
    """Translator snapshot whose generators training starts from (fine-tuning); none: at random."""
    learn: Literal["both", "to_expression"] = "both"
    """`to_expression`: G_XY and D_Y alone; G_YX stays as `init` has it."""
    recognizer: SnapshotName | None = None
    """Recogniser snapshot that scores validation; none: the validation L1 of the cycle."""
    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    log: LogConfig = LogConfig()

    @model_validator(mode="after")
    def _check(self) -> Config:
        if problem := next(_problems(self), None):
            raise ValueError(problem)
        return self


class RecognizerConfig(Section):
    """The VGG recogniser and its training."""

    seed: int = 0
    size: int = Field(128, ge=32, le=512)
    """Of the whole canonical crop in pixels."""
    zoom: float = Field(1.0, ge=1, le=2)
    """The network sees the part around the face of 1 / `zoom` of the crop's side; 1: all of it."""
    batch: int = Field(32, ge=1, le=4096)
    epochs: int = Field(40, ge=1, le=10**6)
    patience: int = Field(8, ge=1, le=10**6)
    """Epochs without a better validation loss before training stops."""
    network: Literal["vgg16", "vgg19"] = "vgg16"
    width: float = Field(1.0, ge=0.01, le=1)
    """Multiplier of all convolution widths; 1 is VGG."""
    batch_norm: bool = True
    pool_size: int = Field(7, ge=1, le=16)
    """Side of the feature map that the first fully connected layer sees."""
    hidden: int = Field(4096, ge=8, le=16384)
    """Units of fc6."""
    features: int = Field(4096, ge=8, le=16384)
    """Units of fc7, the deep feature of the paper."""
    dropout: float = Field(0.5, ge=0, lt=1)
    learning_rate: float = Field(3e-4, gt=0, le=1)
    weight_decay: float = Field(1e-4, ge=0, le=10)
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    class_weights: bool = True
    soft_below: float = Field(0.0, ge=0, le=10)
    """An expression of lower intensity counts in part as neutral: of 0.3, where this is 0.6, as
    half. 0: every label counts in full."""
    repeat: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    """By source of the prepared data, how often a pass sees each of its images; others once."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int | None = Field(None, ge=1, le=1024)
    init: SnapshotName | None = None
    """Recogniser snapshot that training starts from (fine-tuning); none: `weights`, or random."""
    weights: SnapshotName | None = None
    """ImageNet weights to start from: a file, or `imagenet` to look for torchvision's."""
    augment: AugmentConfig = AugmentConfig(
        rotation_degrees=12,
        scale=0.12,
        shift=0.06,
        brightness=0.3,
        contrast=0.3,
        saturation=0.4,
        colour_cast=0.1,
        light=0.4,
        blur_px=1.0,
        noise=0.06,
    )

    @model_validator(mode="after")
    def _check(self) -> RecognizerConfig:
        if problem := next(_recognizer_problems(self), None):
            raise ValueError(problem)
        return self


def without(names: list[str]) -> str:
    """The options that leave terms of the objective out."""
    return " ".join(f"--set objective.{name}=0" for name in names)


def _problems(config: Config) -> Iterator[str]:
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


def _recognizer_problems(config: RecognizerConfig) -> Iterator[str]:
    """As `_problems`, of a recogniser's configuration."""
    side = round(config.size / config.zoom)
    if side < _LEAST_SIDE:
        yield (
            f"size={config.size} at zoom={config.zoom:g} shows {side} px, the network needs "
            f"{_LEAST_SIDE}: set size to {_LEAST_SIDE * config.zoom:.0f} or more"
        )


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
