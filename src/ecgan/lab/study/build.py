"""`study build`: chooses the pairs, copies the pictures, writes the key."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.card import source_card
from ecgan.data.manifest import Manifest, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes, sha256_file, write_bytes
from ecgan.lab.study.choice import Choice, Picture, choose, generated_pictures, real_pictures
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
from ecgan.provenance import command, today, versions
from ecgan.seeding import numpy_generator

MAX_SIZE = 256
"""Side of the paper's images; larger ones are reduced to it unless asked otherwise."""
MIN_SIZE = 32
DAMAGES = ("scrambled", "warped")
_BLOCKS = 8
Pixels = NDArray[np.uint8]


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
    # Generated pictures are smoother, and their files would be shorter: all are filled up to the
    # longest with zeros behind the end of the image, where no decoder looks.
    longest = max(map(len, copies.files.values()))
    for name, data in copies.files.items():
        filled = data.ljust(longest, b"\0")
        write_bytes(out / IMAGES_NAME / f"{name}.jpg", filled, durable=False)
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
        """The item of a choice; a catch trial's broken picture is made of its real one."""
        real = self._add(choice.real, "real")
        fakes = {name: self._add(picture, name) for name, picture in choice.generated.items()}
        if choice.kind == "catch":
            damage = DAMAGES[number % len(DAMAGES)]
            random = numpy_generator(self._seed, "broken", number)
            fakes[damage] = self._add(choice.real, damage, random)
        people = {choice.real.person, *(picture.person for picture in choice.generated.values())}
        return Item(choice.kind, choice.real.expression, tuple(sorted(people)), real, fakes)

    def _add(
        self, picture: Picture, made_by: str, breaks: np.random.Generator | None = None
    ) -> str:
        """Name of a copy, which depends on its bytes alone, not on what it is: a JPEG without
        metadata and in full colour resolution; broken by `made_by` where there is a generator."""
        pixels = resized(self._pixels[picture.path], self.size_px)
        if breaks is not None:
            pixels = broken(pixels, made_by, breaks)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
        data = buffer.getvalue()
        name = sha256_bytes(f"{self._seed}:".encode() + data)[:20]
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
            "sha256": sha256_file(picture.path),
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


def read_square(picture: Picture) -> Pixels:
    """(side, side, 3) RGB.

    Raises:
        DataError: the picture is not square, so it is not aligned as prepared data are.
        ImageError: it cannot be read.
    """
    pixels = read_photo(picture.path).pixels
    height, width = pixels.shape[:2]
    if height != width:
        raise DataError(
            f"{picture.path} has {width} x {height} pixels, expected a square face as in prepared "
            "data: real and generated pictures must be cut alike"
        )
    return pixels


def resized(pixels: Pixels, size_px: int) -> Pixels:
    """The picture at another side; Lanczos, as where prepared data are reduced."""
    image = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8)


def broken(pixels: Pixels, damage: str, generator: np.random.Generator) -> Pixels:
    """A picture that nobody takes for real: its 8 x 8 blocks shuffled, or bent by steep waves."""
    side = pixels.shape[0]
    if damage == "scrambled":
        n, px = _BLOCKS, side // _BLOCKS
        blocks = pixels[: n * px, : n * px].reshape(n, px, n, px, 3).swapaxes(1, 2)
        mixed = generator.permutation(blocks.reshape(n * n, px, px, 3)).reshape(n, n, px, px, 3)
        return resized(mixed.swapaxes(1, 2).reshape(n * px, n * px, 3), side)
    phase_x, phase_y = generator.uniform(0, 2 * np.pi, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float64) / side
    from_x = x + 0.14 * np.sin(2 * np.pi * 2.5 * y + phase_x)
    from_y = y + 0.14 * np.sin(2 * np.pi * 2.5 * x + phase_y)
    rows = np.clip(np.rint(from_y * side), 0, side - 1).astype(np.int64)
    columns = np.clip(np.rint(from_x * side), 0, side - 1).astype(np.int64)
    warped: Pixels = pixels[rows, columns]
    return warped
