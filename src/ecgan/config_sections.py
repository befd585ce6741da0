"""The sections of a configuration: their keys with meaning, default and range."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LAYER = re.compile(r"(conv|relu)([12]_[12]|[345]_[1-4])|pool[1-5]")


def _snapshot_name(text: str) -> str:
    """Raises ValueError where the text can be no path and no hub id."""
    parts = Path(text).parts
    if not text.strip() or "\0" in text or len(text) > 2000 or any(len(p) > 250 for p in parts):
        raise ValueError("expected a folder, file or hub id")
    return text


def _layer_name(text: str) -> str:
    """Raises ValueError where no VGG has such a layer."""
    if not _LAYER.fullmatch(text):
        raise ValueError(
            "expected a layer of a VGG: conv1_1 to conv5_4, relu1_1 to relu5_4, pool1 to pool5"
        )
    return text


Norm = Literal["instance", "batch", "group", "none"]
Reading = Literal["source", "cycle", "literal"]
SnapshotName = Annotated[str, AfterValidator(_snapshot_name)]
"""A folder, a hub id, or one of the names that the field knows."""
LayerName = Annotated[str, AfterValidator(_layer_name)]
Weight = Annotated[float, Field(ge=0, le=1e9)]
"""Of a term of the objective."""
Interval = Annotated[int, Field(ge=1, le=10**9)]
"""In updates."""


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class AugmentConfig(Section):
    """Changes of the training images; the two images of a pair always get the same ones."""

    flip: bool = True
    rotation_degrees: float = Field(0.0, ge=0, le=45)
    """Largest rotation either way."""
    scale: float = Field(0.0, ge=0, lt=0.5)
    """Largest relative change of size."""
    shift: float = Field(0.0, ge=0, lt=0.5)
    """Largest shift, as a fraction of the image."""
    brightness: float = Field(0.0, ge=0, lt=1)
    contrast: float = Field(0.0, ge=0, lt=1)
    saturation: float = Field(0.0, ge=0, le=1)
    colour_cast: float = Field(0.0, ge=0, lt=1)
    """Largest relative gain of one colour channel."""
    light: float = Field(0.0, ge=0, lt=1)
    """Largest darkening by a smooth gradient across the image."""
    blur_px: float = Field(0.0, ge=0, le=20)
    """Largest Gaussian sigma, in pixels of the training size."""
    noise: float = Field(0.0, ge=0, lt=0.5)
    """Largest standard deviation of Gaussian noise, images being in [-1, 1]."""


class DataConfig(Section):
    """How training examples are drawn from prepared data."""

    pairs: Literal["ignore", "use"] = "ignore"
    """`use`: where an expressive image has a pixel-aligned neutral one, draw the two together."""
    same_person: bool = False
    """Where an expressive image has no pixel-aligned neutral one, draw it with another neutral
    photo of the same person from the same source, if there is one: a loose pair."""
    direct: bool = False
    """Learn besides to turn an expressive image into another expression, without a neutral one in
    between: by the same generator as from neutral, to another image of the same pair."""
    expressions: tuple[str, ...] | None = Field(None, min_length=1)
    """Learn these expressions and neutral only, such as `[happy]`; none: all that the data have."""
    intensity: bool = False
    """Put the label's intensity into z; otherwise z is one-hot."""
    recipes: dict[str, str] | None = None
    """Give each recipe of an expression an entry of z. The mapping names, by expression, the recipe
    that stands for it (`{fear: gasping}`; else the first by name); none: recipes are ignored."""
    recipe_of_photos: dict[str, str] = {}
    """Which of the `recipes` images that have none count as, by expression: `{happy: natural}` for
    photos of real smiles; else as the one that stands for the expression."""
    balance: bool = True
    """Draw every expression equally often, and of its `recipes` the one that stands for it as often
    as all others together."""
    zoom: float = Field(1.0, ge=1, le=2)
    """Networks see the part around the face of 1 / `zoom` of the side of the canonical crop; 1: all
    of it. At 1.375 brows, jaw and a dropped chin are just inside."""
    cache: bool = True
    """Keep decoded images in memory as uint8 while they fit into `cache_mib`."""
    cache_mib: int = Field(1024, ge=0, le=2**24)
    augment: AugmentConfig = AugmentConfig()


