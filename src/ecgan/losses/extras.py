"""Terms that go beyond the paper, as pure functions of tensors.

To add one, write a function whose parameters name what it needs (`training.passes.Pass`), list it
in `EXTRAS`, and give `config.ObjectiveConfig` its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ecgan.losses.paper import Term
from ecgan.shapes import Codes, Flows, Masks, Points2D, Scalar

Maps = Float[Tensor, "batch channels height width"]
"""Images or activations."""
Layer = Float[Tensor, "batch _ _ _"]
Paired = Bool[Tensor, " batch"]
"""Whether `truth` shows the same person as the output, pixel for pixel."""
LOOSE_SIDE = 32
"""Side at which loose pairs are compared, at most."""
EYES = (slice(36, 42), slice(42, 48))
"""Of the 68 landmarks, around the opening of each."""
EYE_EDGE = 0.004
"""How well landmarks know a lid's edge, in sides of the image."""
_TINY = 1e-6


def paired_loss(
    translated: Maps,
    truth: Maps,
    paired: Paired,
    source: Maps | None = None,
    paired_focus: float = 0.0,
) -> Scalar:
    """E[w abs(G(x, z) - y)] (Pix2pix), an example without a pair counting as 0.

    w = 1, or with a `source`, 1 + paired_focus * mean(abs(y - x)) around the pixel: an expression
    changes few pixels, and plain L1 leaves the mouth's interior to the end.
    """
    difference = (translated - truth).abs()
    if source is not None and paired_focus:
        change = (truth - source).abs().mean(dim=1, keepdim=True)
        around = F.avg_pool2d(change, 9, stride=1, padding=4)
        difference = difference * (1 + paired_focus * around)
    return paired_mean(difference.mean(dim=(1, 2, 3)), paired)


def gradient_loss(translated: Maps, truth: Maps, paired: Paired) -> Scalar:
    """E[abs(d/dx (G(x, z) - y))] + E[abs(d/dy (G(x, z) - y))], an example without a pair counting
    as 0; derivatives are differences of neighbouring pixels, so that blur costs more than in plain
    L1."""
    difference = translated - truth
    return paired_mean(
        difference.diff(dim=3).abs().mean(dim=(1, 2, 3))
        + difference.diff(dim=2).abs().mean(dim=(1, 2, 3)),
        paired,
    )


