"""`ecgan serve`: what it refuses before it loads anything."""

import sys

import pytest

from ecgan.apps.cli import main


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECGAN_TOKEN", raising=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "faces.example"])
def test_other_machines_need_a_token(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", host]) == 2
    assert "give --token or $ECGAN_TOKEN" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["two words", "é" * 20])
def test_a_token_that_no_header_can_hold(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--token", token]) == 2
    assert "printable ASCII" in capsys.readouterr().err


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["serve"]) == 1
    assert "pip install 'ecgan[web]'" in capsys.readouterr().err
    for name in [name for name in sys.modules if name.startswith("ecgan.apps.service")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert main(["serve", "--no-page"]) == 1
    assert "prometheus_client: pip install" in capsys.readouterr().err
