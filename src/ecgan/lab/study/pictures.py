"""Pictures of a study: real ones of prepared data and generated ones of folders; as raters get
them, in one size, one encoding and one length of file; and broken ones."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.expressions import canonical_expression, expression_of
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes, sha256_file
from ecgan.image_names import IMAGE_SUFFIXES

Pixels = NDArray[np.uint8]
Damage = Literal["scrambled", "warped"]
DAMAGES: tuple[Damage, ...] = ("scrambled", "warped")
JPEG_QUALITY = 95
_BLOCKS = 8
_NAME_DIGITS = 20


@dataclass(frozen=True)
class Picture:
    """One picture that could be shown."""

    path: Path
    name: str
    """Relative to the folder that was given, with forward slashes."""
    person: str
    expression: str


def real_pictures(
    manifest: Manifest, split: Split | None, sources: Sequence[str] = ()
) -> tuple[Picture, ...]:
    """The pictures of one split (None: of all), of some sources or of all, in manifest order.

    Raises:
        UsageError: there is no such source.
        DataError: nothing is left.
    """
    known = sorted({record.source for record in manifest.records})
    for source in sources:
        if source not in known:
            raise UsageError(f"no source {source!r} in {manifest.root}; it has {', '.join(known)}")
    found = tuple(
        _of_record(manifest, record)
        for record in manifest.select(split=split)
        if not sources or record.source in sources
    )
    if not found:
        raise DataError(
            f"the {split} split of {manifest.root} has no such images; take --split all, or "
            "prepare more people"
        )
    return found


def generated_pictures(
    folder: Path, real: Manifest, people: Collection[str]
) -> tuple[Picture, ...]:
    """What a method made of these people of the real data, by name; either of

    - prepared data, from which what the real data have byte for byte is left out;
    - `<expression>/<person>*`, the person as the real data name them and then a separator;
    - `<person>*.<expression>.<suffix>`, as `ecgan translate DATA/images` writes.

    Pictures of other people, and of expressions that the real data do not know, are left out.

    Raises:
        DataError: there is no such folder, or no such picture in it.
    """
    if (folder / MANIFEST_NAME).exists():
        manifest = load_manifest(folder)
        original = {record.sha256 for record in real.records}
        records = [record for record in manifest.records if record.sha256 not in original]
        made = tuple(_of_record(manifest, record) for record in records)
    else:
        made = _class_folders(folder, real)
    found = tuple(picture for picture in made if picture.person in people)
    if not found:
        raise DataError(
            f"no generated pictures of these {len(people)} people in {folder}; expected prepared "
            "data, "
            "<expression>/<person>_1.png or <person>_1.<expression>.png, the people named as in "
            f"{real.root / MANIFEST_NAME}"
        )
    return found


def picture_sha256(picture: Picture) -> str:
    """Raises DataError where the file is missing."""
    try:
        return sha256_file(picture.path)
    except OSError as error:
        raise DataError(f"cannot read {picture.path}: {error.strerror}") from None


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
    if pixels.shape[0] == size_px:
        return pixels
    image = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8)


def encoded(pixels: Pixels) -> bytes:
    """A JPEG without any metadata and with full colour resolution."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def same_length(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files filled up to the longest with zeros behind the end of the image, where no decoder
    looks: generated pictures are smoother, and their files would be shorter."""
    longest = max(map(len, files.values()), default=0)
    return {name: data.ljust(longest, b"\0") for name, data in files.items()}


def opaque_name(data: bytes, seed: int) -> str:
    """Name of a picture that depends on its bytes alone, not on what it is."""
    return sha256_bytes(f"{seed}:".encode() + data)[:_NAME_DIGITS]


def broken(pixels: Pixels, damage: Damage, generator: np.random.Generator) -> Pixels:
    """A picture that nobody takes for real: its 8 x 8 blocks shuffled, or bent by steep waves."""
    if damage == "scrambled":
        return _scrambled(pixels, generator)
    return _warped(pixels, generator)


def _of_record(manifest: Manifest, record: Record) -> Picture:
    return Picture(manifest.image_path(record), record.image, record.subject, record.expression)


def _class_folders(folder: Path, real: Manifest) -> tuple[Picture, ...]:
    if not folder.is_dir():
        raise DataError(f"no folder {folder}; give the folder that a method's pictures are in")
    people = _People(real)
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
            continue
        stem, expression = _labels(name, real.vocabulary.expressions)
        person = people.of(stem)
        if expression is not None and person is not None:
            found.append(Picture(path, name, person, expression))
    return tuple(found)


def _labels(name: str, expressions: Sequence[str]) -> tuple[str, str | None]:
    """Stem and expression of `happy/anna_1.png` or of `neutral/anna_1.happy.png`."""
    *folders, file = name.split("/")
    stem = file.rpartition(".")[0]
    rest, dot, last = stem.rpartition(".")
    target = _expression(last.partition("-")[0]) if dot else ""
    if target in expressions:
        return rest, target
    inner = (_expression(part) for part in reversed(folders))
    return stem, next((label for label in inner if label in expressions), None)


def _expression(text: str) -> str:
    return expression_of(canonical_expression(text))


class _People:
    """Finds whom a file shows by its stem: a prepared image's, or a person's name and more."""

    def __init__(self, real: Manifest) -> None:
        self._by_stem: dict[str, str | None] = {}
        for record in real.records:
            stem = Path(record.image).stem
            same = self._by_stem.get(stem, record.subject) == record.subject
            self._by_stem[stem] = record.subject if same else None
        names = {record.subject for record in real.records}
        self._names = sorted(names, key=lambda name: (-len(name), name))

    def of(self, stem: str) -> str | None:
        """The longest name that fits; None where none does."""
        known = self._by_stem.get(stem)
        if known is not None:
            return known
        for name in self._names:
            if stem == name or (stem.startswith(name) and not stem[len(name)].isalnum()):
                return name
        return None


def _scrambled(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    side = pixels.shape[0] // _BLOCKS
    blocks = [
        pixels[row * side : (row + 1) * side, column * side : (column + 1) * side]
        for row in range(_BLOCKS)
        for column in range(_BLOCKS)
    ]
    shuffled = [blocks[int(i)] for i in generator.permutation(len(blocks))]
    rows = [np.hstack(shuffled[i : i + _BLOCKS]) for i in range(0, len(shuffled), _BLOCKS)]
    return resized(np.vstack(rows), pixels.shape[0])


def _warped(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    side = pixels.shape[0]
    phase_x, phase_y = generator.uniform(0, 2 * np.pi, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float64) / side
    from_x = x + 0.14 * np.sin(2 * np.pi * 2.5 * y + phase_x)
    from_y = y + 0.14 * np.sin(2 * np.pi * 2.5 * x + phase_y)
    rows = np.clip(np.rint(from_y * side), 0, side - 1).astype(np.int64)
    columns = np.clip(np.rint(from_x * side), 0, side - 1).astype(np.int64)
    warped: Pixels = pixels[rows, columns]
    return warped
