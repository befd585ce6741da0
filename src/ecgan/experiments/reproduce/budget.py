"""How much a reproduction may cost: widths, images seen, seeds and doses, by name or as YAML."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from ecgan.config import RecognizerConfig, Section, build
from ecgan.errors import ConfigError

BUDGETS = ("smoke", "cpu", "full")


class Budget(Section):
    """What every method gets alike, and how its preset is made to fit the machine."""

    size: int = Field(128, ge=32, le=512)
    """Training size in pixels, unless asked otherwise; never above that of the data."""
    zoom: float = Field(1.375, ge=1, le=2)
    """`data.zoom` of every method."""
    batch: int = Field(4, ge=1, le=4096)
    images: int = Field(8000, ge=1, le=10**9)
    """Expressive training images that each method sees, all of its models together; each comes
    with a neutral one."""
    common: tuple[str, ...] = ()
    """`a.b=v` for every method, over its preset."""
    overrides: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """`a.b=v` by method, over `common`."""
    recognizer: RecognizerConfig = RecognizerConfig()
    """Of all recognisers; `seed`, `size`, `epochs` and `patience` are set for each."""
    recognizer_size: int | None = Field(None, ge=32, le=512)
    """Images that recognisers see, in pixels; none: as the translators."""
    recognizer_from_packaged: bool = False
    """Start recognisers from the packaged one, where it knows the expressions of the data: on a few
    thousand images a VGG from random weights learns nothing."""
    recognizer_images: int = Field(20000, ge=1, le=10**9)
    """Training images that every recogniser sees, so that more data is not longer training."""
    recognizer_epochs: int = Field(200, ge=1, le=10**6)
    """At most so many passes, where there are few images."""
    seeds: int = Field(3, ge=1, le=1000)
    """Recognisers of each row of Table 2."""
    dose_seeds: int = Field(1, ge=1, le=1000)
    """Recognisers of each point of the dose-response curves."""
    dose_methods: tuple[str, ...] | None = None
    """Methods with dose-response curves; none, or none of those that are run: all."""
    doses: tuple[Annotated[int, Field(ge=1)], ...] = (5, 20)
    """Generated images an expression; 0 and all are always measured."""
    people: tuple[Annotated[int, Field(ge=2)], ...] = (5, 10, 20, 40)
    """Real training people; all are always measured."""
    evaluation_without: tuple[str, ...] = ()
    """Parts of `ecgan evaluate` to leave out."""
    grid_people: int = Field(4, ge=1, le=1000)
    """Test people in the picture grids."""


def load_budget(text: str) -> Budget:
    """A budget by name, by a number of updates (of the `cpu` budget), or from a YAML file.

    Raises:
        ConfigError: no such budget, or a file that is none.
    """
    if text in BUDGETS:
        return build(Budget, _packaged(text))
    if text.isdecimal() and int(text) > 0:
        budget = build(Budget, _packaged("cpu"))
        return budget.model_copy(update={"images": int(text) * budget.batch})
    path = Path(text)
    if not path.is_file():
        raise ConfigError(
            f"no budget {text!r}, expected {', '.join(BUDGETS)}, a number of updates or a YAML file"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the budget {path}: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values")
    return build(Budget, values)


def _packaged(name: str) -> dict[str, Any]:
    file = resources.files("ecgan") / "presets" / "reproduce" / f"{name}.yaml"
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return values
