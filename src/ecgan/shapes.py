"""Tensor types with named dimensions; checked at run time in the tests only."""

from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "batch 3 height width"]
"""RGB in [-1, 1]."""
Masks = Float[Tensor, "batch 1 height width"]
"""1 inside the face, 0 outside."""
Codes = Float[Tensor, "batch expressions"]
"""Expression vectors z."""
NeutralCode = Float[Tensor, "1 expressions"]
"""z'."""
Flows = Float[Tensor, "batch 2 flow_height flow_width"]
"""Sampling offsets (x, y) in the coordinates of `grid_sample`: 2 is the width of the image."""
Patches = Float[Tensor, "batch 1 patch_height patch_width"]
"""One realness value per receptive field of a PatchGAN."""
Scalar = Float[Tensor, ""]
Points2D = Float[Tensor, "batch 68 2"]
"""Landmarks x, y."""
Motions = Float[Tensor, "batch expressions 68 2"]
"""Displacements of landmarks to each expression."""
