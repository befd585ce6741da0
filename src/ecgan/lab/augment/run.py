"""`augment`: brings every expression to the same number of training images."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, load_manifest, write_manifest
from ecgan.data.sources import check_out
from ecgan.errors import UsageError
from ecgan.files import remove_parts, sha256_file, write_bytes, write_json, write_lines
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from ecgan.lab.augment.maker import SOURCE, AugmentOptions, Maker, candidates
from ecgan.ledger import Ledger, read_ledger

CARDS_NAME = "cards.jsonl"
REPORT_NAME = "report.json"
LEDGER_NAME = ".augment.jsonl"
Progress = Callable[[int, int], None]
"""Called with the images kept and the images wanted."""


@dataclass(frozen=True)
class AugmentReport:
    """Counts of training images."""

    before: dict[str, int]
    after: dict[str, int]
    tried: int
    kept: int
    rejected_by_reason: dict[str, int]


def augment(
    data: Path,
    out: Path,
    options: AugmentOptions,
    *,
    model: str | Path | None = None,
    recognizer: str | Path | None = None,
    progress: Progress | None = None,
) -> AugmentReport:
    """Write `out`: the prepared `data`, and translated training people beside them.

    Every expression of the translator is brought to the same number of training images: neutral
    images of the training people in turn are given the expression, expressive ones are brought
    back to neutral. People of the other splits are never translated. An image is kept if the
    recogniser sees what was asked for, eyes and nose are where they were, nothing changed outside
    of the face, and no other training person looks more like it; `cards.jsonl` has the
    report card of each that was tried. The same call again goes on where it was stopped; when all
    is done it changes nothing.

    Args:
        data: prepared data.
        out: new folder, or one that the same call has begun.
        options: how many, how strong, how good.
        model: translator folder or hub id; None: the packaged one.
        recognizer: sees whether the expression is there; None: the packaged one.
        progress: told about each image.

    Raises:
        UsageError: `out` does not fit, or was begun with other settings.
        DataError: no prepared data, nobody to translate, or another process is at work in `out`.
        SnapshotError: a model folder that is missing, damaged or of the wrong kind.
    """
    manifest = load_manifest(data)
    check_out(out, "augment", begun=(out / LEDGER_NAME).exists())
    recognizer_model = Recognizer.load(recognizer)
    translator = Translator.load(model, recognizer=recognizer_model)
    names = recognizer_model.vocabulary.names
    known = [name for name in translator.vocabulary.expressions if name in names]
    found = Counter(record.expression for record in manifest.select(split="train"))
    before = {name: found[name] for name in known}
    per_class = options.per_class or max(before.values())
    wanted = {name: max(0, per_class - before[name]) for name in known}
    about = {
        "manifest": sha256_file(data / MANIFEST_NAME),
        "model": translator.sha256,
        "recognizer": recognizer_model.sha256,
        "settings": asdict(options),
    }
    out.mkdir(parents=True, exist_ok=True)
    cards: list[dict[str, Any]] = []
    kept: list[Record] = []
    with Ledger(out / LEDGER_NAME, "ecgan augment") as ledger:
        done = _done(ledger, out / LEDGER_NAME, about)
        remove_parts(out)
        _link_images(manifest, out)
        maker = Maker(manifest, out, translator, options)
        for name, number in wanted.items():
            left = number
            for candidate in candidates(manifest, name, number, options):
                if not left:
                    break
                if candidate.image not in done:
                    card, record = maker.make(candidate)
                    ledger.add({"card": card, "record": record and asdict(record)})
                    done[candidate.image] = card, record
                card, record = done[candidate.image]
                cards.append(card)
                if record is not None:
                    kept.append(record)
                    left -= 1
                    if progress is not None:
                        progress(len(kept), sum(wanted.values()))
    report = AugmentReport(
        before=before,
        after={name: before[name] + sum(r.expression == name for r in kept) for name in known},
        tried=len(cards),
        kept=len(kept),
        rejected_by_reason=dict(Counter(c["rejected"] for c in cards if c["rejected"])),
    )
    write_lines(out / CARDS_NAME, (json.dumps(card) + "\n" for card in cards))
    write_json(out / REPORT_NAME, asdict(report))
    card = _card(manifest.card, translator, about)
    write_manifest(Manifest(out, (*manifest.records, *kept), card))
    return report


def _done(
    ledger: Ledger, path: Path, about: Mapping[str, Any]
) -> dict[str, tuple[dict[str, Any], Record | None]]:
    """Report card and record of each candidate that was tried, by its image. The first line of the
    ledger says what it was begun with.

    Raises:
        UsageError: the ledger belongs to another call.
    """
    lines: list[dict[str, Any]] = []
    read_ledger(path, lines.append)
    if not lines:
        ledger.add(about)
    elif lines[0] != about:
        raise UsageError(
            f"{path.parent} was begun with other data, models or settings; "
            "give the same, or another --out"
        )
    return {
        line["card"]["image"]: (line["card"], line["record"] and Record(**line["record"]))
        for line in lines[1:]
    }


def _link_images(manifest: Manifest, out: Path) -> None:
    """The images and masks of the data, as links to the same bytes where the disk allows it."""
    for record in manifest.records:
        for name in (record.image, record.mask):
            target = out / name
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(manifest.root / name, target)
            except OSError:
                write_bytes(target, (manifest.root / name).read_bytes(), durable=False)


def _card(
    given: Mapping[str, Any], translator: Translator, about: Mapping[str, Any]
) -> dict[str, Any]:
    """The card of the data with what was added to them."""
    own = [given.get("synthetic"), f"images of the source {SOURCE!r} were made by a model"]
    credits = [given.get("attribution"), translator.credit]
    return {
        **given,
        "attribution": "; ".join(dict.fromkeys(str(text) for text in credits if text)) or None,
        "synthetic": "; ".join(dict.fromkeys(str(text) for text in own if text)),
        "augmented": dict(about),
    }