def loose_loss(
    translated: Maps,
    truth: Maps,
    loose: Paired,
    source: Maps | None = None,
    paired_focus: float = 0.0,
) -> Scalar:
    """`paired_loss` of images averaged down to `LOOSE_SIDE`: two photos of one person, aligned by
    the eyes, differ by a hundredth of the side everywhere."""
    pool = max(1, translated.shape[-1] // LOOSE_SIDE)
    small = [None if x is None else F.avg_pool2d(x, pool) for x in (translated, truth, source)]
    assert small[0] is not None and small[1] is not None
    return paired_loss(small[0], small[1], loose, small[2], paired_focus)


def paired_mean(values: Float[Tensor, " batch"], paired: Paired) -> Scalar:
    """Mean over the batch, an unpaired example counting as 0: the mean over several processes is
    then that of the joined batch however the pairs fall."""
    return (values * paired.to(values.dtype)).mean()


def perceptual_loss(
    translated_features: Sequence[Layer], truth_features: Sequence[Layer], paired: Paired
) -> Scalar:
    """Mean over layers of E[|phi(G(x, z)) - phi(y)|_1 / |phi(y)|_1] (Johnson et al. 2016), an
    example without a pair counting as 0. Relative to the truth's own size, so that one weight holds
    for all layers and networks.

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    terms = [
        (one - other).abs().mean(dim=(1, 2, 3)) / (other.abs().mean(dim=(1, 2, 3)) + _TINY)
        for one, other in _layers(translated_features, truth_features)
    ]
    return paired_mean(torch.stack(terms).mean(dim=0), paired)


def style_loss(
    translated_features: Sequence[Layer], truth_features: Sequence[Layer], paired: Paired
) -> Scalar:
    """Mean over layers of E[|M(G(x, z)) - M(y)|_F / |M(y)|_F], M being the Gram matrix of phi
    (Gatys et al. 2016), an example without a pair counting as 0.

    M keeps which features go together and forgets where. Where an edge can be foretold to a few
    pixels only, L1 is least for a blur over all of them; a blur lacks the edge's features, wherever
    it is (Reda et al. 2022, Sec. 4).

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    terms = []
    for one, other in _layers(translated_features, truth_features):
        made, wanted = gram_matrix(one), gram_matrix(other)
        square = (made - wanted).square().sum(dim=(1, 2))
        # The square root has no gradient at 0.
        terms.append((square / (wanted.square().sum(dim=(1, 2)) + _TINY) + _TINY).sqrt())
    return paired_mean(torch.stack(terms).mean(dim=0), paired)


def gram_matrix(features: Layer) -> Float[Tensor, "batch channels channels"]:
    """Mean over places of the products of two channels, in float32."""
    flat = features.flatten(2).float()
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _layers(output: Sequence[Layer], truth: Sequence[Layer]) -> Sequence[tuple[Layer, Layer]]:
    if not output or len(output) != len(truth):
        raise ValueError(
            "expected the same layers of output and truth, one at least, "
            f"got {len(output)} and {len(truth)}"
        )
    return list(zip(output, truth, strict=True))


def shape_loss(
    flow: Flows, points: Float[Tensor, "batch points 2"], goal: Float[Tensor, "batch points 2"]
) -> Scalar:
    """E[abs(goal + flow(goal) - points)]: what the flow shows at each landmark's new place should
    be what was at its old one.

    Args:
        flow: from a place of the translation to the place of the source that is seen there.
        points: landmarks of the source, in the units of `grid_sample` (the image is from -1 to 1).
        goal: the same landmarks in the translation.
    """
    here = F.grid_sample(
        flow, goal[:, None].to(flow.dtype), padding_mode="border", align_corners=False
    )[:, :, 0]
    seen = goal + here.transpose(1, 2)
    return (seen - points).abs().mean()


def still_eyes_loss(
    still: Masks, points: Points2D, truth_points: Points2D, paired: Paired
) -> Scalar:
    """E[1 - still] over what both source and truth show between the lids, where an eyeball stays as
    it is, and E[still] away from the truth's eyes; an example without a pair counting as 0. Pixels
    beside the lids' edges, which 6 landmarks an eye know to a pixel or two, are left to the paired
    terms.

    Args:
        still: the part of the translation that does not follow the flow.
        points: landmarks of the source, in the units of `grid_sample`.
        truth_points: landmarks of the truth.
        paired: whether the two match pixel for pixel.
    """
    side = still.shape[3]
    edge = 2 * EYE_EDGE
    depth = eye_depth(truth_points, side)
    shown = (torch.minimum(depth, eye_depth(points, side)) > edge).to(still.dtype)
    away = (depth < -4 * edge).to(still.dtype)
    terms = [
        (wrong * where).sum(dim=(1, 2, 3)) / where.sum(dim=(1, 2, 3)).clamp_min(1)
        for wrong, where in ((1 - still, shown), (still, away))
    ]
    return paired_mean(terms[0] + terms[1], paired)


def eye_depth(points: Points2D, side: int) -> Masks:
    """How far within an eye's opening each pixel of a `side` x `side` image lies, in the units of
    `grid_sample` (2 is the side); below 0 outside, at least as far from it as that says. The
    opening is the convex shape of 6 landmarks."""
    places = (2 * torch.arange(side, device=points.device) + 1) / side - 1
    y, x = torch.meshgrid(places, places, indexing="ij")
    depths = []
    for eye in EYES:
        first = points[:, eye].float()
        edge = first.roll(-1, dims=1) - first
        edge = edge / edge.norm(dim=2, keepdim=True).clamp_min(_TINY)
        turn = first[..., 0] * first.roll(-1, dims=1)[..., 1]
        turn = turn - first[..., 1] * first.roll(-1, dims=1)[..., 0]
        way = turn.sum(dim=1).sign()[
            :, None, None, None
        ]  # a mirrored face goes round the other way
        (ex, ey), (px, py) = (v[..., None, None].unbind(dim=2) for v in (edge, first))
        depths.append((way * (ex * (y - py) - ey * (x - px))).amin(dim=1, keepdim=True))
    return torch.maximum(*depths)


def flow_smoothness(flow: Flows) -> Scalar:
    """E[abs(d/dx flow)] + E[abs(d/dy flow)], differences between neighbouring cells of the flow, in
    the units of `grid_sample` (2 is the width of the image)."""
    return flow.diff(dim=3).abs().mean() + flow.diff(dim=2).abs().mean()


def blend_area(blend: Masks) -> Scalar:
    """Mean of the blending mask: the share of the image that is painted, not moved, 0 to 1."""
    return blend.mean()


def feature_matching_loss(
    discriminator_translated: Sequence[Layer],
    discriminator_truth: Sequence[Layer],
    paired: Paired,
) -> Scalar:
    """Mean over D's layers of the L1 between its features of translation and truth (pix2pixHD,
    Wang et al. 2018), an example without a pair counting as 0."""
    layers = list(zip(discriminator_translated, discriminator_truth, strict=True))
    terms = [paired_loss(one, other, paired) / len(layers) for one, other in layers]
    return torch.stack(terms).sum()


def classification_loss(logits: Codes, target: Codes) -> Scalar:
    """E[-sum_k target_k log softmax(logits)_k]: cross-entropy with class probabilities.

    Args:
        logits: the class head's values.
        target: probabilities of the expressions, such as a one-hot z or one with intensity.
    """
    return F.cross_entropy(logits, target)


EXTRAS: Mapping[str, Term] = {
    "paired": paired_loss,
    "paired_gradient": gradient_loss,
    "perceptual": perceptual_loss,
    "style": style_loss,
    "loose_neutral": loose_loss,
    "feature_matching": feature_matching_loss,
    "classification": classification_loss,
    "shape": shape_loss,
    "still_eyes": still_eyes_loss,
    "flow_smoothness": flow_smoothness,
    "blend_area": blend_area,
}
"""By the name of their weight in `ObjectiveConfig`."""
