"""Let other recipes stand for their expressions: entries of z change places, the faces do not.

    python benchmarks/translator/leads.py SNAPSHOT OUT happy=closed disgust=wrinkled@0.9 ...

The order of z becomes that of `ecgan train` with these `data.recipes`. What follows an @ is the
labelled intensity that strength 1 is to show of that recipe, `--full-intensity` that of all others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from ecgan.config import GeneratorConfig, build
from ecgan.expressions import NEUTRAL, Vocabulary
from ecgan.inference.snapshot import CARD, Snapshot, load_snapshot, save_snapshot
from ecgan.networks.build import build_generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("leads", nargs="+", metavar="EXPRESSION=RECIPE[@INTENSITY]")
    parser.add_argument("--full-intensity", type=float, help="default: that of SNAPSHOT")
    arguments = parser.parse_args()
    split = [lead.partition("@") for lead in arguments.leads]
    try:
        leads = dict(lead.split("=", 1) for lead, _, _ in split)
        own = {lead.replace("=", ":"): float(full) for lead, _, full in split if full}
    except ValueError:
        parser.error(
            "expected EXPRESSION=RECIPE or EXPRESSION=RECIPE@NUMBER, such as happy=closed@0.9"
        )
    old = load_snapshot(arguments.snapshot, "translator")
    names = old.config["vocabulary"]
    for name in (f"{expression}:{recipe}" for expression, recipe in leads.items()):
        if name not in names:
            parser.error(f"the translator knows no {name}, it knows {', '.join(names)}")
    order = Vocabulary(tuple(names)).led_by(leads).names
    modules = with_entries(old, [names.index(name) for name in order])
    config = {**old.config, "vocabulary": list(order)}
    full = arguments.full_intensity
    if full is not None:
        config["full_intensity"] = {n: own.get(n, full) for n in order if n != NEUTRAL}
    elif own:
        parser.error("an @INTENSITY needs the --full-intensity of the others")
    card = (old.folder / CARD).read_text(encoding="utf-8")
    print(save_snapshot(arguments.out, "translator", modules, config, card, half=True))


def with_entries(old: Snapshot, entries: list[int]) -> dict[str, nn.Module]:
    """Its generators, with entry i of z where the old ones have `entries[i]`.

    Raises:
        ValueError: they do something else than the old ones, so z joins where this does not look.
    """
    config, size = build(GeneratorConfig, old.config["generator"]), int(old.config["size"])
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    made: dict[str, nn.Module] = {}
    for name, state in old.states.items():
        before, after = (build_generator(config, len(entries), size).eval() for _ in range(2))
        old.load_into(name, before)
        after.load_state_dict({key: _moved(key, value, entries) for key, value in state.items()})
        with torch.inference_mode():
            for entry in range(len(entries)):
                was, now = (torch.eye(len(entries))[[i]] for i in (entries[entry], entry))
                # Sums over z in another order: equal but for rounding.
                if not torch.allclose(
                    before(image, was).image, after(image, now).image, rtol=0, atol=1e-5
                ):
                    raise ValueError(f"{name}: z does not join at affines alone")
        made[name] = after
    return made


def _moved(key: str, value: Tensor, entries: list[int]) -> Tensor:
    return value[:, entries] if ".affines." in key and key.endswith("linear.weight") else value


if __name__ == "__main__":
    main()
