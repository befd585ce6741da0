"""The photos that a command's arguments name, and where their translations go."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.errors import ImageError, UsageError

KEPT_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp"))
"""Formats that outputs keep; others become PNG."""
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
        name = f"{self.path.stem}.{expression.replace(':', '-')}{suffix}"
        return folder / self.below / name

    def _suffix(self) -> str:
        """That of the content, spelled as the photo's own where they agree."""
        own = self.path.suffix.lower()
        head = b""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            head = file.read(12)
        for (start, end), suffixes in _HEADS.items():
            if head.startswith(start) and head.endswith(end):
                return self.path.suffix if own in suffixes else suffixes[0]
        return self.path.suffix if own in KEPT_SUFFIXES else ".png"


def photo_files(arguments: Sequence[Path]) -> list[PhotoFile]:
    """Files as given, whatever their suffix, and the photos of folders (with sub-folders, by name;
    outputs of ecgan and hidden files left out).

    Raises:
        UsageError: a path does not exist.
        ImageError: a folder holds no photo.
    """
    found: dict[Path, PhotoFile] = {}
    for argument in arguments:
        if argument.is_dir():
            inside = [path for path in sorted(argument.rglob("*")) if _is_photo(path, argument)]
            if not inside:
                raise ImageError(
                    f"no photos in the folder {argument}; expected .jpg, .png or other images"
                )
            for path in inside:
                below = path.parent.relative_to(argument)
                found.setdefault(path.resolve(), PhotoFile(path, below))
        elif argument.exists():
            found.setdefault(argument.resolve(), PhotoFile(argument, Path()))
        else:
            raise UsageError(
                f"no file or folder {argument}; expected a photo or a folder of photos"
            )
    return list(found.values())


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
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file, expected a folder")


def _is_photo(path: Path, root: Path) -> bool:
    from ecgan.faces.photo import IMAGE_SUFFIXES

    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    sidecar = path.with_name(path.name + ".json")
    wanted = path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    return wanted and not hidden and not sidecar.exists()
