"""What the numbers are made of: data and credits, plan, work done, sources of every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgan.lab.reproduce.page.contents import SHORT, Contents, Missing, listed, mapping, objects
from ecgan.lab.reproduce.page.labels import NOTHING, Code, number, seconds, style_of
from ecgan.lab.reproduce.page.tables import Context

Row = Sequence[Any]

_SPLITS = ("train", "val", "test")
_FIRST = ("name", "licence", "license", "attribution", "synthetic", "notice", "terms")
_RECOGNISERS = {
    "features": "for the context loss, and to tell what an input shows",
    "judge": "for the VGG score, t-SNE, the two-sample test and all scores",
}


def data_card(contents: Contents) -> Context:
    """Whose data these are, how many people and images, and the credit lines."""
    data, card = contents.data, contents.card
    counts = [
        (kind, *(mapping(data.get(kind)).get(split, NOTHING) for split in _SPLITS))
        for kind in ("people", "images")
    ]
    facts: list[tuple[str, Any]] = [
        ("folder", data.get("path", NOTHING)),
        ("manifest sha256", Code(data.get("manifest_sha256", NOTHING))),
        ("image size", f"{data.get('size', NOTHING)} pixels"),
        ("expressions", _plain(data.get("expressions"))),
    ]
    keys = dict.fromkeys([*(key for key in _FIRST if key in card), *card])
    facts += [
        (key.replace("_", " "), _value(card[key]))
        for key in keys
        if key not in ("expressions", "sources")
    ]
    facts += [
        (f"source {one.get('source', '')}", _plain(list(one.values())[1:]))
        for one in objects(card.get("sources"))
    ]
    return {
        "credited": any(card.get(key) for key in ("licence", "license", "attribution")),
        "splits": counts,
        "facts": facts,
    }


def comparability(contents: Contents) -> Context:
    """What must not be put beside the paper's own numbers, and why."""
    return {
        "name": contents.name or "the data named above",
        "size": contents.plan.get("size", "?"),
        "people": contents.people.get("train", "?"),
    }


def care(contents: Contents) -> Context:  # noqa: ARG001 - the same for all
    """What the pictures are, and what the models must not be used for: the template's own words."""
    return {}


def plan(contents: Contents) -> Context:
    """Methods, budget, seeds and machine; raises Missing where there is no plan."""
    if contents.no_plan:
        raise Missing(contents.no_plan)
    settings = mapping(contents.plan.get("method_settings"))
    budget = mapping(contents.plan.get("budget"))
    common = listed(budget.get("common"))
    facts = [
        ("command", Code(contents.command)),
        ("seeds", _plain(contents.plan.get("seeds"))),
        ("size", f"{contents.plan.get('size', NOTHING)} pixels"),
        *((key, _value(value)) for key, value in contents.provenance.items()),
    ]
    return {
        "methods": [
            {
                "label": style_of(name).label,
                "key": name,
                "settings": _settings(mapping(settings.get(name)), common),
            }
            for name in contents.methods
        ],
        "equal": listed(contents.plan.get("equal")),
        "not_equal": listed(contents.plan.get("not_equal")),
        "facts": facts,
        "budget": [(key, _value(value)) for key, value in budget.items()],
    }


def work(contents: Contents) -> Context:
    """What was trained and generated, with time and size.

    Raises:
        Missing: there is no such part.
    """
    tables = {"recognisers": _recognisers(contents), "translators": _translators(contents)}
    if not any(tables.values()):
        raise Missing("results/ holds no part that trained or generated anything")
    return tables


def sources(contents: Contents) -> Context:
    """Command, seed, time and models of every part, and the whole hashes of the models."""
    parts = contents.parts.values()
    rows = [
        (
            part.name,
            Code(part.command),
            NOTHING if part.seed is None else part.seed,
            seconds(part.seconds),
            [Code(str(value)[:SHORT], before=key) for key, value in part.model_sha256.items()],
            Code(part.settings_sha256[:SHORT] or NOTHING),
        )
        for part in parts
    ]
    used: dict[str, list[tuple[str, str]]] = {}
    for part in parts:
        for name, sha256 in part.model_sha256.items():
            used.setdefault(str(sha256), []).append((str(name), part.name))
    models = [
        (Code(sha256), *(", ".join(dict.fromkeys(one)) for one in zip(*found, strict=True)))
        for sha256, found in used.items()
    ]
    return {
        "total": seconds(sum(part.seconds or 0 for part in parts)),
        "parts": rows,
        "models": models,
    }


def _recognisers(contents: Contents) -> list[Row]:
    return [
        (
            name,
            purpose,
            part.values.get("images", NOTHING),
            part.values.get("epochs", NOTHING),
            number(part.values.get("accuracy_on_test"), scale=100),
            number(part.values.get("chance"), scale=100),
            seconds(part.seconds),
            Code(str(part.model_sha256.get(name, NOTHING))[:SHORT]),
        )
        for name, purpose in _RECOGNISERS.items()
        if (part := contents.parts.get(name)) is not None
    ]


def _translators(contents: Contents) -> list[Row]:
    rows: list[Row] = []
    for method in contents.methods:
        trained = contents.parts.get(f"train-{method}")
        made = contents.parts.get(f"generate-{method}")
        if trained is None and made is None:
            continue
        learned = trained.values if trained else {}
        images = made.values if made else {}
        runs = learned.get("runs")
        rows.append(
            (
                style_of(method).label,
                len(runs) if isinstance(runs, list) else NOTHING,
                *(learned.get(key, NOTHING) for key in ("steps", "expressive_images_seen")),
                seconds(trained.seconds if trained else None),
                *(
                    images.get(key, NOTHING)
                    for key in ("images", "of_train_people", "of_test_people")
                ),
                seconds(made.seconds if made else None),
            )
        )
    return rows


def _settings(settings: Mapping[str, Any], common: list[Any]) -> str | None:
    """The preset of a method, and what was set over it but for what all have in common."""
    if not settings.get("preset"):
        return None
    own = [str(one) for one in listed(settings.get("overrides")) if one not in common]
    return " ".join([f"preset {settings['preset']}", *own])


def _value(value: Any) -> str | list[str]:
    """Any JSON value in a cell; an object over several lines."""
    if isinstance(value, Mapping):
        return [f"{key}: {_plain(one)}" for key, one in value.items()]
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        value = [f"{key} {_plain(one)}" for key, one in value.items()]
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return NOTHING if value is None else str(value)
