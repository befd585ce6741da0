"""Prepared data with more training images of the rarer expressions, each one checked."""
