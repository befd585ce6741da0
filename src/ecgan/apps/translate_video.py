"""`ecgan translate` for one video."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ecgan.apps.console import progress
from ecgan.apps.translate import describe_face, doubt_warnings

if TYPE_CHECKING:
    from ecgan.apps.photo_files import PhotoFile
    from ecgan.apps.translate import Job


def translate_video(job: Job, file: PhotoFile, result: dict[str, Any]) -> None:
    """Translate and write a video to each target; what is to be said of it goes into `result`.

    Raises:
        EcganError, OSError: what `follow_faces` and `write_translated` raise.
    """
    from ecgan.faces.parts import PARTS
    from ecgan.files import sha256_file
    from ecgan.inference.clips import open_video
    from ecgan.inference.marking import VIDEO_NOTICE, Mark
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
        told += job.warnings_of(faces, target, strongest)
        mark = Mark(
            source=os.fsencode(name).decode(errors="replace"),
            source_sha256=sha256,
            model_sha256=translator.sha256,
            settings={
                "expression": target,
                "strength": job.curve.told(),
                "face": job.choice,
                "assume_neutral": job.assume_neutral,
                **({"part": ",".join(job.parts)} if job.parts else {}),
                "route": translator.route,
            },
            faces=[describe_face(face, target, strongest) for face in faces],
            credit=translator.credit,
            notice=VIDEO_NOTICE,
            more=frames,
        )
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
                parts=job.parts or PARTS,
            )
        result["outputs"][target] = str(output)
