"""The bytes of source images, one at a time, from files, zips and tables as they are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from ecgan.data.layouts.source import Place
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.layouts.tree import MAX_MEMBER_BYTES, ZIP_ERRORS
from ecgan.errors import ImageError

MAX_IMAGE_BYTES = 400_000_000
"""Of one image file: more than the largest picture that is taken has as raw pixels."""


class SourceReader:
    """Reads places; keeps one zip and one table open, as one image after another asks for them.

    A table inside a zip is unpacked in passing from row to row: never whole, and from its start
    only where the rows do not come in order.
    """

    def __init__(self) -> None:
        self._archive: zipfile.ZipFile | None = None
        self._archive_path: Path | None = None
        self._table: BinaryIO | None = None
        self._table_key: tuple[Path, str | None] | None = None

    def read(self, place: Place) -> bytes:
        """The bytes of an image file, or the line of a row.

        Raises:
            ImageError: it cannot be read, or is too large to be a photo.
        """
        shown = place.path if place.member is None else f"{place.path}: {place.member}"
        try:
            if place.offset is not None:
                table = self._open_table(place)
                table.seek(place.offset)
                return table.readline(MAX_ROW_BYTES)
            with self._open(place) as file:
                data = file.read(MAX_IMAGE_BYTES + 1)
        except ZIP_ERRORS as error:
            self._close()
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ImageError(f"{shown} cannot be read: {reason}") from None
        if len(data) > MAX_IMAGE_BYTES:
            raise ImageError(f"{shown} has more than {MAX_IMAGE_BYTES} bytes: make it smaller")
        return data

    def _open(self, place: Place) -> BinaryIO:
        if place.member is None:
            return place.path.open("rb")
        if self._archive is None or self._archive_path != place.path:
            self._close()
            self._archive, self._archive_path = zipfile.ZipFile(place.path), place.path
        if self._archive.getinfo(place.member).file_size > MAX_MEMBER_BYTES:
            raise ValueError(f"more than {MAX_MEMBER_BYTES} bytes unpacked")
        return cast(BinaryIO, self._archive.open(place.member))

    def _open_table(self, place: Place) -> BinaryIO:
        key = (place.path, place.member)
        if self._table is None or self._table_key != key:
            self._table, self._table_key = self._open(place), key
        return self._table

    def _close(self) -> None:
        for file in (self._table, self._archive):
            if file is not None:
                file.close()
        self._archive = self._archive_path = self._table = self._table_key = None
