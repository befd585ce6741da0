"""Break the code in one place at a time and show which test fails.

    python tests/mutants.py [NAME ...] [--scratch DIR] [--list]

Each mutant is a text that stands in the sources exactly once, another in its place, and the test
that must fail then. It is applied to a copy of `src/`; the tests run against that copy. Files are
found by these texts, tests by the names of their functions, so both may move. Results are kept in
DIR: the same command goes on where it was stopped, until sources or tests change.
Exit status 1 if a mutant survives, or if its text or test is no more: write it anew after the code.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2  # noqa: F401  for the processes that run tests, as are the next
import numpy  # noqa: F401
import pytest
import torch  # noqa: F401
import torchvision  # noqa: F401

ROOT = Path(__file__).parents[1]
GOLDEN = "test_updates_are_those_of_the_equations[paper-32]"


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    old: str
    new: str
    test: str = GOLDEN
    """Function of a test, with `[parameters]` where it has some and one is enough."""


MUTANTS = (
    Mutant(
        "identity with the other z",
        "return (self.truth, self.target) if self.unchanged is None else self.unchanged",
        "return (self.truth, self.shown) if self.unchanged is None else self.unchanged",
    ),
    Mutant(
        "cycle goes back with the same z",
        "return self.backward(self.translated, self.shown).image",
        "return self.backward(self.translated, self.target).image",
    ),
    Mutant(
        "masks of source and target exchanged",
        "mask=batch.neutral_mask,",
        "mask=batch.expressive_mask,",
    ),
    Mutant(
        "pooled translations under the z of the new ones",
        "out_images[i], out_codes[i] = self._images[place], self._codes[place]",
        "out_images[i] = self._images[place]",
    ),
    Mutant(
        "translations to an expression scored under z'",
        "replace(expressive, source=sources),",
        "replace(expressive, source=sources, codes=z_neutral),",
    ),
    Mutant(
        "sign of the context term",
        "return (generated - reference).square().mean()",
        "return -(generated - reference).square().mean()",
    ),
    Mutant(
        "betas of Adam left at their defaults",
        "betas = (options.beta1, options.beta2)",
        "betas = (0.9, 0.999)",
    ),
    Mutant(
        "pool returns new translations only",
        "elif random.random() < 0.5:",
        "elif random.random() < 0.0:",
    ),
    Mutant(
        "learning rate decays from the start", "start = decay_from * total", "start = 0.0 * total"
    ),
    Mutant(
        "translations go to the wrong discriminator",
        "discriminator=models.discriminator_neutral,",
        "discriminator=models.discriminator_expression,",
    ),
    Mutant(
        "D learns from real images of the other domain",
        "DiscriminatorInput(x, z_neutral, y),",
        "DiscriminatorInput(y, z_neutral, y),",
    ),
    Mutant(
        "objective of D not halved",
        'total = 0.5 * terms["discriminator"]',
        'total = terms["discriminator"]',
    ),
    Mutant(
        "mask of Eq. 5 as printed not applied to the input",
        "hidden = masked_input(self.source, self.mask)",
        "hidden = self.source",
        "test_updates_are_those_of_the_equations[mask as printed-32]",
    ),
    Mutant(
        "eyelid points of the mesh exchanged",
        "33, 160, 158, 133, 153, 144,",
        "33, 144, 153, 133, 158, 160,",
        "test_an_eye_goes_from_its_left_corner_over_the_upper_lid",
    ),
    Mutant(
        "two points of an upper eyelid exchanged",
        "362, 385, 387, 263,",
        "362, 387, 385, 263,",
        "test_an_eye_goes_from_its_left_corner_over_the_upper_lid",
    ),
    Mutant(
        "a face counts as neutral from 0.9 on",
        "NEUTRAL_FROM = 0.5",
        "NEUTRAL_FROM = 0.9",
        "test_a_face_is_neutral_from_one_half",
    ),
    Mutant(
        "window does not fade in",
        "weight = _fading_in(int(parts.shape[-1]), SOFT_EDGE).to(parts)",
        "weight = torch.ones(parts.shape[-2:])",
        "test_put_back_changes_the_window_alone_and_fades_in",
    ),
    Mutant(
        "motion does not fade out at the window's edge",
        "return fields * _fading_in(int(fields.shape[-1]), STILL_EDGE).to(fields)",
        "return fields",
        "test_fields_come_to_rest_at_the_edge_and_fold_nothing",
    ),
    Mutant(
        "order of the expressions",
        '"angry", "fear", "disgust", "surprise")',
        '"angry", "disgust", "fear", "surprise")',
        "test_the_order_of_the_expressions",
    ),
    Mutant(
        "moving average dropped",
        "update_average(kept, state.network(name), decay)",
        "pass",
        "test_averages_follow_the_generators",
    ),
    Mutant(
        "moving average the wrong way round",
        "list(module.parameters()), 1 - decay)",
        "list(module.parameters()), decay)",
        "test_averages_follow_the_generators",
    ),
    Mutant(
        "resuming skips a step",
        "self.step = checkpoint.step",
        "self.step = checkpoint.step + 1",
        "test_a_restored_state_goes_on_as_if_nothing_had_been",
    ),
    Mutant(
        "resuming loses the state of the optimisers",
        'optimizer.load_state_dict({"state": states,',
        'optimizer.load_state_dict({"state": {},',
        "test_a_restored_state_goes_on_as_if_nothing_had_been",
    ),
    Mutant(
        "resuming loses the pools",
        'pool.load_state_dict(checkpoint.part(f"pool.{name}"), device)',
        "pool.load_state_dict({}, device)",
        "test_a_restored_state_goes_on_as_if_nothing_had_been",
    ),
    Mutant(
        "another hash decides the split",
        "hashlib.sha256(subject.encode()).digest()[:8]",
        "hashlib.sha1(subject.encode()).digest()[:8]",
        "test_people_stay_in_their_splits",
    ),
    Mutant(
        "images of a pair augmented differently",
        "neutral_change = neutral_change.where(paired | loose, expressive_change)",
        "neutral_change = neutral_change.where(loose, expressive_change)",
        "test_paired_images_get_the_same_augmentation",
    ),
    Mutant(
        "intensity lost",
        "known = record.intensity if self.config.intensity else None",
        "known = None",
        "test_codes_hold_the_intensity_when_asked",
    ),
    Mutant(
        "face mask eroded",
        "cv2.dilate(closed, element)",
        "cv2.erode(closed, element)",
        "test_mask_covers_the_face_and_not_the_corners",
    ),
    Mutant(
        "half a pixel: crop at another size",
        "matrix[:, 2] += (factor - 1) / 2",
        "matrix[:, 2] += 0",
        "test_a_scaled_crop_covers_the_same_square",
    ),
    Mutant(
        "half a pixel: crop",
        "matrix[:, 2] += matrix[:, :2] @ (columns.start, rows.start)",
        "matrix[:, 2] += matrix[:, :2] @ (columns.start + 0.5, rows.start)",
        "test_a_crop_shows_what_is_at_its_points",
    ),
    Mutant(
        "half a pixel: pasted face",
        "columns = np.arange(left - x0, right - x0, dtype=np.float32)",
        "columns = np.arange(left - x0, right - x0, dtype=np.float32) + 0.5",
        "test_a_changed_face_lies_where_it_was",
    ),
    Mutant(
        "half a pixel: border of the pasted face",
        "matrix[:, 2] += matrix[:, :2] @ corner",
        "matrix[:, 2] += matrix[:, :2] @ (np.array(corner) + 0.5)",
        "test_the_soft_border_lies_where_the_mask_is",
    ),
    Mutant(
        "half a pixel: landmarks of a batch",
        "2 * (landmarks + 0.5) / self._side - 1",
        "2 * landmarks / self._side - 1",
        "test_a_batch_has_landmarks_and_motions_in_the_window",
    ),
    Mutant(
        "texture gate off",
        "offset = low - gate * moved_low",
        "gate = torch.ones_like(gate)\n    offset = low - gate * moved_low",
        "test_detail_goes_where_the_pixels_are_new",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="these mutants; none: all")
    parser.add_argument(
        "--scratch", type=Path, default=Path(tempfile.gettempdir()) / "ecgan-mutants"
    )
    parser.add_argument("--list", action="store_true", help="print the table of what would run")
    options = parser.parse_args()
    if unknown := set(options.names).difference(mutant.name for mutant in MUTANTS):
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}; see --list")
    chosen = [m for m in MUTANTS if not options.names or m.name in options.names]
    places, tests = find(chosen)
    if options.list:
        for mutant in chosen:
            file = places[mutant].relative_to(ROOT) if mutant in places else "not found"
            print(f"{mutant.name} | {file} | {tests.get(mutant, 'not found')}")
        return 0

    options.scratch.mkdir(parents=True, exist_ok=True)
    notes = options.scratch / "results.json"
    known: dict[str, str] = json.loads(notes.read_text()) if notes.exists() else {}
    state = digest(*sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/*/**/*.py")]))
    source = copy_source(options.scratch)

    def outcome(key: str, *wanted: str) -> str:
        key = f"{state} {key}"
        if key not in known:
            known[key] = run(source, *wanted)
            kept = {k: v for k, v in known.items() if k.startswith(state)}
            part = notes.with_suffix(".part")
            part.write_text(json.dumps(kept, indent=1))
            part.replace(notes)
        return known[key]

    whole = sorted({tests[mutant] for mutant in chosen if mutant in tests})
    if (found := outcome(f"whole: {whole}", *whole)) != "passed":
        print(f"without a mutant the tests end with: {found}", file=sys.stderr)
        return 1
    print("| mutant | file | test that fails | caught |\n|---|---|---|---|")
    caught = 0
    for mutant in chosen:
        if mutant not in places or mutant not in tests:
            what = "test" if mutant in places else "text"
            print(f"| {mutant.name} | | {mutant.test} | **its {what} is not there once** |")
            continue
        target = source / places[mutant].relative_to(ROOT / "src")
        text = target.read_text(encoding="utf-8")
        target.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        try:
            failed = outcome(f"{mutant}", tests[mutant]) == "failed"
        finally:
            target.write_text(text, encoding="utf-8")
        caught += failed
        file = places[mutant].relative_to(ROOT)
        said = "yes" if failed else "**no**"
        print(f"| {mutant.name} | {file} | {mutant.test} | {said} |", flush=True)
    print(f"\n{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1


def find(mutants: list[Mutant]) -> tuple[dict[Mutant, Path], dict[Mutant, str]]:
    """The one source file that has each mutant's text, once, and the pytest id of its test; of
    those that have one."""
    sources = {p: p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("src/**/*.py"))}
    suites = {p: p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("tests/**/test_*.py"))}
    places, tests = {}, {}
    for mutant in mutants:
        found = [path for path, text in sources.items() for _ in range(text.count(mutant.old))]
        if len(found) == 1:
            places[mutant] = found[0]
        name, bracket, parameters = mutant.test.partition("[")
        pattern = re.compile(rf"^def {name}\(", re.MULTILINE)
        files = [path for path, text in suites.items() if pattern.search(text)]
        if len(files) == 1:
            tests[mutant] = f"{files[0].relative_to(ROOT)}::{name}{bracket}{parameters}"
    return places, tests


def copy_source(scratch: Path) -> Path:
    """A fresh copy of `src/`; what is no Python is linked."""
    source = scratch / "src"
    shutil.rmtree(source, ignore_errors=True)

    def copy(path: str, to: str) -> None:
        shutil.copy(path, to) if path.endswith(".py") else Path(to).symlink_to(path)

    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", source, copy_function=copy, ignore=ignored)
    return source


def run(source: Path, *tests: str) -> str:
    """`passed`, `failed`, or what else became of pytest, in a process of its own."""
    log = source.parent / "pytest.log"
    sys.stdout.flush()
    child = os.fork()  # what is slow to import is imported already
    if child == 0:
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os._exit(_test(source, tests))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status in (0, 1):
        return ("passed", "failed")[status]
    return f"exit status {status}: {log.read_text()[-400:]}"


def _test(source: Path, tests: tuple[str, ...]) -> int:
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(source)}
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(source))
    import ecgan

    if source not in Path(ecgan.__file__).parents:
        print(f"the tests would run against {ecgan.__file__}")
        return 2
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))


def digest(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path} ".encode() + path.read_bytes())
    return total.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
