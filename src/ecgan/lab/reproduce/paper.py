"""The paper's own numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What the paper reports of a method, in percent (Tables 1 and 2)."""

    name: str
    judged_real: float
    augmented_on_original: float
    """Trained on original + generated, tested on original."""
    original_on_generated: float
    """Trained on original, tested on generated."""


PAPER_ORIGINAL = 74.77
"""Trained and tested on original (Table 2)."""
PAPER = {
    "cyclegan": Published("CycleGAN", 11.68, 76.41, 77.78),
    "pix2pix": Published("Pix2pix", 40.37, 82.63, 83.24),
    "paper": Published("ECGAN", 35.32, 78.13, 80.32),
    "default": Published("ECGAN", 35.32, 78.13, 80.32),
}
PAPER_DATA = "AR, Yale, JAFFE, FERG and 3DFE"
CITATION = (
    "H. Tang, W. Wang, S. Wu, X. Chen, D. Xu, N. Sebe, Y. Yan: Expression Conditional GAN for "
    "Facial Expression-to-Expression Translation, ICIP 2019, arXiv 1905.05416"
)
