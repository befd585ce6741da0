"""`ecgan camera`: a live preview of what a camera sees, with another expression."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecgan.apps.console import note, say
from ecgan.apps.options import (
    BackendName,
    Model,
    PartNames,
    RouteName,
    backend_of,
    parts_of,
    route_of,
)
from ecgan.apps.photo_files import PhotoFile, check_folder
from ecgan.errors import UsageError, VideoError
from ecgan.image_names import KEPT_VIDEO_SUFFIXES

if TYPE_CHECKING:
    from ecgan.apps.camera_loop import CameraLoop
    from ecgan.inference.capture import Camera
    from ecgan.inference.live import LiveFrame, LiveTranslator

EXAMPLE = "Example: ecgan camera --to happy && ecgan camera --device clip.mp4 --out happy.mp4"


def camera(
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="At first: an expression (happy), one of its recipes, or a blend.",
            metavar="NAME",
        ),
    ] = "happy",
    strength: Annotated[
        float, typer.Option(help="At first: 0 to 1.5; 1 is the full expression.", metavar="S")
    ] = 1.0,
    device: Annotated[
        str,
        typer.Option(help="Number of the camera, or a video file.", metavar="N|FILE"),
    ] = "0",
    model: Model = None,
    part: PartNames = None,
    route: RouteName = None,
    backend: BackendName = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Record a video: .mp4, .m4v, .mov, .mkv or .webm.",
            metavar="FILE",
        ),
    ] = None,
    pictures: Annotated[
        Path, typer.Option(help="Folder for pictures that the key s saves.", metavar="DIR")
    ] = Path("translated"),
) -> None:
    """Show in a window what a camera sees, with another expression on one face.

    Keys: 1 to 6 happy, sad, angry, fear, disgust, surprise; 0 neutral; up and down the strength; m
    mirror; space freeze; s save the picture; q quit. Recorded videos and saved pictures are not
    mirrored, and are marked as synthetic like those of `ecgan translate`.
    """
    if out is not None:
        if out.suffix.lower() not in KEPT_VIDEO_SUFFIXES:
            known = ", ".join(sorted(KEPT_VIDEO_SUFFIXES))
            raise UsageError(f"--out takes a video file ({known}), got {str(out)!r}")
        if Path(device).exists() and out.resolve() == Path(device).resolve():
            raise UsageError(f"{out} is the video itself; give --out another name")
        check_folder(out.parent)
    check_folder(pictures, "--pictures")
    from ecgan.apps.camera_window import TkWindow
    from ecgan.expressions import canonical_target
    from ecgan.inference.strength import check_strength

    check_strength(strength)
    target, parts, way = canonical_target(to), parts_of(part), route_of(route)
    with contextlib.ExitStack() as stack:
        window = stack.enter_context(contextlib.closing(TkWindow("ecgan camera")))
        from ecgan.apps.camera_loop import CameraLoop  # these take seconds
        from ecgan.inference.capture import Camera
        from ecgan.inference.clips import load_av
        from ecgan.inference.live import Asked, LiveTranslator
        from ecgan.inference.translator import Translator

        if out is not None:
            load_av()
        source = stack.enter_context(contextlib.closing(Camera(device)))
        translator = Translator.load(model, route=way, backend=backend_of(backend))
        translator.check(target, strength)
        if backend:
            note(f"{translator.engine} translates, {translator.recognizer.engine} recognises")
        live, asked = LiveTranslator(translator, parts), Asked(target, strength)
        save = _saver(source, pictures)
        mirror = source.path is None
        loop = CameraLoop(source, live, window, asked, save=save, mirror=mirror)
        if out is None:
            loop.run()
        else:
            _run_recorded(loop, live, source, out)


def _saver(source: Camera, folder: Path) -> Callable[[LiveFrame], str]:
    def save(frame: LiveFrame) -> str:
        assert frame.made is not None
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
        name = Path(f"{Path(source.name).stem.replace(' ', '-')}-{stamp}.png")
        path = PhotoFile(name, Path()).output(folder, frame.made.target, "png")
        frame.made.save(path, mark=frame.made.mark(source=source.name, sha256=_sha256(source)))
        say(f"{source.name} -> {path}")
        return f"saved {path}"

    return save


def _run_recorded(loop: CameraLoop, live: LiveTranslator, source: Camera, out: Path) -> None:
    from ecgan.inference.recording import recording

    asked = loop.asked
    mark = live.translator.model.mark(
        source.name, _sha256(source) or "", [], asked.target, live.parts, strength=asked.strength
    )
    stopped: BaseException | None = None
    with recording(out, mark) as loop.record:
        try:
            loop.run()
        except (KeyboardInterrupt, VideoError) as error:  # what is recorded is kept
            stopped = error
    say(f"{source.name} -> {out}")
    if stopped is not None:
        raise stopped


def _sha256(source: Camera) -> str | None:
    from ecgan.files import sha256_file

    return sha256_file(source.path) if source.path is not None else None
