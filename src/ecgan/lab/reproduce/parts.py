"""Parts of a reproduction: done once, found again by the hash of what they were made from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecgan.config import Section
from ecgan.errors import UsageError
from ecgan.files import sha256_bytes, write_json, write_text

SETTINGS_NAME = "settings.sha256"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """What a part gives."""

    values: Mapping[str, Any]
    model_sha256: Mapping[str, str] = field(default_factory=dict)
    """Of the networks that it made or used, by name."""


@dataclass(frozen=True)
class Part:
    """One step, from which `results/<name>.json` is written."""

    name: str
    settings: Mapping[str, Any]
    """All that its result depends on, apart from the parts that it needs."""
    make: Callable[[], Made]
    needs: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    """What it writes besides; what other settings wrote there is kept under another name."""
    keeps: tuple[Path, ...] = ()
    """What else must be there for it to be done."""
    seed: int = 0


class Parts:
    """Runs parts in order; a part whose settings are as they were is not done again."""

    def __init__(
        self, out: Path, parts: Sequence[Part], command: str, say: Say, only: str | None = None
    ) -> None:
        """
        Args:
            out: the results are in `out/results`.
            parts: each after those that it needs.
            command: what makes all of them.
            say: takes lines of progress.
            only: name of one part, to do that and what it needs.

        Raises:
            UsageError: there is no part `only`.
        """
        known = {part.name: part for part in parts}
        if only is not None and only not in known:
            raise UsageError(f"no part {only!r}, expected one of {', '.join(known)}")
        wanted = set(known if only is None else [only])
        for part in reversed(parts):
            wanted |= set(part.needs) if part.name in wanted else set()
        self._chosen = [part for part in parts if part.name in wanted]
        self._results = out / "results"
        self._command = command
        self._say = say
        self._sha256: dict[str, str] = {}
        for part in parts:
            needed = [self._sha256[need] for need in part.needs]
            self._sha256[part.name] = settings_sha256(
                {"part": part.name, "settings": part.settings, "needs": needed}
            )

    def run(self) -> int:
        """Do what is not done; returns how many were done."""
        done = 0
        for number, part in enumerate(self._chosen, start=1):
            title = f"[{number:>2}/{len(self._chosen)}] {part.name}"
            if self._is_done(part):
                self._say(f"{title}: done before")
                continue
            self._say(f"{title} ...")
            self._say(f"{title}: {duration(self._do(part))}")
            done += 1
        return done

    def _is_done(self, part: Part) -> bool:
        """Whether the result of these settings, and what was written with it, is there.

        A mere result may lie under another name, and is taken from there. What is more is made
        again, which finds its own folders again and is quick.
        """
        file, sha256 = self._results / f"{part.name}.json", self._sha256[part.name]
        if _settings_of(file) == sha256:
            return all(path.is_dir() for path in (*part.folders, *part.keeps))
        kept = kept_name(file, sha256)
        if part.folders or part.keeps or _settings_of(kept) != sha256:
            return False
        _put_aside(file)
        kept.rename(file)
        return True

    def _do(self, part: Part) -> float:
        """Returns how many seconds it took."""
        file, sha256 = self._results / f"{part.name}.json", self._sha256[part.name]
        for folder in part.folders:
            enter_folder(folder, sha256, self._say)
        began = time.perf_counter()
        made = part.make()
        seconds = time.perf_counter() - began
        if _settings_of(file) != sha256:
            _put_aside(file)
        result = {
            "part": part.name,
            "settings_sha256": sha256,
            "settings": part.settings,
            "seconds": round(seconds, 1),
            "seed": part.seed,
            "command": f"{self._command} --only {part.name}",
            "model_sha256": dict(made.model_sha256),
            "values": made.values,
        }
        write_json(file, result)
        return seconds


def kept_name(path: Path, sha256: str) -> Path:
    """Where a file or folder of these settings lies while others have its place: in `kept/`."""
    return path.parent / "kept" / f"{path.stem}-{sha256[:16]}{path.suffix}"


def enter_folder(folder: Path, sha256: str, say: Say) -> None:
    """Make `folder` ready for work under some settings: what the same settings left is there, what
    others left is kept beside it (`kept_name`), to be found again by these. Nothing is deleted.

    Raises:
        UsageError: the folder has something in it that no reproduction put there.
    """
    mark = folder / SETTINGS_NAME
    before = mark.read_text(encoding="utf-8").strip() if mark.is_file() else None
    if before == sha256:
        return
    if before is not None:
        aside = kept_name(folder, before)
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
        say(f"    {folder.name} of other settings is kept in {aside}")
    elif folder.exists():
        foreign = [path.name for path in folder.iterdir() if path.suffix != ".part"]
        if foreign:
            raise UsageError(
                f"{folder} has {foreign[0]!r} in it and was not begun by `ecgan reproduce`; give "
                "another --out"
            )
    kept = kept_name(folder, sha256)
    if kept.is_dir() and not folder.exists():
        kept.rename(folder)
    write_text(mark, sha256 + "\n")


def settings_sha256(settings: Any) -> str:
    """Of plain JSON values, whatever the order of their keys."""
    return sha256_bytes(json.dumps(settings, sort_keys=True).encode())


def chosen_settings(config: Section) -> dict[str, Any]:
    """What was set to other values than the defaults, for a hash: a later version with one more
    option finds again what this one made."""
    return config.model_dump(mode="json", exclude_defaults=True)


def duration(seconds: float) -> str:
    """`9 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _settings_of(file: Path) -> str | None:
    """Hash that a result names; None where there is none."""
    try:
        sha256: str | None = json.loads(file.read_text(encoding="utf-8"))["settings_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sha256


def _put_aside(file: Path) -> None:
    """Keep a result of other settings under another name."""
    if before := _settings_of(file):
        kept = kept_name(file, before)
        kept.parent.mkdir(exist_ok=True)
        file.rename(kept)
