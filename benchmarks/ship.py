"""Put a trained translator into the package, with the scores of its evaluation in its card.

    python benchmarks/ship.py RUN/snapshot benchmarks/results/evaluation.json

The scores must be this model's, and those of `outside_recogniser.json` beside them too: the sha256
of all is compared.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import CARD, copy_snapshot, load_snapshot

PACKAGE = Path(__file__).parents[1] / "src" / "ecgan" / "weights" / "translator"
LIMITS = "## Limits and care"
MADE = "`benchmarks/translator/make.sh` (`benchmarks/README.md` says on which data and machine)"
FIGURES = (
    ("recognised as asked", "accuracy", 100, "%"),
    ("mean probability of the asked", "mean_probability", 100, "%"),
    ("SSIM inside the face", "ssim", 1, ""),
    ("LPIPS", "lpips", 1, ""),
    ("same person by face recognition (dlib)", "same_person", 100, "%"),
    ("face-recognition distance (dlib)", "identity_dlib", 1, ""),
    ("more strength shows more", "intensity_monotone", 100, "%"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("scores", type=Path, help="what `ecgan evaluate --groups` wrote")
    parser.add_argument("--out", type=Path, default=PACKAGE)
    arguments = parser.parse_args()
    snapshot = load_snapshot(arguments.snapshot, "translator")
    outside = arguments.scores.with_name("outside_recogniser.json")
    scores, seen = (json.loads(f.read_text(encoding="utf-8")) for f in (arguments.scores, outside))
    for file, found in ((arguments.scores, scores), (outside, seen)):
        if found["translator_sha256"] != snapshot.sha256:
            parser.error(f"{file} has the scores of another model")
    card = (arguments.snapshot / CARD).read_text(encoding="utf-8")
    vocabulary = Vocabulary(tuple(snapshot.config["vocabulary"]))
    copy_snapshot(arguments.snapshot, arguments.out, with_scores(card, scores, seen, vocabulary))


def with_scores(
    card: str, scores: Mapping[str, Any], outside: Mapping[str, Any], vocabulary: Vocabulary
) -> str:
    """The card with a section of scores, in place of an older one, before its limits.

    Raises:
        ValueError: it has no section of limits.
    """
    head, limits, tail = card.partition(LIMITS)
    if not limits:
        raise ValueError(f"the card has no section {LIMITS!r}")
    head = head.partition("## Scores")[0]
    return f"{head}{section(scores, outside, vocabulary)}\n{limits}{tail}"


def section(scores: Mapping[str, Any], outside: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    """Scores by direction, by expression (with the recipe that stands for it) and by group of
    people, with 95 % intervals."""
    directions = ("expressions", "as_labelled", "neutralisation")
    there, labelled, back = (scores[direction]["model"] for direction in directions)
    neutral = (back.get("by_people"), scores["neutralisation"]["truth_by_people"])
    full = {key: value for key, value in there.items() if key not in ("ssim", "lpips")}
    data = scores["data"]
    figures = [
        [
            label,
            *(shown(one.get(key, {}).get("all"), times, unit) for one in (full, labelled, back)),
        ]
        for label, key, times, unit in FIGURES
        if key in there
    ]
    by_expression = [
        [
            f"`{vocabulary.names[vocabulary.index(name)]}`",
            shown(interval, 100, "%"),
            shown(labelled["ssim"].get(name), 1, ""),
        ]
        for name, interval in there["accuracy"].items()
        if name != "all"
    ]
    by_group = [
        [
            f"{column}: {group}",
            str(interval["people"]),
            *(shown(one[column][group], 100, "%") for one in (there["by_people"], *neutral)),
        ]
        for column, groups in there.get("by_people", {}).items()
        for group, interval in groups.items()
        if not group.isnumeric()
    ]
    return "\n".join(
        [
            "## Scores",
            "",
            f"What a network that others trained ({outside['network']}) sees in translations of "
            f"neutral photos of {outside['split']} people, and in the unchanged photos:",
            "",
            *table(
                ["people", "all", "unchanged", *vocabulary.expressive],
                [
                    [
                        f"{group['people']} {name}",
                        shown(group["all"]["accuracy"], 100, "%"),
                        shown(group["all"]["unchanged"], 100, "%"),
                        *(
                            shown(group[asked]["accuracy"], 100, "%")
                            for asked in vocabulary.expressive
                        ),
                    ]
                    for name, group in outside["groups"].items()
                ],
            ),
            "Our own figures:",
            "",
            f"{data['people']} {data['split']} people whom training never saw; the packaged "
            "recogniser, which took no part in this training "
            f"(`{scores['recognizer_sha256'][:12]}`); 95 % intervals over people; "
            f"{scores['date']}.",
            "",
            *table(["", "to an expression", "as a real image is labelled", "to neutral"], figures),
            *table(["", "recognised as asked", "SSIM"], by_expression),
            *(
                table(
                    ["group", "people", "recognised as asked", "to neutral", "real neutral images"],
                    by_group,
                )
                if by_group
                else ()
            ),
            f"Made by {MADE}.",
            "",
        ]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def shown(interval: Mapping[str, Any] | None, times: int, unit: str) -> str:
    if interval is None:
        return ""
    digits = 1 if unit else 3
    value, *ends = (
        None if interval[key] is None else f"{times * interval[key]:.{digits}f}"
        for key in ("value", "low", "high")
    )
    between = "" if None in ends else f" ({ends[0]} to {ends[1]})"
    return f"{value}{' ' + unit if unit else ''}{between}"


if __name__ == "__main__":
    main()
