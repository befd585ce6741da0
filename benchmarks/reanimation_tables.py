"""Write the tables of action units and recipes into docs/reanimation.md."""

from __future__ import annotations

import re
from pathlib import Path

from ecgan.lab.reanimate.recipes import ACTION_UNITS, CHEEKS, NATURAL, RECIPES, smiles

DOCS = Path(__file__).parents[1] / "docs" / "reanimation.md"


def units_table() -> str:
    """Names and shapes of the action units."""
    rows = ["| Unit | Name | Shapes |", "| --- | --- | --- |"]
    for unit, (name, shapes) in ACTION_UNITS.items():
        weights = ", ".join(f"{shape} {weight:g}" for shape, weight in shapes.items())
        rows.append(f"| {unit} | {name} | {weights} |")
    return "\n".join(rows)


def recipes_table() -> str:
    """Strengths of the units in each variant."""
    rows = ["| Expression | Variant | Units and strengths |", "| --- | --- | --- |"]
    table = smiles()
    deviations = [table.covariance[k][k] ** 0.5 for k in range(len(table.units))]
    natural = ", ".join(
        f"{unit} {mean:.2f} ± {deviation:.2f}"
        for unit, mean, deviation in zip(table.units, table.mean, deviations, strict=True)
        if unit != "AU6"
    )
    rows.append(f"| happy | {NATURAL} | {natural}, AU6 at least {CHEEKS:g} of AU12 |")
    for expression, variants in RECIPES.items():
        for variant, units in variants.items():
            strengths = ", ".join(f"{unit} {strength:g}" for unit, strength in units.items())
            rows.append(f"| {expression} | {variant} | {strengths} |")
    return "\n".join(rows)


def filled(text: str) -> str:
    """The page with its tables as the code has them."""
    for name, table in (("units", units_table()), ("recipes", recipes_table())):
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, rf"\g<1>{table}\n\g<2>", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    DOCS.write_text(filled(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
