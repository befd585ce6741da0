"""StarGAN (Choi et al. 2018), to compare with."""