class GeneratorConfig(Section):
    """One translation network; both directions use the same."""

    kind: Literal["unet", "resnet", "stargan"] = "unet"
    """`stargan`: a ResNet with zero borders and a learned scale behind each instance norm."""
    width: int = Field(64, ge=4, le=512)
    """Channels of the first layer (the paper's ngf)."""
    max_width: int = Field(512, ge=4, le=4096)
    depth: int | None = Field(None, ge=2, le=10)
    """U-Net: halvings of the image; none means down to the 1 x 1 code of the paper."""
    blocks: int = Field(9, ge=0, le=64)
    """ResNet and StarGAN: residual blocks."""
    norm: Norm = "instance"
    conditioning: Literal["bottleneck", "decoder", "input", "none"] = "bottleneck"
    """Where z joins; `none`: nowhere, for `data.expressions` of one, as CycleGAN and Pix2pix."""
    output: Literal["pixels", "residual", "warp"] = "pixels"
    """`warp`: the source moved by a smooth flow, blended with new pixels through a mask."""
    flow_scale: int = Field(4, ge=1, le=256)
    """`warp`: the flow is predicted at 1 / flow_scale of the image."""
    refine: int = Field(0, ge=0, le=512)
    """`warp`: channels of the layers that paint the new pixels after the move, seeing the moved
    source; 0: the trunk paints them without seeing where the flow puts the lips."""
    still: bool = False
    """`warp` with `refine`: parts of the source may stay where they are while the flow moves what
    is around them: the lids over an eyeball."""
    paint: Literal["pixels", "change"] = "pixels"
    """`warp`: what is blended in. `pixels`: a new image, grey before it is learned, so that terms
    against change may shut the blend for good; `change`: an offset of the moved source."""
    dropout: bool = False


class DiscriminatorConfig(Section):
    """A PatchGAN, 3 layers of which see 70 x 70 pixels; or StarGAN's critic."""

    kind: Literal["patchgan", "stargan"] = "patchgan"
    """`stargan`: `layers` halvings without norm, and a class head over the whole image."""
    width: int = Field(64, ge=4, le=512)
    layers: int = Field(3, ge=1, le=7)
    norm: Norm = "instance"
    conditioning: Literal["planes", "none"] = "planes"
    """`planes`: z is tiled and joined to the image; `none`: the printed Eq. 1."""
    sees_source: bool = False
    """Score (source, output) together, as Pix2pix does."""
    classify: bool = False
    """Add a head that names the expression (AC-GAN, StarGAN)."""
    scales: int = Field(1, ge=1, le=4)
    """PatchGANs, each on images of half the side of the one before (pix2pixHD)."""
    recognizer: SnapshotName | None = None
    """Folder or hub id of a recogniser snapshot, or `recognizer` for the packaged one, whose frozen
    features D sees besides the image (Sauer et al. 2021)."""
    augment: bool = False
    """Change brightness, saturation, contrast and place of all that it sees, and cut a square
    out, at random (DiffAugment, Zhao et al. 2020): against learning few people by heart."""


class ContextConfig(Section):
    """Eq. 3: which features of which network, and of what."""

    reading: Reading = "source"
    """`source`: phi(G(x)) against phi(x); `cycle`: of the reconstruction; `literal`: as printed."""
    form: Literal["content", "pyramid"] = "content"
    """`content`: mean square over one layer; `pyramid`: weighted L1 over relu1_1 .. relu5_1."""
    layer: LayerName = "conv5_4"
    """phi_ij of `content`: the j-th convolution before the i-th max-pool of VGG-19."""
    network: SnapshotName = "vgg19"
    """`vgg19` (ImageNet weights), or the folder of a recogniser snapshot."""


class PerceptualConfig(Section):
    """Features of which network, and of what, `perceptual` and `style` compare."""

    network: SnapshotName = "vgg16"
    """`vgg16` or `vgg19` (ImageNet weights), the folder or hub id of a recogniser snapshot, or
    `recognizer` for the packaged one."""
    layers: tuple[LayerName, ...] = Field(("relu1_2", "relu2_2", "relu3_1"), min_length=1)
    part: Literal["face", "mouth", "features"] = "mouth"
    """`features`: eyes with brows, and mouth; `face`: all that the networks see."""


