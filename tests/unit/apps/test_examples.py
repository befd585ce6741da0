"""Every example of `--help`, README.md and docs names commands, options and values that exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ecgan.apps.cli import ClickError, app
from ecgan.config import Config, RecognizerConfig
from ecgan.config_loading import load_config
from ecgan.errors import ConfigError

ROOT = Path(__file__).parents[3]
PAGES = {page.name: page for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}


def with_groups(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and all below it, with their names."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from with_groups(inner, (*path, name))


COMMANDS = dict(with_groups(typer.main.get_command(app)))


def calls(text: str) -> list[list[str]]:
    """The words after `ecgan` of each call in lines of shell; of `[...]` what stands inside."""
    joined = re.sub(r"\\\n\s*", "", text).replace("[", "").replace("]", "")
    begin = r"(?:^|&&|then:|-m|Example:)\s*"
    found = re.findall(rf"{begin}ecgan ([^&;()>\n]*)", joined, re.MULTILINE)
    return [[w for w in shlex.split(call, comments=True) if w != "..."] for call in found]


def parse(words: list[str]) -> None:
    """Read a command line as `ecgan` does, without running it."""
    command, name = COMMANDS[()], "ecgan"
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    given = command.make_context(name, list(words)).params
    kind = {"train": Config, "train-recognizer": RecognizerConfig}.get(name)
    if kind is not None:
        preset = {"preset": given["preset"]} if "preset" in given else {}
        load_config(kind, settings=given["settings"] or (), **preset)


def shown(page: str) -> list[list[str]]:
    text = PAGES[page].read_text(encoding="utf-8")
    return calls("\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)))


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_the_examples_of_help_can_be_read(path: tuple[str, ...]) -> None:
    first, *others = calls(COMMANDS[path].epilog)
    assert tuple(first[: len(path)]) == path
    for words in (first, *others):
        if len(words) > 1:
            parse(words)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_docs_can_be_read(page: str) -> None:
    for words in shown(page):
        parse(words)


@pytest.mark.parametrize("page", PAGES)
def test_the_options_that_docs_name_exist(page: str) -> None:
    for call in re.findall(r"`ecgan ([a-z][^`]*)`", PAGES[page].read_text(encoding="utf-8")):
        words = call.split()
        path = tuple(words[:2]) if tuple(words[:2]) in COMMANDS else (words[0],)
        known = {option for it in COMMANDS[path].params for option in it.opts} | {"--help"}
        named = re.findall(r"(?<!\S)--[a-z-]+", call)
        assert set(named) <= known, call


def test_examples_are_found_and_faults_in_them_too() -> None:
    assert sum(len(shown(page)) for page in PAGES) >= 20
    with pytest.raises(ClickError, match="bogus"):
        parse(["train", "data", "--out", "run", "--bogus"])
    with pytest.raises(ConfigError, match="bacth"):
        parse(["train", "data", "--out", "run", "--set", "bacth=4"])
