"""The command `ecgan`: its commands, and the one place where errors become lines and exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ecgan import __version__
from ecgan.apps import (
    bench,
    camera,
    demo,
    evaluate,
    export,
    make_data,
    prepare,
    profile,
    recognize,
    reproduce,
    serve,
    stimuli,
    study,
    train,
    translate,
    verify,
)
from ecgan.apps.console import complain, open_streams, warn
from ecgan.errors import EcganError, EcganWarning, extras_named

INTERRUPTED = 130

app = typer.Typer(
    name="ecgan",
    add_completion=False,
    rich_markup_mode=None,  # importing rich alone takes longer than the whole help may
    pretty_exceptions_enable=False,
    epilog="Start with: ecgan demo",
)
ClickError: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)
"""Wrong use as typer reports it; newer versions of typer bring their own click."""


def _show_version(value: bool) -> None:
    if value:
        print(f"ecgan {__version__}")
        raise typer.Exit


@app.callback()
def ecgan(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Facial expression translation: the same person, the same picture, another expression."""
    del debug, version  # main() takes --debug out, wherever it stands


_COMMANDS = (
    ("demo", demo.demo, demo.EXAMPLE, "See what it does, on one photo."),
    ("translate", translate.translate, translate.EXAMPLE, "Photos in, other expressions out."),
    ("camera", camera.camera, camera.EXAMPLE, "A live preview of what a camera sees."),
    ("recognize", recognize.recognize, recognize.EXAMPLE, "Name the expressions in photos."),
    ("profile", profile.profile, profile.EXAMPLE, "All expressions of a person, with curves."),
    ("stimuli", stimuli.stimuli, stimuli.EXAMPLE, "Graded sets of stimuli for experiments."),
    ("verify", verify.verify, verify.EXAMPLE, "Is a picture marked as synthetic, and by what."),
    ("serve", serve.serve, serve.EXAMPLE, "A web page and a REST service."),
    ("draw", make_data.draw, make_data.DRAW_EXAMPLE, "Draw labelled cartoon faces, free to use."),
    ("prepare", prepare.prepare, prepare.EXAMPLE, "Folders of photos to training data."),
    (
        "reanimate",
        make_data.reanimate,
        make_data.REANIMATE_EXAMPLE,
        "Expressions from neutral photos.",
    ),
    ("train", train.train, train.TRAIN_EXAMPLE, "Train a translator, or resume."),
    ("train-recognizer", train.train_recognizer, train.RECOGNIZER_EXAMPLE, "Train a recogniser."),
    ("evaluate", evaluate.evaluate, evaluate.EXAMPLE, "Score a translator on test people."),
    (
        "augment",
        make_data.augment,
        make_data.AUGMENT_EXAMPLE,
        "Balance data with translated people.",
    ),
    ("reproduce", reproduce.reproduce, reproduce.EXAMPLE, "The paper's experiments as a report."),
    ("export", export.export, export.EXAMPLE, "Networks for ONNX Runtime or OpenVINO."),
    ("bench", bench.bench, bench.EXAMPLE, "Time training, translation or preparation."),
)
for _name, _function, _example, _short in _COMMANDS:
    app.command(_name, epilog=_example, short_help=_short)(_function)
app.add_typer(study.app, name="study", short_help="Ask people which face is the photo.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns 0 when done, 2 for wrong use, 1 failed, 130 interrupted."""
    open_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    words = given[: given.index("--")] if "--" in given else given
    debug = "--debug" in words
    given = [word for i, word in enumerate(given) if i >= len(words) or word != "--debug"]
    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", EcganWarning)
        warnings.showwarning = _show_warning(warnings.showwarning)
        return _run(given or ["--help"], debug)


def _show_warning(others: Callable[..., None]) -> Callable[..., None]:
    """Our own warnings as lines, `others` as they were."""

    def show(message: Warning | str, category: type[Warning], *about: Any, **more: Any) -> None:
        if issubclass(category, EcganWarning):
            warn(str(message))
        else:
            others(message, category, *about, **more)

    return show


def _run(arguments: list[str], debug: bool) -> int:
    try:
        with extras_named():
            code = app(arguments, prog_name="ecgan", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # newer versions of typer take Ctrl-C themselves
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        with contextlib.suppress(OSError):
            print("ecgan: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_unwritten()
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        _drop_unwritten()
        message, code = _explained(error)
        complain(message)
        return code


def _drop_unwritten() -> None:
    """What standard output does not take must not be tried again when the process ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explained(error: Exception) -> tuple[str, int]:
    """What to print of an error, and the exit code."""
    if isinstance(error, EcganError):
        return str(error), error.exit_code
    if isinstance(error, ClickError):
        context = getattr(error, "ctx", None)
        see = f" (see {context.command_path} --help)" if context is not None else ""
        return f"{error.format_message()}{see}", error.exit_code  # type: ignore[attr-defined]
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}", 1
    first = (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {first} (--debug shows the traceback)", 1


if __name__ == "__main__":
    sys.exit(main())
