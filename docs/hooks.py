"""What MkDocs makes from the code: the pages of commands and configuration; and links that leave
the documentation, which become names of files in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

from ecgan.apps.cli import app
from ecgan.config import Config, RecognizerConfig

_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+((?:src|benchmarks|tests)/[^)#\s]+)[^)]*\)")
_LIBRARY = ("--install-completion", "--show-completion")
"""Options of every Typer app."""


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Add the generated pages."""
    for name, text in (
        ("reference/commands.md", "\n".join(commands())),
        ("reference/configuration.md", "\n".join(configuration())),
    ):
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to files of the repository, which the site does not have, as their names."""
    return _OUTSIDE.sub(r"\1 (`\2`)", markdown)


def commands() -> Iterator[str]:
    """Markdown of every command: what it does, arguments and options."""
    yield "# Commands\n"
    yield "Exit status: 0 success, 1 failure, 2 wrong use. Every command has `--help`.\n"
    yield from _command(typer.main.get_command(app), "ecgan", 2)


def _command(command: Any, path: str, level: int) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if path != "ecgan":
        yield f"{'#' * level} {path}\n"
        yield f"{_text(command.help)}\n"
        example = _text(getattr(command, "epilog", None))
        if example:
            yield f"```\n{example.removeprefix('Example: ')}\n```\n"
        rows = [row for option in command.params if (row := _option(option))]
        if rows:
            yield "| | |\n| --- | --- |"
            yield from rows
            yield ""
    for name, child in sorted(children.items()):
        yield from _command(child, f"{path} {name}", level + (path != "ecgan"))


def _option(option: Any) -> str | None:
    if option.name == "help" or set(option.opts) & set(_LIBRARY):
        return None
    if option.param_type_name == "argument":
        names, default = f"`{option.name.upper()}`", ""
    else:
        names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
        given = option.default
        default = f" Default: `{given}`." if isinstance(given, str | int | float) and given else ""
    return f"| {names} | {_text(option.help)}{default} |".replace("\n", " ")


def _text(help_text: str | None) -> str:
    return re.sub(r"\n(?!\n)[ \t]*(?=\S)", " ", (help_text or "").strip()).replace("<", "&lt;")


def configuration() -> Iterator[str]:
    """Markdown of every key of both trainings, with range, default and meaning."""
    yield "# Configuration\n"
    yield "The keys of `ecgan train`, in a file or after `--set` (`--set size=128`), and below them"
    yield "those of `ecgan train-recognizer`.\n"
    for title, kind in (("ecgan train", Config), ("ecgan train-recognizer", RecognizerConfig)):
        yield f"## {title}\n"
        yield from _section(kind, "")


def _section(kind: type[BaseModel], prefix: str) -> Iterator[str]:
    plain = {name: f for name, f in kind.model_fields.items() if not _is_section(f.annotation)}
    if plain:
        yield "| key | default | |\n| --- | --- | --- |"
    for name, field in plain.items():
        given = field.get_default(call_default_factory=True)
        about = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{prefix}{name}` | `{given}` | {_kind(field)} {about} |"
    yield ""
    for name, field in kind.model_fields.items():
        if _is_section(field.annotation):
            yield f"### {prefix}{name}\n"
            yield f"{(field.annotation.__doc__ or '').strip()}\n"
            yield from _section(field.annotation, f"{prefix}{name}.")


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(field: Any) -> str:
    """The values that a key takes, as far as its type says."""
    text = str(field.annotation).replace("typing.", "")
    choices = re.findall(r"'([^']*)'", text) if "Literal" in text else []
    limits = " ".join(str(limit).lower() for limit in field.metadata if "=" in str(limit))
    limits = re.sub(r"(ge|gt|le|lt)\(\1=([^)]*)\)", r"\1 \2", limits)
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = ", ".join(
        f"{signs[word]} {n}" for word, n in re.findall(r"(ge|gt|le|lt) (\S+)", limits)
    )
    if choices:
        return f"One of {', '.join(f'`{choice}`' for choice in choices)}."
    return f"{limits}." if limits else ""
