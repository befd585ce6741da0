"""`ecgan translate` for one video."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecgan.apps.console import progress

if TYPE_CHECKING:
    from ecgan.apps.photo_files import PhotoFile
    from ecgan.apps.translate import Job


def translate_video(job: Job, file: PhotoFile, result: dict[str, Any]) -> None:
    """Translate and write a video to each target; what is to be said of it goes into `result`.

    Raises:
        EcganError, OSError: what `follow_faces` and `write_translated` raise.
    """
    from ecgan.files import sha256_file
    from ecgan.inference.clips import open_video
    from ecgan.inference.marking import VIDEO_NOTICE
    from ecgan.inference.results import TranslatedFace, describe_face, doubt_warnings, file_name
    from ecgan.inference.video import follow_faces, started, write_translated

    name, translator, told = file.path.name, job.translator, result["warnings"]
    video = open_video(file.path)
    if job.file_format != "keep" or job.quality is not None:
        told.append("--format and --quality are for photos: not used for a video")
    told += video.notes
    with progress(f"faces of {name}", "frames", speed=True) as report:
        clip = follow_faces(video, translator, job.choice, job.assume_neutral, report)
    frames = {"frames": len(clip.times), "translated_frames": clip.num_translated}
    result |= frames
    result["faces"] = [describe_face(face.ready) for face in clip.faces]
    told += [text for face in clip.faces for text in doubt_warnings(face.ready)]
    result["refused"] = [
        {"face": face.number, "reason": face.reason, "message": face.message}
        for face in clip.refused
    ]
    sha256, strongest = sha256_file(file.path), max(value for _, value in job.curve.keys)
    for target in job.targets:
        faces = started(clip, translator, target, strongest)
        shown = [
            TranslatedFace.of(face.started, face.after, target, strongest, job.parts)
            for face in faces
        ]
        told += [text for face in shown for text in face.warnings()]
        mark = translator.model.mark(
            file_name(file.path),
            sha256,
            shown,
            target,
            job.parts,
            strength=job.curve.told(),
            face=job.choice,
            assume_neutral=job.assume_neutral,
        )
        mark = replace(mark, notice=VIDEO_NOTICE, more=frames)
        output = file.output(job.out, target, video.suffix.lstrip("."))
        with progress(f"{target} of {name}", "frames", speed=True) as report:
            write_translated(
                output,
                clip,
                translator=translator,
                faces=faces,
                target=target,
                strength=job.curve,
                mark=mark,
                report=report,
                parts=job.parts,
            )
        result["outputs"][target] = str(output)
