"""The files of a source by name, whether they lie in a folder or in a zip that stays packed."""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Self

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.entries import Form, Place, Rejection, is_image_name, source_name
from ecgan.errors import DataError

MAX_MEMBER_BYTES = 1 << 30
"""Unpacked size up to which a member of a zip is read; the tables of large sets stay below."""
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # NotImplementedError and what zipfile raises for a password
    ArithmeticError,
    KeyError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
"""What the zip library raises for a damaged archive."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_MAX_PART_BYTES = 200
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


class Tree:
    """A source's files: names with forward slashes, in a fixed order, hidden ones left out."""

    def __init__(self, root: Path, archive: zipfile.ZipFile | None = None) -> None:
        """Of a folder, or of an open zip."""
        self.root = root
        self.source = source_name(root)
        self.rejected: list[Rejection] = []
        """Files that no layout gets to see, with the reason."""
        self._archive = archive
        self._hidden: list[str] = []
        self._used = DiskDict()
        self.names: Collection[str] = DiskDict.fromkeys(
            self._folder_names() if archive is None else self._zip_names(archive.infolist())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        if self._archive is not None:
            self._archive.close()

    @property
    def image_names(self) -> Iterator[str]:
        """The names that end like an image file."""
        return filter(is_image_name, self.names)

    def use(self, name: str) -> None:
        """Note that somebody has seen to a file: `passed_over` does not name it."""
        self._used[name] = ""

    def passed_over(self) -> Iterator[str]:
        """Files that are neither images taken nor rejected ones nor lists that were read, and what
        is hidden."""
        for name in self.names:
            if name not in self._used:
                yield name
        yield from self._hidden

    def place(self, name: str, offset: int | None = None, form: Form = "photo") -> Place:
        """Where an image's bytes lie: a file of this tree, or the row of it at `offset`."""
        self.use(name)
        if self._archive is None:
            return Place(self.root / name, offset=offset, form=form)
        return Place(self.root, member=name, offset=offset, form=form)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file for reading. Raises DataError where it cannot be read or, by whoever decodes it,
        is not UTF-8."""
        try:
            archive = self._archive
            with archive.open(name) if archive else (self.root / name).open("rb") as file:
                yield file
        except UnicodeDecodeError:
            raise DataError(f"{self.root}: expected UTF-8 text in {name}") from None
        except ZIP_ERRORS as error:
            if self._archive is None and isinstance(error, OSError):
                raise DataError(f"cannot read {self.root / name}: {error.strerror}") from None
            raise DataError(f"{self.root}: cannot read {name}: {error}") from None

    def lines(self, name: str, max_bytes: int) -> Iterator[tuple[int, str]]:
        """Each line of a text file with the place of its first byte; longer ones come in parts.
        Raises DataError as `open` does."""
        with self.open(name) as file:
            offset = 0
            while line := file.readline(max_bytes):
                yield offset, line.decode("utf-8-sig" if offset == 0 else "utf-8")
                offset += len(line)

    def shown(self, name: str) -> str:
        """A file as reports name it, which is what its reader has to say of it."""
        self.use(name)
        return f"{self.source}/{name}"

    def reject(self, name: str, reason: str, message: str) -> Rejection:
        """A file, or a line of one, that its reader leaves out."""
        return Rejection(self.shown(name), reason, message)

    def _folder_names(self) -> Iterator[str]:
        """The names of a folder's files; the others go to `rejected` or `_hidden`."""

        def reject(path: str | Path, reason: str, message: str) -> None:
            shown = _printable(Path(path).relative_to(self.root).as_posix())
            self.rejected.append(Rejection(f"{self.source}/{shown}", reason, message))

        def cannot_list(error: OSError) -> None:
            message = f"cannot look into this folder: {error.strerror}"
            reject(error.filename, "unreadable", message)

        visited = set()
        for where, inner, files in os.walk(self.root, onerror=cannot_list, followlinks=True):
            real = os.path.realpath(where)
            if real in visited:
                inner.clear()
                continue
            visited.add(real)
            below = Path(where).relative_to(self.root)
            hidden = {name for name in chain(inner, files) if name.startswith(".")}
            self._hidden += (_printable((below / name).as_posix()) for name in sorted(hidden))
            inner[:] = sorted(name for name in inner if name not in hidden)
            for file in sorted(name for name in files if name not in hidden):
                problem = _file_problem(Path(where, file))
                if problem is None:
                    yield (below / file).as_posix()
                else:
                    reject(Path(where, file), *problem)

    def _zip_names(self, members: Sequence[zipfile.ZipInfo]) -> list[str]:
        """The names of a zip's files; the others go to `rejected` or `_hidden`."""
        times = Counter(member.orig_filename.casefold() for member in members)
        names: list[str] = []
        for member in members:
            problem = _problem(member)
            if problem is None and times[member.orig_filename.casefold()] > 1:
                problem = "the zip has two members of this name"
            if problem is not None:
                shown = member.orig_filename.encode("unicode_escape").decode()
                self.rejected.append(Rejection(f"{self.source}/{shown}", "unsafe", problem))
            elif not member.is_dir():
                (self._hidden if _is_hidden(member.filename) else names).append(member.filename)
        return sorted(names, key=_walk_order)


def open_tree(root: Path) -> Tree:
    """The files of a folder (links to folders are followed, once) or of a `.zip`.

    Of a folder, what is no plain file (a link to nothing, a pipe, which would keep a reader waiting
    for ever) and inner folders that cannot be looked into are rejected by name. Of a zip, members
    that could lead out of it, that hide what they are, or that unpack to more than
    `MAX_MEMBER_BYTES` are.

    Raises:
        DataError: neither a folder nor a zip that can be read.
    """
    if root.is_dir():
        return Tree(root)
    if root.suffix.lower() == ".zip" and root.is_file():
        try:
            return Tree(root, zipfile.ZipFile(root))
        except ZIP_ERRORS as error:
            raise DataError(f"{root} is no zip file, or a damaged one: {error}") from None
    raise DataError(f"{root} is not a folder and not a .zip file; give the folder of a data set")


def _printable(name: str) -> str:
    """A name with the bytes that are not UTF-8 escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def _file_problem(path: Path) -> tuple[str, str] | None:
    """Reason and message where a path leads to no plain file, or cannot be written down."""
    if _printable(str(path)) != str(path):
        return "unreadable", "the name is not UTF-8; rename it"
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return "missing", "a link to a file that is not there"
    except OSError as error:
        return "unreadable", f"cannot be looked at: {error.strerror}"
    if not stat.S_ISREG(kind):
        return "special", "a pipe, socket or device, expected a plain file"
    return None


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Why a member is not read; None where nothing is wrong with it."""
    name = member.orig_filename
    parts = name.removesuffix("/").split("/")
    kind = stat.S_IFMT(member.external_attr >> 16)
    checks = (
        (name.startswith(("/", "\\")), "an absolute path"),
        (re.match(r"[A-Za-z]:", name) is not None, "a path with a drive letter"),
        (".." in re.split(r"[/\\]", name), "a path with '..', which leads out of the zip"),
        ("\\" in name, "a name with a backslash"),
        (not name.isprintable(), "a name with control characters"),
        ("" in parts or "." in parts, "a path with an empty part"),
        (any(len(part.encode()) > _MAX_PART_BYTES for part in parts), "a name that is too long"),
        (any(part.endswith((" ", ".")) for part in parts), "a name that ends in a space or a dot"),
        (any(_DEVICES.match(part) for part in parts), "the name of a device"),
        (kind == stat.S_IFLNK, "a link"),
        (kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK), "a special file"),
        (bool(member.flag_bits & 1), "encrypted: unpack it with its password"),
        (member.compress_type not in _METHODS, "packed by a method that is not supported"),
        (
            member.file_size > MAX_MEMBER_BYTES,
            f"{member.file_size} bytes unpacked, at most {MAX_MEMBER_BYTES}",
        ),
    )
    for wrong, what in checks:
        if wrong:
            return f"the zip member has {what}" if what.startswith(("a ", "an ")) else what
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or any(part.startswith(".") for part in name.split("/"))


def _walk_order(name: str) -> tuple[object, ...]:
    """Sorts names as a walk meets them: the files of a folder before its folders."""
    *folders, file = name.split("/")
    return (*((1, folder) for folder in folders), (0, file))
