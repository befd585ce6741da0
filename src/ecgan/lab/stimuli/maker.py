"""Makes the stimuli of one photo after another; a stopped run goes on where it was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgan.errors import EcganError, FaceError, MissingExtra, UsageError
from ecgan.faces.alignment import crop, face_mask
from ecgan.faces.change import photo_mask
from ecgan.faces.finder import AlignedFace
from ecgan.faces.photo import Photo, read_photo
from ecgan.faces.photo_writing import write_photo
from ecgan.files import remove_parts, sha256_file, write_json
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.grid import square_around
from ecgan.inference.marking import Mark, sidecar_path, write_marked
from ecgan.inference.results import TranslatedFace
from ecgan.inference.translator import Translator
from ecgan.lab.stimuli.matching import Area, Luminance, Pixels, in_oval, luminance, matched, oval
from ecgan.lab.stimuli.plan import Plan, Series, ids_of

IMAGES, MASKS, RECORDS = "images", "masks", ".stimuli"
PLAN_NAME = "plan.json"
FRAME = 1.0
"""Side of what the contact sheet shows of a whole photo, in sides of the aligned crop."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Source:
    """A photo that a set is made of."""

    path: Path
    below: Path
    """Its path below the folder."""
    id: str
    """Its name in the set."""

    @property
    def person(self) -> str:
        """The sub-folder that it lies in, or else its own name."""
        return self.below.parts[0] if len(self.below.parts) > 1 else self.id


