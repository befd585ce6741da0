"""ECGAN: facial expression translation for real photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecgan.inference.recognizer import Recognizer
    from ecgan.inference.translator import Translator

__version__ = "0.1.0"
__all__ = ["Recognizer", "Translator", "__version__"]


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: PyTorch takes seconds."""
    from ecgan.errors import extras_named

    with extras_named():
        if name == "Translator":
            from ecgan.inference.translator import Translator

            return Translator
        if name == "Recognizer":
            from ecgan.inference.recognizer import Recognizer

            return Recognizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
