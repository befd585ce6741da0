"""How all charts look, and how they become files: equal drawings give equal files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecgan.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Of a printed page between its margins, in inches."""
_DPI = 200
INK = "#1d2126"
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # names from the data are no formulas
    "axes.edgecolor": "#5a626b",
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e3e5e8",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.3,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def _drawing() -> Iterator[None]:
    """The look of all charts, whatever the user's own settings are."""
    try:
        import matplotlib
    except ImportError:
        raise UsageError(
            "charts need Matplotlib: pip install 'ecgan[reproduce]', then run the same command "
            "again"
        ) from None
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        for key, value in _STYLE.items():
            matplotlib.rcParams[key] = value  # type: ignore[index]
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def chart_png(draw: Callable[[Figure], None], height: float) -> bytes:
    """A chart as a PNG file, `WIDTH` wide and `height` high in inches.

    Raises:
        UsageError: Matplotlib is not installed.
    """
    with _drawing():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        return buffer.getvalue()
