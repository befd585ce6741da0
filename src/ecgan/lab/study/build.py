"""`study build`: chooses the pairs, copies the pictures, writes the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.card import source_card
from ecgan.data.manifest import Manifest, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.files import write_bytes
from ecgan.lab.study.choice import Choice, choose
from ecgan.lab.study.design import (
    IMAGES_NAME,
    Item,
    Kind,
    Study,
    StudyOptions,
    clashes,
    trials,
    write_study,
)
from ecgan.lab.study.pictures import (
    DAMAGES,
    Picture,
    Pixels,
    broken,
    encoded,
    generated_pictures,
    opaque_name,
    picture_sha256,
    read_square,
    real_pictures,
    resized,
    same_length,
)
from ecgan.provenance import command, today, versions
from ecgan.seeding import numpy_generator

MAX_SIZE = 256
"""Side of the paper's images; larger ones are reduced to it unless asked otherwise."""
MIN_SIZE = 32


@dataclass(frozen=True)
class Plan:
    """What a study shall be."""

    pairs: int = 40
    """As many as CycleGAN's study showed of each method, which the paper follows."""
    catch: int = 6
    practice: int = 10
    same_person: bool = True
    split: Split | None = "test"
    """Whose pictures; None: everybody's."""
    sources: tuple[str, ...] = ()
    """Of which sources of the prepared data the real pictures are; empty: of all."""
    size_px: int | None = None
    """None: the side of the smallest picture, at most `MAX_SIZE`."""
    show_ms: int = 1000
    """As in the study of CycleGAN and of Pix2pix before it."""
    fixation_ms: int = 700
    break_every: int = 20
    contact: str | None = None
    seed: int = 0


def build(real: Path, methods: Mapping[str, Path], out: Path, plan: Plan | None = None) -> Study:
    """Write a study folder: `images/` for the page and `study.json`, the key.

    Args:
        real: prepared data.
        methods: a folder of generated pictures by the name of its method.
        out: new folder.
        plan: numbers and rules.

    Raises:
        UsageError: a wrong size, no methods, or `out` has something in it.
        DataError: too few pictures, or one that does not fit.
        ImageError: a picture cannot be read.
    """
    plan = plan or Plan()
    if not methods:
        raise UsageError("a study needs at least one --method NAME=FOLDER")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already, expected a new folder: a study is never changed")
    manifest = load_manifest(real)
    known = {record.subject for record in manifest.select(split=plan.split)}
    counts: dict[Kind, int] = {
        "pair": plan.pairs,
        "catch": plan.catch,
        "practice": plan.practice,
    }
    chosen = choose(
        real_pictures(manifest, plan.split, plan.sources),
        {name: generated_pictures(folder, manifest, known) for name, folder in methods.items()},
        counts,
        same_person=plan.same_person,
        seed=plan.seed,
    )
    copies = _Copies(chosen, plan)
    study = Study(
        settings=StudyOptions(
            seed=plan.seed,
            size_px=copies.size_px,
            show_ms=plan.show_ms,
            fixation_ms=plan.fixation_ms,
            break_every=plan.break_every,
            contact=plan.contact,
        ),
        methods=tuple(methods),
        items=tuple(copies.item(number, choice) for number, choice in enumerate(chosen)),
        pictures=copies.origins,
        credits=_credits(manifest, list(methods.values())),
        facts={"date": today(), "command": command(), "versions": versions()},
    )
    _check_order(study)
    for name, data in same_length(copies.files).items():
        write_bytes(out / IMAGES_NAME / f"{name}.jpg", data, durable=False)
    write_study(study, out)
    return study


class _Copies:
    """The chosen pictures under opaque names, and where each comes from."""

    def __init__(self, chosen: Sequence[Choice], plan: Plan) -> None:
        self.files: dict[str, bytes] = {}
        self.origins: dict[str, dict[str, str]] = {}
        self._seed = plan.seed
        pictures = [p for choice in chosen for p in (choice.real, *choice.generated.values())]
        self._pixels = {picture.path: read_square(picture) for picture in pictures}
        smallest = min(pixels.shape[0] for pixels in self._pixels.values())
        self.size_px = plan.size_px or min(smallest, MAX_SIZE)
        if not MIN_SIZE <= self.size_px <= smallest:
            raise UsageError(
                f"the size takes {MIN_SIZE} to {smallest} pixels here, the side of the smallest "
                f"picture; got {self.size_px}. Pictures that were made larger would stand out"
            )

    def item(self, number: int, choice: Choice) -> Item:
        """The item of a choice; a catch trial's broken pictures are made of its real one."""
        real = self._add(self._at_size(choice.real), choice.real)
        if choice.kind == "catch":
            damage = DAMAGES[number % len(DAMAGES)]
            generator = numpy_generator(self._seed, "broken", number)
            pixels = broken(self._at_size(choice.real), damage, generator)
            fakes: dict[str, str] = {damage: self._add(pixels, choice.real, damage)}
        else:
            fakes = {
                method: self._add(self._at_size(picture), picture, method)
                for method, picture in choice.generated.items()
            }
        people = {choice.real.person, *(picture.person for picture in choice.generated.values())}
        return Item(choice.kind, choice.real.expression, tuple(sorted(people)), real, fakes)

    def _at_size(self, picture: Picture) -> Pixels:
        return resized(self._pixels[picture.path], self.size_px)

    def _add(self, pixels: Pixels, picture: Picture, made_by: str = "real") -> str:
        data = encoded(pixels)
        name = opaque_name(data, self._seed)
        if name in self.files:
            raise DataError(
                f"{picture.path} ({made_by}) and {self.origins[name]['file']} "
                f"({self.origins[name]['kind']}) look exactly alike, expected different "
                "pictures; is the method's folder the right one?"
            )
        self.files[name] = data
        self.origins[name] = {
            "kind": made_by,
            "file": picture.name,
            "sha256": picture_sha256(picture),
        }
        return name


def _check_order(study: Study) -> None:
    """Raises DataError where people would be seen in two trials running."""
    order = [trial.item for trial in trials(study, "", 0)]
    if clashes(order):
        people = {person for item in order for person in item.people}
        raise DataError(
            f"the {len(order)} trials show {len(people)} people, too few to keep everybody out of "
            "two trials running; take more people (--split all) or fewer --pairs"
        )


def _credits(manifest: Manifest, folders: Sequence[Path]) -> tuple[str, ...]:
    """Name, attribution and licence of the data and of what the methods wrote, each once."""
    lines = []
    for card in (manifest.card, *(source_card(folder) for folder in folders)):
        stated = [str(card[key]) for key in ("name", "attribution", "licence") if card.get(key)]
        if stated:
            lines.append(". ".join(part.rstrip(".") for part in stated) + ".")
    return tuple(dict.fromkeys(lines))
