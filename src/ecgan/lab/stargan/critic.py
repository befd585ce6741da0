"""StarGAN's discriminator (Choi et al. 2018, Table 5): a critic, and a head that names a class."""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import DiscriminatorConfig
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.shapes import Codes, Images


class StarGANCritic(nn.Module):
    """`layers` convolutions of stride 2 without norm; then values of patches, and a class head that
    sees the whole image."""

    def __init__(self, config: DiscriminatorConfig, num_expressions: int, size: int) -> None:
        super().__init__()
        widths = [config.width * 2**layer for layer in range(config.layers)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(outer, inner, 4, 2, 1) for outer, inner in itertools.pairwise([3, *widths])
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        side = size // 2**config.layers
        self.classifier = nn.Conv2d(widths[-1], num_expressions, side, bias=False)

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        """Of a batch of the size that it was made for; `code` and `source` are not looked at."""
        del code, source
        features: Tensor = image
        activations: list[Tensor] = []
        for convolution in self.convolutions:
            features = F.leaky_relu(convolution(features), 0.01)
            activations.append(features)
        logits = self.classifier(features).flatten(1).float()
        return DiscriminatorOutput(self.last(features).float(), logits, tuple(activations))
