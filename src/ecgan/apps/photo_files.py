"""The photos that a command's arguments name, and where their translations go."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgan.apps.console import about, progress, warn
from ecgan.errors import EcganError, ImageError, MissingExtra, UsageError
from ecgan.image_names import IMAGE_SUFFIXES, JPEG_SUFFIXES, KEPT_VIDEO_SUFFIXES, is_video

if TYPE_CHECKING:
    from ecgan.faces.photo import Photo

KEPT_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp"))
"""Endings that outputs keep; others of JPEG become .jpg, the rest .png."""
NUM_NAMED = 3
"""Files of one kind that a warning names."""
_IGNORED = frozenset(("thumbs.db", "desktop.ini"))
FORMATS = ("keep", "jpg", "png", "webp")
"""Of outputs; `keep`: what the photo is."""
_HEADS = {
    (b"\xff\xd8\xff", b""): (".jpg", ".jpeg"),
    (b"\x89PNG\r\n\x1a\n", b""): (".png",),
    (b"RIFF", b"WEBP"): (".webp",),
}
"""How the first 12 bytes of these formats begin and end, with their suffixes."""


@dataclass(frozen=True)
class PhotoFile:
    path: Path
    below: Path
    """Its folder below the folder argument that it was found in."""

    def output(self, folder: Path, expression: str, file_format: str = "keep") -> Path:
        """`<stem>.<expression>.<suffix>` in `folder`, sub-folders kept.

        `file_format`: one of `FORMATS`.
        """
        suffix = self._suffix() if file_format == "keep" else f".{file_format}"
        from ecgan.expressions import target_in_file_names

        name = f"{self.path.stem}.{target_in_file_names(expression)}{suffix}"
        return folder / self.below / name

    def _suffix(self) -> str:
        """That of the content, spelled as the photo's own where they agree."""
        own = self.path.suffix.lower()
        if is_video(self.path):
            return self.path.suffix if own in KEPT_VIDEO_SUFFIXES else ".mkv"
        head = b""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            head = file.read(12)
        for (start, end), suffixes in _HEADS.items():
            if head.startswith(start) and head.endswith(end):
                return self.path.suffix if own in suffixes else suffixes[0]
        return (
            self.path.suffix if own in KEPT_SUFFIXES else ".jpg" if own in JPEG_SUFFIXES else ".png"
        )


def photo_files(arguments: Sequence[Path], outputs: bool = False) -> list[PhotoFile]:
    """Files as given, whatever their suffix, and the photos of folders (with sub-folders, by name;
    hidden files left out). A warning names what else lies in a folder, by kind.

    `outputs`: of folders take outputs of ecgan too.

    Raises:
        UsageError: a path does not exist.
        ImageError: a folder holds no photo.
    """
    found: dict[Path, PhotoFile] = {}
    for argument in arguments:
        if argument.is_dir():
            folder = _listed(argument)
            for path in folder.photos if not outputs else sorted(folder.photos + folder.outputs):
                below = path.parent.relative_to(argument)
                found.setdefault(path.resolve(), PhotoFile(path, below))
            for line in folder.passed_over(outputs):
                warn(f"{argument}: {line}")
            if not folder.photos and not (outputs and folder.outputs):
                raise ImageError(
                    f"no photos in the folder {argument}; expected .jpg, .png or other images"
                    + (" that are no outputs of ecgan" if folder.outputs else "")
                )
        elif argument.exists():
            found.setdefault(argument.resolve(), PhotoFile(argument, Path()))
        else:
            raise UsageError(
                f"no file or folder {argument}; expected a photo or a folder of photos"
            )
    return list(found.values())


def each_photo(
    title: str, files: Sequence[PhotoFile], tell: Callable[[PhotoFile], dict[str, Any]]
) -> tuple[list[dict[str, Any]], MissingExtra | None]:
    """What `tell` gives for each photo, with progress. It ends early where an extra is missing,
    since no photo would fare better then: that is to be raised once the results are told."""
    results: list[dict[str, Any]] = []
    with progress(title, "photos", lines=False) as report:
        for file in files:
            try:
                results.append(tell(file))
            except MissingExtra as missing:
                return results, missing
            report(len(results), len(files))
    return results, None


