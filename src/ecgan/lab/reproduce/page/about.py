"""What the numbers are made of: data and credits, plan, sources of every number, limits of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgan.lab.reproduce.page.contents import SHORT, Contents, Missing, mapping, objects
from ecgan.lab.reproduce.page.labels import ABOUT_METHODS, style_of
from ecgan.lab.reproduce.page.markup import (
    Html,
    bullets,
    code,
    details,
    join,
    paragraph,
    prose,
    table,
    text,
)
from ecgan.lab.reproduce.page.numbers import NOTHING, seconds
from ecgan.lab.reproduce.paper import CITATION, PAPER_DATA

_FIRST = ("name", "licence", "license", "attribution", "synthetic", "notice", "terms")


def data_card(contents: Contents) -> Html:
    """Whose data these are, how many people and images, and the credit lines."""
    data, card = contents.data, contents.card
    counts = [
        (text(kind), *(text(mapping(data.get(kind)).get(split, NOTHING)) for split in _SPLITS))
        for kind in ("people", "images")
    ]
    splits = table(
        Html("<b>People and images.</b> Nobody is in two splits."),
        [text("Split"), *map(text, _SPLITS)],
        counts,
    )
    facts: list[tuple[Html, Html]] = [
        (text("folder"), text(data.get("path", NOTHING))),
        (text("manifest sha256"), code(data.get("manifest_sha256", NOTHING))),
        (text("image size"), text(f"{data.get('size', '–')} pixels")),
        (text("expressions"), text(_listed(data.get("expressions")))),
    ]
    keys = [*(key for key in _FIRST if key in card), *(key for key in card if key not in _FIRST)]
    facts += [
        (text(key.replace("_", " ")), _value(card[key]))
        for key in keys
        if key not in ("expressions", "sources")
    ]
    facts += [
        (text(f"source {one.get('source', '')}"), text(_listed(list(one.values())[1:])))
        for one in objects(card.get("sources"))
    ]
    about = _facts("Data card.", facts)
    if not any(card.get(key) for key in ("licence", "license", "attribution")):
        warning = text(
            "The card of the data states no licence and no attribution: find both before this page "
            "is shown to anybody."
        )
        return join([paragraph(warning, kind="missing"), splits, about])
    return join([splits, about])


def plan_of(contents: Contents) -> Html:
    """Methods, budget, seeds and machine; raises Missing where there is no plan."""
    if contents.no_plan:
        raise Missing(contents.no_plan)
    settings = mapping(contents.plan.get("method_settings"))
    budget = mapping(contents.plan.get("budget"))
    common = budget.get("common")
    methods = bullets(
        _method(name, mapping(settings.get(name)), common if isinstance(common, list) else [])
        for name in contents.methods
    )
    provenance = mapping(contents.plan.get("provenance"))
    facts = [
        (text("command"), code(contents.command)),
        (text("seeds"), text(_listed(contents.plan.get("seeds")))),
        (text("size"), text(f"{contents.plan.get('size', NOTHING)} pixels")),
        *((text(str(key)), _value(value)) for key, value in provenance.items()),
    ]
    return join(
        [
            methods,
            _statements("Equal for all methods:", contents.plan.get("equal")),
            _statements("Not equal:", contents.plan.get("not_equal")),
            _facts("Plan.", facts),
            details(
                text("The whole budget"),
                _facts("Budget.", [(text(key), _value(value)) for key, value in budget.items()]),
            ),
        ]
    )


def sources(contents: Contents) -> Html:
    """Command, seed, time and models of every part, and the whole hashes of the models."""
    rows = [
        (
            text(part.name),
            code(part.command or contents.command),
            text(NOTHING if part.seed is None else part.seed),
            text(seconds(part.seconds)),
            join([_hash(*model) for model in part.model_sha256.items()], "<br>"),
            code(part.settings_sha256[:SHORT] or NOTHING),
        )
        for part in contents.parts.values()
    ]
    total = sum(part.seconds or 0 for part in contents.parts.values())
    parts = table(
        join(
            [
                Html("<b>Where each number comes from.</b>"),
                text(
                    f"{len(rows)} parts, {seconds(total)} together. The files are in results/, "
                    "with all digits. All parts are of the data whose card is above."
                ),
            ],
            " ",
        ),
        [text(name) for name in ("Part", "command", "seed", "time", "models", "settings")],
        rows,
        kind="sources",
    )
    names: dict[str, dict[str, None]] = {}
    used: dict[str, list[str]] = {}
    for part in contents.parts.values():
        for name, sha256 in part.model_sha256.items():
            names.setdefault(str(sha256), {})[str(name)] = None
            used.setdefault(str(sha256), []).append(part.name)
    whole = table(
        Html("<b>Models.</b> The sha256 of each snapshot, whole."),
        [text("sha256"), text("called"), text("in the parts")],
        [
            (code(sha256), text(", ".join(called)), text(", ".join(used[sha256])))
            for sha256, called in names.items()
        ],
        kind="sources",
    )
    return join([parts, whole])


def _hash(name: str, sha256: object) -> Html:
    return join([text(name), code(str(sha256)[:SHORT])], " ")


def comparability(contents: Contents) -> Html:
    """What must not be put beside the paper's own numbers, and why."""
    size = contents.plan.get("size", "?")
    people = mapping(contents.data.get("people"))
    name = contents.card.get("name") or contents.data.get("path") or "the data named above"
    return join(
        [
            paragraph(
                text(
                    "The columns marked “the paper, other data” are what the paper printed. They "
                    "are "
                    "here so that nobody must look them up, not to be compared digit by digit:"
                )
            ),
            bullets(
                [
                    text(f"The data differ: the paper used {PAPER_DATA}; here: {name}."),
                    text(
                        f"The size and the budget differ: the paper trained for 200 epochs at 256 "
                        f"pixels; here {size} pixels, {people.get('train', '?')} people to train "
                        "on."
                    ),
                    text("The recogniser differs: the paper's weights are not public."),
                    text(
                        "The paper prints no intervals, and does not say whether its split keeps "
                        "people apart; here no person is in two splits."
                    ),
                    text("Table 1 needs raters; the test in its place is another quantity."),
                    text(
                        "The weights of the paper's losses are not printed; “ECGAN as printed” "
                        "uses "
                        "those of the preset, and the two readings of an equation are settled as "
                        "docs/paper.md says."
                    ),
                ]
            ),
            paragraph(
                text(
                    "What can be compared: the order of the methods within this page, trained by "
                    "one trainer on one budget and the same people, and whether a difference lies "
                    "outside its interval."
                )
            ),
            paragraph(text(f"The paper: {CITATION}."), kind="source"),
        ]
    )


