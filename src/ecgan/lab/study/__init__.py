"""The real-versus-fake perceptual study (Table 1 of the paper): pairs, page, rates."""