def opened(path: Path) -> Photo:
    """`read_photo`, with its notes as warnings."""
    from ecgan.faces.photo import read_photo

    photo = read_photo(path)
    for note in photo.notes:
        warn(about(path, note))
    return photo


@dataclass
class _Folder:
    """What lies in a folder and its sub-folders."""

    photos: list[Path] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)
    others: dict[str, list[Path]] = field(default_factory=dict)
    """By kind."""

    def passed_over(self, outputs: bool) -> Iterator[str]:
        """What to say of it."""
        if self.outputs and outputs:
            yield f"{_counted(self.outputs, 'output')} of ecgan among the photos: synthetic faces"
        elif self.outputs:
            yield (
                f"left out {_counted(self.outputs, 'output')} of ecgan; name them as files to use "
                "them"
            )
        if self.others:
            kinds = (
                f"{len(paths)} {kind} ({_named(paths)})" for kind, paths in self.others.items()
            )
            yield f"passed over {', '.join(kinds)}"


def _listed(root: Path) -> _Folder:
    from ecgan.faces.landmark_files import SUFFIXES as LANDMARK_SUFFIXES
    from ecgan.inference.marking import is_output, sidecar_path

    folder = _Folder()
    images: list[Path] = []
    others: dict[str, list[Path]] = {}

    def unreadable(error: OSError) -> None:
        others.setdefault("unreadable folder", []).append(Path(error.filename))

    for here, folders, names in os.walk(root, onerror=unreadable):
        linked = [name for name in folders if Path(here, name).is_symlink()]
        if linked:
            others.setdefault("linked folder", []).extend(Path(here, name) for name in linked)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(here, name)
            if name.startswith(".") or name.lower() in _IGNORED:
                continue
            if path.suffix.lower() not in IMAGE_SUFFIXES:
                others.setdefault(path.suffix.lower() or "without suffix", []).append(path)
            elif not path.is_file():
                kind = "broken link" if path.is_symlink() else "special file"
                others.setdefault(kind, []).append(path)
            else:
                images.append(path)
    for path in sorted(images):
        (folder.outputs if is_output(path) else folder.photos).append(path)
    used = {sidecar_path(path) for path in folder.outputs}
    used.update(path.with_suffix(suffix) for path in folder.photos for suffix in LANDMARK_SUFFIXES)
    for kind in sorted(others):
        left = sorted(path for path in others[kind] if path not in used)
        if left:
            folder.others[kind] = left
    return folder


def _counted(paths: Sequence[Path], noun: str) -> str:
    return f"{len(paths)} {noun}{'s' if len(paths) > 1 else ''} ({_named(paths)})"


def _named(paths: Sequence[Path]) -> str:
    names = [path.name for path in paths[:NUM_NAMED]]
    return ", ".join(names + ["..."] * (len(paths) > NUM_NAMED))


def check_folder(folder: Path, option: str = "--out") -> None:
    """See that outputs can be written to a folder, the value of an option, without making it.

    Raises:
        UsageError: a file is in the way.
        EcganError: it may not be written to, or there is no room.
    """
    present = folder
    try:
        while not present.exists() and present != present.parent:
            present = present.parent
        if not present.is_dir():
            raise UsageError(f"{option} {present} is a file, expected a folder")
        with tempfile.TemporaryFile(dir=present) as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        raise EcganError(
            f"cannot write to {option} {folder}: {error.strerror}; give another folder"
        ) from None


def parse_format(text: str) -> str:
    """One of `FORMATS`.

    Raises:
        UsageError: anything else.
    """
    name = text.strip().lower().lstrip(".").replace("jpeg", "jpg")
    if name not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {text!r}")
    return name


def check_outputs(
    files: Sequence[PhotoFile], folder: Path, expressions: Sequence[str], file_format: str = "keep"
) -> None:
    """Raises UsageError where two photos share an output, or where a photo would be overwritten."""
    sources = {file.path.resolve() for file in files}
    taken: dict[Path, Path] = {}
    for file in files:
        for expression in expressions:
            output = file.output(folder, expression, file_format)
            if output.resolve() in sources:
                raise UsageError(f"{output} is one of the photos; give another --out")
            other = taken.setdefault(output, file.path)
            if other != file.path:
                raise UsageError(
                    f"{other} and {file.path} would both be written to {output}; rename one, or "
                    "translate them into different folders"
                )
    check_folder(folder)