def care() -> Html:
    """What the pictures are, and what the models must not be used for."""
    return join(
        [
            paragraph(
                text(
                    "Every picture with the mark “synthetic” was made by a model: the person never "
                    "made that expression. Inputs and truths are the data's own pictures; the "
                    "licence of the data says where they may be shown."
                )
            ),
            paragraph(text("The models and pictures must not be used")),
            bullets(
                [
                    text(
                        "to tell what a person feels, thinks or intends: an expression that was "
                        "drawn into a face is no evidence of anything, and the recogniser names "
                        "posed expressions alone;"
                    ),
                    text(
                        "to judge people, at work, at school, at a border, in court or anywhere "
                        "else;"
                    ),
                    text(
                        "to show a person with an expression without their consent, or to pass the "
                        "picture off as a photograph;"
                    ),
                    text(
                        "to make identity or emotion recognition better against the will of those "
                        "it is turned on;"
                    ),
                    text("as a measure of groups of people: the data above do not represent any."),
                ]
            ),
        ]
    )


_SPLITS = ("train", "val", "test")


def _facts(title: str, facts: Sequence[tuple[Html, Html]]) -> Html:
    head = [text("Fact"), text("Value")]
    return table(Html(f"<b>{text(title)}</b>"), head, facts, kind="facts")


def _statements(title: str, found: Any) -> Html:
    if not isinstance(found, list) or not found:
        return Html("")
    return join([paragraph(text(title)), bullets(map(prose, found))])


def _method(name: str, settings: Mapping[str, Any], common: Sequence[Any]) -> Html:
    """What a method is, its preset, and what was set over it but for what all have in common."""
    about = ABOUT_METHODS.get(name, "")
    parts = [Html(f"<b>{text(style_of(name).label)}</b>"), code(name), text(about)]
    if settings.get("preset"):
        given = [f"preset {settings['preset']}"]
        overrides = settings.get("overrides")
        own = overrides if isinstance(overrides, list) else []
        given += [str(one) for one in own if one not in common]
        parts.append(code(" ".join(given)))
    return join([part for part in parts if part], " · ")


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or NOTHING)


def _value(value: Any) -> Html:
    """Any JSON value in a cell; an object over several lines."""
    if isinstance(value, Mapping):
        return join([text(f"{key}: {_plain(one)}") for key, one in value.items()], "<br>")
    return text(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        value = ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return _listed(value) if isinstance(value, list) else NOTHING if value is None else str(value)
