"""The documentation as a site: no dead link, no other host, every command and key."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from ecgan.apps.cli import app
from ecgan.config import Config
from ecgan.config_loading import to_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    made = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    return folder


def test_asks_nothing_of_other_hosts(site: Path) -> None:
    loaded = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(https?://[^\"' >]+)")
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        assert not loaded.findall(page.read_text(encoding="utf-8")), page


def test_has_every_command_with_its_options(site: Path) -> None:
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        assert f"ecgan {name}" in text
        for option in command.params:
            assert all(
                f"<code>{spelling}</code>" in text for spelling in option.opts if spelling[0] == "-"
            )


def test_has_every_key_of_the_configuration(site: Path) -> None:
    text = (site / "reference" / "configuration.html").read_text(encoding="utf-8")

    def keys(values: dict[str, object], prefix: str = "") -> list[str]:
        found = []
        for name, value in values.items():
            nested = isinstance(value, dict) and value
            found += keys(value, f"{prefix}{name}.") if nested else [f"{prefix}{name}"]
        return found

    for key in keys(yaml.safe_load(to_yaml(Config()))):
        assert f"<code>{key}</code>" in text


def test_has_the_classes_with_their_docstrings(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert "From a snapshot folder or hub id" in text
