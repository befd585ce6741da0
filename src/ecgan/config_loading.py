"""A configuration from the YAML presets of the package, a file, and `--set a.b=v`."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ecgan.config_sections import Section
from ecgan.errors import ConfigError

S = TypeVar("S", bound=Section)
NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)
"""What the reader of YAML raises: ValueError for the 31st of February, say."""


def preset_names() -> list[str]:
    """Names of the YAML presets in the package, for `--preset`."""
    folder = resources.files("ecgan") / "presets"
    return sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".yaml"))


def load_preset(name: str) -> dict[str, Any]:
    """The raw values of a preset.

    Raises:
        ConfigError: no such preset; the message names the nearest.
    """
    names = preset_names()
    if name not in names:
        raise ConfigError(
            f"unknown preset {name!r}, expected one of {', '.join(names)}{_hint(name, names)}"
        )
    text = (resources.files("ecgan") / "presets" / f"{name}.yaml").read_text()
    return yaml.safe_load(text) or {}


def load_config(
    kind: type[S],
    *,
    preset: str | None = None,
    file: Path | None = None,
    settings: Sequence[str] = (),
) -> S:
    """Preset, then file, then `a.b=v` settings, each over the one before.

    Raises:
        ConfigError: unknown key (with the nearest valid one), bad value, unreadable file.
    """
    # From the defaults of `kind`, not of its sections: a recogniser's augmentation has its own.
    values: dict[str, Any] = kind().model_dump(mode="json")
    if preset:
        values = _merged(values, load_preset(preset))
    if file is not None:
        values = _merged(values, _read_yaml(file))
    for setting in settings:
        values = _merged(values, _parse_setting(setting))
    return build(kind, values)


def build(kind: type[S], values: Mapping[str, Any]) -> S:
    """Validate raw values; errors are one line.

    Raises:
        ConfigError: unknown key, with the nearest valid one, or a bad value.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = error.errors()
    unknown = [each for each in found if each["type"] in ("extra_forbidden", "invalid_key")]
    first = (unknown or found)[0]
    where = ".".join(str(part) for part in first["loc"])
    if unknown:
        names = list(_keys(kind))
        section = where.rpartition(".")[0]
        near = [name for name in names if name.rpartition(".")[0] == section]
        by_last_word = {name.rpartition(".")[2]: name for name in names}
        hint = _hint(where, near) or _hint(where.rpartition(".")[2], by_last_word)
        raise ConfigError(f"unknown configuration key {shorten(repr(where))}{hint}")
    message = first["msg"].removeprefix("Value error, ")
    got = shorten(repr(first["input"]))
    raise ConfigError(f"{shorten(where)}: {shorten(message, 600)}, got {got}" if where else message)


def shorten(text: str, most: int = 120) -> str:
    """The text, cut where it is longer than `most` characters, for a message."""
    return text if len(text) <= most else f"{text[:most]}..."


def to_yaml(config: Section) -> str:
    """The resolved configuration, as `config.yaml` of a run holds it."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def published(config: Section) -> dict[str, Any]:
    """The configuration as a snapshot shows it: what it was given by path goes by the last two
    names, since the folders above are this machine's business."""
    values = config.model_dump(mode="json")
    by_path = [(values, key) for key in ("init", "recognizer", "weights")]
    by_path.append((values.get("discriminator", {}), "recognizer"))
    objective = values.get("objective", {})
    by_path += [
        (objective.get(key, {}), "network") for key in ("context_options", "perceptual_options")
    ]
    for section, key in by_path:
        if isinstance(value := section.get(key), str):
            section[key] = "/".join(Path(value).parts[-2:])
    return values


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {file}: {error.strerror}") from None
    except NOT_YAML as error:
        raise ConfigError(f"{file} is not YAML: {shorten(str(error).splitlines()[0])}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: expected a mapping of keys to values")
    return values


def _parse_setting(setting: str) -> dict[str, Any]:
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            "--set takes key=value such as optimizer.learning_rate=1e-4, got "
            f"{shorten(repr(setting))}"
        )
    try:
        value = yaml.safe_load(text)
    except NOT_YAML:
        raise ConfigError(f"--set {shorten(repr(setting))}: the value is not YAML") from None
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)  # YAML 1.1 reads 1e-4 as a string
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return dict(value)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return result


def _keys(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """All keys by dotted name."""
    for name, field in kind.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{name}.")


def _hint(name: str, valid: Sequence[str] | Mapping[str, str]) -> str:
    """The nearest of the valid names, or what a mapping has for it."""
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    if not near:
        return ""
    meant = valid[near[0]] if isinstance(valid, Mapping) else near[0]
    return f"; did you mean {meant!r}?"
