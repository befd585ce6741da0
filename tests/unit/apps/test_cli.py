"""The command line itself: help, speed, exit codes, one line an error."""

import os
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ecgan import __version__
from ecgan.apps import recognize
from ecgan.apps.cli import app, main

COMMANDS = (
    "demo",
    "translate",
    "camera",
    "recognize",
    "profile",
    "stimuli",
    "verify",
    "serve",
    "draw",
    "prepare",
    "reanimate",
    "train",
    "train-recognizer",
    "evaluate",
    "augment",
    "reproduce",
    "export",
    "bench",
    "study",
)


def test_help_lists_the_commands_that_exist() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    listed = result.output.split("Commands:")[1].split("Start with")[0]
    assert tuple(line.split()[0] for line in listed.splitlines() if line.strip()) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: ecgan {command}" in result.output


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ecgan {__version__}\n"


def processor_seconds(code: str) -> tuple[float, str]:
    """Of the quickest of three fresh processes, which other programs hardly lengthen; what the last
    one printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
    best, printed = float("inf"), ""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        best, printed = min(best, user + system), done.stdout
    return best, printed


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    """0.3 s, or on a slow machine twice what its command-line library takes alone."""
    seconds, printed = processor_seconds(
        "import sys\nfrom ecgan.apps.cli import main\nassert main(['--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'cv2', 'mediapipe', 'PIL', 'pydantic', 'rich', 'scipy'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    assert printed.endswith("loaded []\n")
    library, _ = processor_seconds("import typer.main")
    assert seconds <= max(0.3, 2 * library)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["translat"], "Did you mean 'translate'"),
        (["translate"], "Missing argument"),
        (["translate", "a.jpg"], "Missing option '--to'"),
        (["bench", "nothing"], "'nothing' is not one of"),
        (["train", "--bogus"], "--bogus"),
        (["bench", "translate", "--preset", "paper"], "belong to `bench train`"),
        (["bench", "train", "--model", "x"], "belongs to `bench translate`"),
        (["bench", "translate", "--size", "64"], "belongs to `bench train`"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ecgan: error: ")
    assert err.count("\n") == 1
    assert words in err


def raising(error: BaseException):
    def fail(*args: object) -> None:
        raise error

    return fail


def test_an_unexpected_error_is_one_line_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recognize, "photo_files", raising(RuntimeError("first\nsecond")))
    assert main(["recognize", "x"]) == 1
    err = capsys.readouterr().err
    assert err == "ecgan: error: unexpected RuntimeError: first (--debug shows the traceback)\n"


@pytest.mark.parametrize(
    "arguments", [["--debug", "recognize", "x"], ["recognize", "x", "--debug"]]
)
def test_debug_shows_the_traceback(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recognize, "photo_files", raising(RuntimeError("first")))
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "test_cli.py" in err


def test_system_errors_name_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recognize, "photo_files", raising(OSError(28, "No space left", "/full")))
    assert main(["recognize", "x"]) == 1
    assert capsys.readouterr().err == "ecgan: error: No space left: /full\n"


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(recognize, "photo_files", raising(KeyboardInterrupt()))
    assert main(["recognize", "x"]) == 130
    assert capsys.readouterr().err.strip() == "ecgan: interrupted"


def test_a_closed_pipe_is_no_traceback() -> None:
    code = "from ecgan.apps.cli import main; import sys; sys.exit(main(['--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="closes streams as a shell does")
@pytest.mark.parametrize("redirect", ["2>&-", ">&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_closed_streams_are_no_crash(redirect: str) -> None:
    code = "import sys; from ecgan.apps.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments, expected in (("--version", 0), ("recognize nothing", 2)):
        command = f'"{sys.executable}" -c "{code}" {arguments} {redirect}'
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == expected
        assert done.stdout in ("", f"ecgan {__version__}\n")
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_no_room_for_what_is_printed_is_one_line() -> None:
    code = "import sys; from ecgan.apps.cli import main; sys.exit(main(['--version']))"
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "ecgan: error: No space left on device\n"
