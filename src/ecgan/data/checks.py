"""What cannot be right, or may be wrong, of the labels, people and splits of a `prepare`."""

from __future__ import annotations

from collections.abc import Iterator

from ecgan.data.layouts import Remark, is_usual, nearest_expression, part_of, read_expression
from ecgan.data.manifest import SPLITS
from ecgan.data.report import Results
from ecgan.data.splits import Splits
from ecgan.errors import UsageError

_MAP = "name them in --labels map.yaml (lines such as `name: happy`; `name: null` leaves it out)"
_WHO = "--subject-pattern REGEX or --subjects people.csv"
_MANY = 12
"""Classes from which on they are rather people."""
_SHOWN = 8


def warnings_of(results: Results, splits: Splits) -> list[Remark]:
    """What may be wrong, each with what to do.

    Raises:
        UsageError: people that are expressions, or that stand in two published parts.
    """
    if not results.number("images"):
        text = "no image is left: see why of each, and give the folder that holds the class folders"
        return [Remark("warning", f"{text} (<expression>/<file>, at any depth); {_MAP}")]
    texts = (
        *_of_classes(results.numbers("expression")),
        *_of_people(results),
        *_of_parts(results, splits),
    )
    return [*(Remark("warning", text) for text in texts), *empty_splits(results)]


def empty_splits(results: Results) -> Iterator[Remark]:
    """Splits without people, and what follows from that."""
    people = results.numbers("split", "people")
    total = sum(people.values())
    lost = {
        "train": "nothing can be trained on these data",
        "val": "training cannot choose by validation",
        "test": "nothing can be scored on people that were not trained on",
    }
    for split in SPLITS:
        if not people.get(split):
            yield Remark(
                "warning",
                f"nobody of {total} {'person' if total == 1 else 'people'} is in {split}: "
                f"{lost[split]}; add people, or set the shares with --split 60,20,20",
            )


def _of_classes(classes: dict[str, int]) -> Iterator[str]:
    own = sorted(name for name in classes if not is_usual(name.partition(":")[0]))
    if len(classes) == 1:
        (only,) = classes
        yield (
            f"all images are {only}: nothing can be learned from one expression; give the folder "
            "that holds all class folders, or the other sources too"
        )
    if not own:
        return
    near = [(name, nearest_expression(name)) for name in own[:_SHOWN]]
    said = ", ".join(f"{name} (is it {other}?)" if other else name for name, other in near)
    said += f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else ""
    if len(own) < len(classes):
        yield f"{said}: no known expression, kept as it is beside the others; otherwise {_MAP}"
    else:
        people = " (are these people?)" if len(own) > _MANY else ""
        yield (
            f"no class is a known expression{people}: {said}; expected <expression>/<file> at any "
            f"depth with names such as neutral, happy, sad; {_MAP}"
        )


def _of_people(results: Results) -> Iterator[str]:
    images, people = results.number("images"), results.number("people")
    named, several = results.people_named(_is_class)
    if named and len(named) == several == people:
        raise UsageError(
            f"the people are called {', '.join(named[:_SHOWN])}, which are expressions or parts: "
            f"the rule for people takes the class for the person; mend {_WHO}"
        )
    if named:
        yield (
            f"people are called {', '.join(named[:_SHOWN])}, as expressions are; if they are none, "
            f"say who is on these images with {_WHO}"
        )
    name, most = results.largest_person()
    if people == 1 and images > 1:
        yield (
            f"all {images} images are of one person, {name}, who can be in one split alone; if "
            f"they are not, say who is on which with {_WHO}"
        )
    elif 2 * most > images > 2:
        yield (
            f"{name} is on {most} of {images} images, more than all others together; if that is "
            f"not one person, say who is on which with {_WHO}"
        )


def _is_class(name: str) -> bool:
    reading = read_expression(name)
    return (reading is not None and len(name) > 2) or part_of(name) is not None


def _of_parts(results: Results, splits: Splits) -> Iterator[str]:
    if not splits.use_parts:
        return
    both = results.people_in_two_splits()
    if both:
        raise UsageError(
            f"--use-parts: {len(both)} people stand in two parts ({', '.join(both[:3])}), so that "
            "scores on test would be too good; leave --use-parts out to split by person, or, if "
            f"these are different people, say so with {_WHO}"
        )
    if splits.val_of_train:
        yield (
            "the published parts have no val: people of train go there, by the shares of --split "
            "(--split 100,0,0 leaves train whole)"
        )