class ObjectiveConfig(Section):
    """Eq. 6 and its extensions: weights of the terms; a term of weight 0 is not computed."""

    method: Literal["ecgan", "cyclegan", "pix2pix", "stargan"] = "ecgan"
    """`stargan`: one generator and one discriminator for all expressions, neutral among them."""
    adversarial: Weight = 1.0
    adversarial_form: Literal["lsgan", "vanilla", "wgan"] = "lsgan"
    """`lsgan`: Eq. 1 in squares; `vanilla`: cross-entropy (Pix2pix); `wgan`: a critic under
    `gradient_penalty` (StarGAN)."""
    gradient_penalty: Weight = 10.0
    """`wgan`: weight of (|dD/dx| - 1)^2."""
    mismatched: Weight = 0.0
    """How much D learns from real images under a z that is not theirs, as from translations (Reed
    et al. 2016): expressive ones as another expression or neutral, neutral ones as expressive."""
    cycle: Weight = 10.0
    """lambda_1 of Eq. 6."""
    context: Weight = 0.0
    """lambda_2."""
    identity: Weight = 5.0
    """lambda_3."""
    mask: Weight = 10.0
    """lambda_4."""
    mask_reading: Literal["cycle", "literal"] = "cycle"
    """Eq. 5. `cycle`: the cycle output compared under the mask; `literal`: masked input."""
    context_options: ContextConfig = ContextConfig()
    paired: Weight = 0.0
    """L1 to the paired truth, where the example has one."""
    paired_focus: Weight = 0.0
    """How much more the L1 counts where the truth differs from the source."""
    paired_gradient: Weight = 0.0
    """L1 between the image gradients of output and paired truth: sharpness of the new pixels."""
    perceptual: Weight = 0.0
    """L1 between a network's features of output and paired truth (Johnson et al. 2016)."""
    style: Weight = 0.0
    """Distance between the Gram matrices of these features: which edges and textures the truth has,
    not where (Gatys et al. 2016). Against blur where places are uncertain (Reda et al. 2022)."""
    perceptual_options: PerceptualConfig = PerceptualConfig()
    loose_neutral: Weight = 0.0
    """L1 at a quarter of the resolution between the neutralised image and the neutral photo of a
    loose pair."""
    classification: Weight = 0.0
    """Cross-entropy of D's class head on real images (D) and on translations (G)."""
    shape: Weight = 0.0
    """Distance between where the flow takes the landmarks and where the expression has them on
    average, in halves of the image's side; needs no pairs."""
    still_eyes: Weight = 0.0
    """How much `generator.still` learns from the landmarks of pairs where the eyeballs are."""
    flow_smoothness: Weight = 0.0
    """Mean absolute spatial change of the flow."""
    blend_area: Weight = 0.0
    """Mean of the blending mask: how dear new pixels are."""
    feature_matching: Weight = 0.0
    """L1 between D's features of translation and paired truth (pix2pixHD)."""

    @property
    def uses_discriminators(self) -> bool:
        """Whether generators learn anything from a discriminator."""
        return self.adversarial > 0 or self.classification > 0 or self.feature_matching > 0

    @property
    def compares_features(self) -> bool:
        """Whether a network's features of output and paired truth are compared."""
        return self.perceptual > 0 or self.style > 0


class OptimizerConfig(Section):
    learning_rate: float = Field(2e-4, gt=0, le=1)
    discriminator_learning_rate: float | None = Field(None, gt=0, le=1)
    """None: the same as the generators'."""
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    decay_from: float = Field(0.5, ge=0, le=1)
    """Fraction of the training after which the rate falls linearly to 0."""
    warmup_steps: int = Field(0, ge=0, le=10**9)
    """Updates over which the rate rises from 0: a last layer that starts at zero needs it, since
    Adam's first steps are as large as the rate whatever the gradient."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Decay of the moving average of the generators; 0: none."""
    pool: int = Field(50, ge=0, le=5000)
    """Past translations kept for the discriminators."""
    critic_steps: int = Field(1, ge=1, le=1000)
    """stargan: updates of the discriminator for one of the generator."""


class LogConfig(Section):
    metrics_steps: Interval = 10
    sample_steps: Interval = 500
    sample_people: int = Field(4, ge=1, le=1000)
    checkpoint_steps: Interval = 1000
    validation_steps: Interval = 1000
    keep: int = Field(3, ge=1, le=10**6)
    """Checkpoints kept besides the best."""
    tensorboard: bool = False