def make_stimuli(
    photos: Sequence[tuple[Path, Path]],
    out: Path,
    plan: Plan,
    translator: Translator,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Make what is not there yet; the record of each photo: `source`, `rows`, `refused`.

    Args:
        photos: the path of each, and the same below the folder.
        out: folder of the set; an earlier run with the same plan is gone on with.
        plan: what to make.
        translator: on a route that brings every face to neutral first.
        progress: called with photos done and their number.

    Raises:
        UsageError: `out` holds a set of another plan.
    """
    ids = ids_of([below for _, below in photos])
    sources = [Source(path, below, name) for (path, below), name in zip(photos, ids, strict=True)]
    facts = {
        "plan": plan.as_json(),
        "model_sha256": translator.sha256,
        "recognizer_sha256": translator.recognizer.sha256,
        "route": translator.route,
    }
    maker = _Maker(out, plan, translator, _resumed(out, facts))
    if plan.equalise and maker.goal is None:
        maker.goal = _mean_luminance(maker, sources)
        goal = {"mean": maker.goal.mean, "contrast": maker.goal.contrast}
        write_json(out / RECORDS / PLAN_NAME, {**facts, "goal": goal})
    records = []
    for source in sources:
        records.append(maker.record(source))
        if progress is not None:
            progress(len(records), len(sources))
    return records


def _resumed(out: Path, facts: Mapping[str, Any]) -> Luminance | None:
    """The luminance that an earlier run of the same plan aimed at; a new plan is written."""
    path = out / RECORDS / PLAN_NAME
    if path.exists():
        remove_parts(out)
        earlier = json.loads(path.read_text())
        for name, value in facts.items():
            if earlier.get(name) != value:
                raise UsageError(f"{out} holds a set with another {name}: give another --out")
        goal = earlier.get("goal")
        return Luminance(**goal) if goal else None
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no set of stimuli: give another --out")
    write_json(path, dict(facts))
    return None


def _mean_luminance(maker: _Maker, sources: Sequence[Source]) -> Luminance:
    """The mean over all photos whose face can be used."""
    found = []
    for source in sources:
        try:
            ready = maker.opened(source)
        except MissingExtra:
            raise
        except EcganError:
            continue  # told when its stimuli are to be made
        pixels, area = maker.shown(ready.photo.pixels, ready.faces[0].aligned)
        found.append(luminance(pixels, area))
    means, contrasts = [one.mean for one in found], [one.contrast for one in found]
    return Luminance(float(np.mean(means or [128])), float(np.mean(contrasts or [32])))


@dataclass
class _Maker:
    out: Path
    plan: Plan
    translator: Translator
    goal: Luminance | None

    def opened(self, source: Source) -> ReadyPhoto:
        """The photo with its largest face, brought to neutral."""
        return self.translator.prepare(read_photo(source.path))

    def record(self, source: Source) -> dict[str, Any]:
        """Of one photo: made, or as an earlier run has made it."""
        path = self.out / RECORDS / f"{source.id}.json"
        start: dict[str, Any] = {"id": source.id, "source": source.below.as_posix()}
        start |= {"person": source.person, "rows": [], "refused": None}
        try:
            sha256 = sha256_file(source.path)
            if path.exists():
                earlier: dict[str, Any] = json.loads(path.read_text())
                if _is_whole(earlier, start | {"sha256": sha256}, self.out):
                    return earlier
            ready = self.opened(source)
            record = start | {"sha256": sha256} | self._made(source, sha256, ready)
        except MissingExtra:
            raise
        except EcganError as error:
            reason = error.reason if isinstance(error, FaceError) else "unusable"
            return start | {"refused": {"reason": reason, "message": str(error)}}
        write_json(path, record)
        return record

    def shown(self, pixels: Pixels, face: AlignedFace) -> tuple[Pixels, Area]:
        """What the set shows of a picture, and where it is measured."""
        size = self.plan.oval_px
        if size is None:
            mask = face_mask(face.points, face.alignment.size)
            return pixels, photo_mask(pixels.shape, face.alignment, mask) > 0.5
        return crop(pixels, face.alignment.scaled(size)), oval(size) >= 1

    def _made(self, source: Source, sha256: str, ready: ReadyPhoto) -> dict[str, Any]:
        face = ready.faces[0].aligned
        photo = like = ready.photo
        if self.plan.oval_px is not None:
            like = replace(photo, alpha=None, encoding=replace(photo.encoding, dpi=None))
        rows: list[dict[str, Any]] = []
        area = np.zeros(0, bool)
        try:
            for series in self.plan.series:
                for level in self.plan.levels:
                    target, strength = series.asked(level)
                    made = self.translator.render(ready, target, strength)
                    pixels, area = self.shown(made.pixels, face)
                    if self.goal is not None:
                        pixels = matched(pixels, area, self.goal)
                    if self.plan.oval_px is not None:
                        pixels = in_oval(pixels)
                    light = luminance(pixels, area)
                    row = self._row(source, sha256, (series, level), made.faces[0], light)
                    mark = self._mark(source, row, face.number)
                    write_marked(self.out / row["stimulus"], pixels, like, mark, durable=False)
                    rows.append(row)
        except EcganError:
            for row in rows:  # all of a photo or nothing
                for path in (self.out / row["stimulus"], sidecar_path(self.out / row["stimulus"])):
                    path.unlink(missing_ok=True)
            raise
        self._write_mask(source, area)
        return {"rows": rows, "box": self._box(photo, face)}

    def _row(
        self,
        source: Source,
        sha256: str,
        step: tuple[Series, int],
        seen: TranslatedFace,
        light: Luminance,
    ) -> dict[str, Any]:
        """A line of the manifest; what the recogniser sees, before matching and oval."""
        series, level = step
        target, strength = series.asked(level)
        probabilities = {key: round(value, 4) for key, value in (seen.after or {}).items()}
        return {
            "stimulus": f"{IMAGES}/{source.id}_{series.name}_{level:03d}.png",
            "photo": source.id,
            "person": source.person,
            "source": source.below.as_posix(),
            "source_sha256": sha256,
            "series": series.name,
            "first": series.first,
            "second": series.second,
            "level": level,
            "expression": target,
            "strength": strength,
            "neutralised_first": int(seen.passes > 0),
            **{column(name): value for name, value in probabilities.items()},
            "recognised": max(probabilities, key=lambda name: probabilities[name]),
            "mean_luminance": round(light.mean, 3),
            "contrast": round(light.contrast, 3),
            "model_sha256": self.translator.sha256,
            "recognizer_sha256": self.translator.recognizer.sha256,
        }

    def _mark(self, source: Source, row: Mapping[str, Any], number: int) -> Mark:
        settings = {name: row[name] for name in ("expression", "strength", "level")}
        settings |= {"equalised": self.goal is not None, "oval_px": self.plan.oval_px}
        seen = {name: value for name, value in row.items() if name.startswith("p_")}
        return Mark(
            source=source.path.name,
            source_sha256=row["source_sha256"],
            model_sha256=self.translator.sha256,
            settings={**settings, "route": self.translator.route},
            faces=[{"face": number, "result_probabilities": seen}],
            credit=self.translator.credit,
        )

    def _write_mask(self, source: Source, area: Area) -> None:
        """Where the pictures were measured, so that others can measure them again."""
        pixels = np.repeat(255 * area[..., None].astype(np.uint8), 3, axis=2)
        write_photo(self.out / MASKS / f"{source.id}.png", pixels, durable=False)

    def _box(self, photo: Photo, face: AlignedFace) -> list[int]:
        """What the contact sheet shows of the pictures: left, top, right, bottom."""
        if self.plan.oval_px is not None:
            return [0, 0, self.plan.oval_px, self.plan.oval_px]
        size = face.alignment.size
        x, y = face.alignment.to_photo(np.array([[size / 2, size / 2]]))[0]
        height, width = photo.pixels.shape[:2]
        side = FRAME * size / face.alignment.scale
        return list(square_around((float(x), float(y)), side, width, height))


def column(expression: str) -> str:
    """The manifest's column of an expression's probability: a name that PsychoPy takes."""
    return "p_" + re.sub(r"\W", "_", expression)


def _is_whole(earlier: Mapping[str, Any], wanted: Mapping[str, Any], out: Path) -> bool:
    """Whether a record is of the same photo and all its files are there."""
    same = all(earlier.get(name) == wanted[name] for name in ("sha256", "source", "person"))
    files = [out / row["stimulus"] for row in earlier.get("rows", ())]
    return same and all(file.exists() and sidecar_path(file).exists() for file in files)
