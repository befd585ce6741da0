"""Expression classification by the discriminator's class head (AC-GAN, StarGAN)."""

from __future__ import annotations

from torch.nn import functional as F

from ecgan.shapes import Codes, Scalar


def classification_loss(logits: Codes, target: Codes) -> Scalar:
    """E[-sum_k target_k log softmax(logits)_k]: cross-entropy with class probabilities.

    Args:
        logits: the class head's values.
        target: probabilities of the expressions, such as a one-hot z or one with intensity.
    """
    return F.cross_entropy(logits, target)
