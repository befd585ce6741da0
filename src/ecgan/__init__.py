"""ECGAN: facial expression translation for real photographs."""

__version__ = "0.1.0"
