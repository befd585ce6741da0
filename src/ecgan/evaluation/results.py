"""What an evaluation finds: figures with intervals, by direction, column and expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ecgan.evaluation.bootstrap import ByFigure, as_json

FORMAT = 1


@dataclass(frozen=True)
class Instrument:
    """What a figure is measured with."""

    key: str
    """Names its figures."""
    name: str
    sha256: str
    """Of the weights; empty where there are none."""

    def facts(self) -> dict[str, str]:
        """What stands beside its figures."""
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class Scores:
    """Figures by name, then by expression and for `all`."""

    figures: ByFigure
    """`mean_probability`, `accuracy`, `outside`, `outside_face`; where there is a truth also `ssim`
    and `psnr_db`; and those of the parts that were asked for."""
    outside_largest: float
    """Largest change of any pixel outside the mask, in grey levels."""
    by_people: ByFigure = field(default_factory=dict)
    """`accuracy` of groups of people, by grouping."""
    by_strength: dict[str, ByFigure] = field(default_factory=dict)
    """`mean_probability`, `accuracy` and those of the person, of one photo of each person; empty
    without the part `monotonicity`."""

    def to_json(self) -> dict[str, Any]:
        return {
            **as_json(self.figures),
            "outside_largest": self.outside_largest,
            "by_people": as_json(self.by_people),
            "by_strength": as_json(self.by_strength),
        }


@dataclass(frozen=True)
class Comparison:
    """One direction of translation."""

    model: Scores
    identity: Scores
    """Of output = input."""
    truth: ByFigure
    """How the recogniser sees the real images of the same people; empty where there are none."""
    truth_by_people: ByFigure
    """Its accuracy on those of groups of people: a group that it sees worse is not translated
    worse."""

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model.to_json(),
            "identity": self.identity.to_json(),
            "truth": as_json(self.truth),
            "truth_by_people": as_json(self.truth_by_people),
        }


@dataclass(frozen=True)
class Evaluation:
    """Scores of both generators, alone and together, and where they come from."""

    expressions: Comparison
    """Neutral images to every expression."""
    neutralisation: Comparison
    """Expressive images to neutral."""
    from_expression: dict[str, Comparison]
    """Expressive images to the other expressions, by the source of the images; empty where left
    out."""
    as_labelled: Comparison | None
    """Neutral images to the expressions, recipes and intensities that their truths show; None where
    left out or without a truth."""
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **self.facts,
            "expressions": self.expressions.to_json(),
            "neutralisation": self.neutralisation.to_json(),
            **({} if self.as_labelled is None else {"as_labelled": self.as_labelled.to_json()}),
            "from_expression": {
                source: comparison.to_json() for source, comparison in self.from_expression.items()
            },
        }
