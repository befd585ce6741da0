"""Trees of every data set in its true naming, with what their files must be listed as.

Files are small, all different and no images: listing opens none but the tables.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PIXELS = " ".join(str(i % 256) for i in range(48 * 48))


class Expected(NamedTuple):
    """What a file must be listed as."""

    subject: str
    expression: str
    intensity: float | None = None
    session: str | None = None
    variant: str | None = None
    partition: str | None = None


class LayoutTree(NamedTuple):
    """Files to write, and the listing by the image's name."""

    files: dict[str, bytes]
    images: dict[str, Expected]
    rejected: dict[str, str]
    """Reason by the file's name."""


BASIC = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}


def write_tree(root: Path, tree: LayoutTree) -> Path:
    """The files below a new folder."""
    for folder in {(root / name).parent for name in tree.files}:
        folder.mkdir(parents=True, exist_ok=True)
    for name, data in tree.files.items():
        (root / name).write_bytes(data)
    return root


def write_zip(path: Path, tree: LayoutTree) -> Path:
    """The files as a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in tree.files.items():
            archive.writestr(name, data)
    return path


def ar() -> LayoutTree:
    """Four people of the raw release and two of the cropped one, all 26 shots."""
    light = ("left-light", "right-light", "both-lights")
    shots: list[tuple[str, str | None]] = [
        *((expression, None) for expression in ("neutral", "happy", "angry", "scream")),
        *(("neutral", name) for name in light),
        *(("neutral", name) for name in ("glasses", "glasses+left-light", "glasses+right-light")),
        *(("neutral", name) for name in ("scarf", "scarf+left-light", "scarf+right-light")),
    ]
    images = {}
    people = {
        "raw/M-01-{}.raw": "ar-m-001",
        "raw/M-70-{}.raw": "ar-m-070",
        "raw/F-01-{}.raw": "ar-w-001",
        "raw/F-56-{}.raw": "ar-w-056",
        "cropped/m-002-{}.bmp": "ar-m-002",
        "cropped/w-050-{}.bmp": "ar-w-050",
    }
    for pattern, person in people.items():
        for session in ("1", "2"):
            for number, (expression, variant) in enumerate(shots, start=1):
                name = pattern.format(f"{number + 13 * (session == '2'):02d}")
                images[name] = Expected(person, expression, None, session, variant)
    return _plain(images)


def yale() -> LayoutTree:
    """The whole: 15 people, 11 conditions, one of them a copy under a false label."""
    conditions = {
        "centerlight": ("neutral", "center-light"),
        "glasses": ("neutral", "glasses"),
        "happy": ("happy", None),
        "leftlight": ("neutral", "left-light"),
        "noglasses": ("neutral", "no-glasses"),
        "normal": ("neutral", None),
        "rightlight": ("neutral", "right-light"),
        "sad": ("sad", None),
        "sleepy": ("sleepy", None),
        "surprised": ("surprise", None),
        "wink": ("wink", None),
    }
    images = {
        f"subject{person:02d}.{condition}": Expected(
            f"yale-{person:02d}", expression, variant=variant
        )
        for person in range(1, 16)
        for condition, (expression, variant) in conditions.items()
    }
    tree = _plain(images, extra={"Readme.txt": b"about"})
    tree.files["subject04.sad"] = tree.files["subject04.normal"]
    del tree.images["subject04.sad"]
    tree.rejected["subject04.sad"] = "mislabelled"
    return tree


def jaffe() -> LayoutTree:
    """The whole: 213 images of 10 women, three or so of each expression."""
    people = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
    more = {("KL", "FE"), ("KL", "HA"), ("TM", "SA"), ("UY", "FE")}
    fewer = {("NA", "DI")}
    images = {}
    for person in people:
        for code, expression in BASIC.items():
            for take in range(1, 4 + ((person, code) in more) - ((person, code) in fewer)):
                name = f"jaffe/{person}.{code}{take}.{len(images) + 1}.tiff"
                images[name] = Expected(f"jaffe-{person}", expression)
    return _plain(images, extra={"jaffe/README": b"about"})


def ferg() -> LayoutTree:
    """Six characters, seven expressions, ten images of each (the whole has 55,767)."""
    names = {
        "anger": "angry",
        "disgust": "disgust",
        "fear": "fear",
        "joy": "happy",
        "neutral": "neutral",
        "sadness": "sad",
        "surprise": "surprise",
    }
    return _plain(
        {
            f"FERG_DB_256/{who}/{who}_{name}/{who}_{name}_{number}.png": Expected(
                f"ferg-{who}", expression
            )
            for who in ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
            for name, expression in names.items()
            for number in range(1, 11)
        }
    )


def bu3dfe() -> LayoutTree:
    """The whole: 56 women and 44 men, six expressions at four levels and a neutral one."""
    people = [f"F{number:04d}" for number in range(1, 57)]
    people += [f"M{number:04d}" for number in range(1, 45)]
    levels = {"01": 0.25, "02": 0.5, "03": 0.75, "04": 1.0}
    images, extra = {}, {}
    for person in people:
        for code, expression in BASIC.items():
            for level, intensity in {"00": 0.0}.items() if code == "NE" else levels.items():
                stem = f"BU_3DFE/{person}/{person}_{code}{level}WH"
                images[f"{stem}_F2D.bmp"] = Expected(f"bu3dfe-{person}", expression, intensity)
                extra[f"{stem}_F3D.bmp"] = b"a texture"
                extra[f"{stem}_F3D.wrl"] = b"a model"
    return _plain(images, extra=extra if len(extra) < 100 else dict(list(extra.items())[:100]))


def rafd() -> LayoutTree:
    """The whole: 67 models, 8 emotions, 5 angles, 3 gazes."""
    emotions = {
        "angry": "angry",
        "contemptuous": "contempt",
        "disgusted": "disgust",
        "fearful": "fear",
        "happy": "happy",
        "neutral": "neutral",
        "sad": "sad",
        "surprised": "surprise",
    }
    images = {}
    for model in range(1, 68):
        group = "Moroccan_male" if model > 49 else ("Caucasian_female", "Kid_male")[model % 2]
        for angle in ("000", "045", "090", "135", "180"):
            for emotion, expression in emotions.items():
                for gaze in ("frontal", "left", "right"):
                    pose = None if angle == "090" else f"pose-{angle}"
                    look = None if gaze == "frontal" else f"gaze-{gaze}"
                    name = f"Rafd{angle}_{model:02d}_{group}_{emotion}_{gaze}.jpg"
                    variant = "+".join(filter(None, (pose, look))) or None
                    images[name] = Expected(f"rafd-{model:02d}", expression, variant=variant)
    return _plain(images)


def kdef() -> LayoutTree:
    """The whole: 35 women and 35 men, two sessions, seven expressions, five angles."""
    codes = {("AF" if code == "FE" else code): name for code, name in BASIC.items()}
    angles = {
        "FL": "full-left",
        "HL": "half-left",
        "S": None,
        "HR": "half-right",
        "FR": "full-right",
    }
    return _plain(
        {
            f"KDEF/{session}{sex}{who:02d}/{session}{sex}{who:02d}{code}{angle}.JPG": Expected(
                f"kdef-{sex}{who:02d}", expression, None, session, variant
            )
            for session in "AB"
            for sex in "FM"
            for who in range(1, 36)
            for code, expression in codes.items()
            for angle, variant in angles.items()
        }
    )


def ckplus() -> LayoutTree:
    """Ten sequences, eight of them with a label (the whole has 593 and 327)."""
    names = (
        "neutral",
        "angry",
        "contempt",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
        None,
        None,
    )
    files: dict[str, bytes] = {}
    images: dict[str, Expected] = {}
    rejected = {}
    for number, expression in enumerate(names):
        person, sequence, frames = f"S{5 + number // 2:03d}", f"{1 + number % 2:03d}", 9 + number
        folder = f"{person}/{sequence}"
        paths = [
            f"cohn-kanade-images/{folder}/{person}_{sequence}_{frame:08d}.png"
            for frame in range(1, frames + 1)
        ]
        files |= {path: path.encode() for path in paths}
        if expression is None:
            rejected[f"cohn-kanade-images/{folder}"] = "no-label"
            continue
        label = f"Emotion/{folder}/{person}_{sequence}_{frames:08d}_emotion.txt"
        files[label] = f"   {number}.0000000e+00\n".encode()
        subject = f"ckplus-{person}"
        images[paths[0]] = Expected(subject, "neutral", 0.0, sequence)
        if expression != "neutral":
            for path in paths[-3:-1]:
                images[path] = Expected(subject, expression, None, sequence)
            images[paths[-1]] = Expected(subject, expression, 1.0, sequence)
    return LayoutTree(files, images, rejected)


USAGES = ("Training", "Training", "PublicTest", "PrivateTest")
FER_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def fer2013() -> LayoutTree:
    """Forty rows (the whole has 35,887)."""
    rows, images = [], {}
    for number in range(40):
        usage = USAGES[number % 4]
        rows.append([str(number % 7), PIXELS, usage])
        name = f"fer{number:07d}"
        images[f"fer2013.csv/{name}"] = Expected(
            f"fer2013-{name}", FER_EMOTIONS[number % 7], partition=usage
        )
    table = table_bytes([["emotion", "pixels", "Usage"], *rows])
    return LayoutTree({"fer2013.csv": table, "README": b"about"}, images, {})


VOTES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
BALLOTS: tuple[tuple[dict[str, int], str], ...] = (
    ({"neutral": 6, "sadness": 2, "anger": 1, "fear": 1}, "neutral"),
    ({"happiness": 10}, "happy"),
    ({"surprise": 7, "fear": 3}, "surprise"),
    ({"sadness": 8, "unknown": 2}, "sad"),
    ({"anger": 3, "neutral": 2, "sadness": 1, "fear": 1, "disgust": 1, "NF": 1}, "angry"),
    ({"disgust": 6, "anger": 4}, "disgust"),
    ({"fear": 9, "surprise": 1}, "fear"),
    ({"contempt": 6, "neutral": 4}, "contempt"),
    ({"neutral": 5, "sadness": 5}, "no-label"),
    ({"unknown": 6, "neutral": 4}, "no-label"),
    ({"NF": 10}, "no-face"),
    ({"happiness": 10, "no name": 1}, "no-face"),
    (dict.fromkeys(VOTES, 1), "no-label"),
)
"""Votes, and the expression of the majority or the reason of a rejection."""


def ferplus() -> LayoutTree:
    """The rows of FER2013 with thirteen kinds of votes."""
    base = fer2013()
    rows, images, rejected = [], {}, {}
    for number, (path, expected) in enumerate(base.images.items()):
        votes, result = BALLOTS[number % len(BALLOTS)]
        image = "" if "no name" in votes else f"fer{number:07d}.png"
        counts = [str(votes.get(name, 0)) for name in VOTES]
        rows.append([USAGES[number % 4], image, *counts])
        if result.startswith("no-"):
            rejected[path] = result
        else:
            images[path] = expected._replace(expression=result)
    table = table_bytes([["Usage", "Image name", *VOTES], *rows])
    return LayoutTree({**base.files, "fer2013new.csv": table}, images, rejected)


def affectnet() -> LayoutTree:
    """Both lists, the second without a header, all eleven codes."""
    names = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
    columns = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height")
    more = ("facial_landmarks", "expression", "valence", "arousal")
    files: dict[str, bytes] = {}
    images, rejected = {}, {}
    for part, count in (("training", 33), ("validation", 11)):
        rows = [[*columns, *more]] if part == "training" else []
        for number in range(count):
            end = f"{number % 3}/{part}{number}.jpg"
            path = f"Manually_Annotated_Images/{end}"
            files[path] = path.encode()
            rows.append([end, "0", "0", "9", "9", "1.5;2.5", str(number % 11), "-0.1", "0.2"])
            if number % 11 < 8:
                subject = f"affectnet-{end}"
                images[path] = Expected(subject, names[number % 11], partition=part)
            else:
                rejected[path] = "no-label"
        files[f"Manually_Annotated_file_lists/{part}.csv"] = table_bytes(rows)
    return LayoutTree(files, images, rejected)


def rafdb() -> LayoutTree:
    """Train and test, aligned images, originals beside some of them."""
    names = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
    files: dict[str, bytes] = {}
    images, lines = {}, []
    for part, count in (("train", 21), ("test", 7)):
        for number in range(1, count + 1):
            stem = f"{part}_{number:05d}"
            path = f"basic/Image/aligned/{stem}_aligned.jpg"
            files[path] = path.encode()
            if number % 2:
                files[f"basic/Image/original/{stem}.jpg"] = b"larger"
            code = (number - 1) % 7
            lines.append(f"{stem}.jpg {code + 1}")
            images[path] = Expected(f"rafdb-{stem}", names[code], partition=part)
    files["basic/EmoLabel/list_patition_label.txt"] = "\n".join(lines).encode()
    return LayoutTree(files, images, {})


def folders() -> LayoutTree:
    """Class folders by name and alias."""
    classes = {"happy": "happy", "NE": "neutral", "anger": "angry", "wink": "wink"}
    return _plain(
        {
            f"{folder}/{who}_{number}.jpg": Expected(who, expression)
            for folder, expression in classes.items()
            for who in ("anna", "bert")
            for number in range(2)
        }
    )


TREES: dict[str, Callable[[], LayoutTree]] = {
    make.__name__: make
    for make in (
        ar,
        yale,
        jaffe,
        ferg,
        bu3dfe,
        rafd,
        kdef,
        ckplus,
        fer2013,
        ferplus,
        affectnet,
        rafdb,
        folders,
    )
}

WRONG_NAMES: dict[str, tuple[str, ...]] = {
    "ar": (
        "M-01-27.raw",
        "M-01-00.raw",
        "X-01-01.raw",
        "M-01-1.raw",
        "M_01_01.raw",
        "M-01.raw",
        "m-0001-01.bmp",
        "w-001-01-1.bmp",
        "copy of m-001-01.bmp",
        "m-001-xx.bmp",
    ),
    "yale": (
        "subject1.happy",
        "subject01.gif",
        "subject01.smile",
        "subject01",
        "subject01_happy.gif",
        "subject01.happy.2.gif",
        "subject001.sad",
        "subjectxx.sad",
        "happy.gif",
        "subject02.happy.txt",
    ),
    "jaffe": (
        "KA.AN.39.tiff",
        "KA.AF1.39.tiff",
        "KA.AN1.tiff",
        "KAX.AN1.39.tiff",
        "K.AN1.39.tiff",
        "KA-AN1-39.tiff",
        "KA.XX1.39.tiff",
        "KA.AN1.39.1.tiff",
        "1.tiff",
        "KA.AN1.3900.tiff",
    ),
    "ferg": (
        "aia/aia_anger/bonnie_anger_1.png",
        "aia/aia_anger/aia_joy_1.png",
        "aia/aia_anger/aia_anger.png",
        "aia/aia_rage/aia_rage_1.png",
        "bob/bob_joy/bob_joy_1.png",
        "aia/aia_joy_1.png",
        "aia_joy_1.png",
        "aia/joy/aia_joy_1.png",
        "aia/aia_anger/aia_anger_x.png",
        "aia/bonnie_anger/aia_anger_1.png",
    ),
    "bu3dfe": (
        "F0001/F0001_AN05WH_F2D.bmp",
        "F0001/F0001_AN00WH_F2D.bmp",
        "F0001/F0001_NE01WH_F2D.bmp",
        "F0001/F0002_AN01WH_F2D.bmp",
        "F0001/F0001_AF01WH_F2D.bmp",
        "F0001/F0001_AN1WH_F2D.bmp",
        "F0001/F0001_AN01_F2D.bmp",
        "F0001/F001_AN01WH_F2D.bmp",
        "F0001/X0001_AN01WH_F2D.bmp",
        "F0001/F0001_AN01WH.bmp",
    ),
    "rafd": (
        "Rafd91_01_Caucasian_female_angry_frontal.jpg",
        "Rafd091_01_Caucasian_female_angry_frontal.jpg",
        "Rafd090_1_Caucasian_female_angry_frontal.jpg",
        "Rafd090_01_Caucasian_angry_frontal.jpg",
        "Rafd090_01_Caucasian_female_furious_frontal.jpg",
        "Rafd090_01_Caucasian_female_angry_up.jpg",
        "Rafd090_01_Caucasian_female_angry.jpg",
        "01_Caucasian_female_angry_frontal.jpg",
        "Rafd090_01_Caucasian_female_wink_frontal.jpg",
        "Rafd090-01-Caucasian-female-angry-frontal.jpg",
    ),
    "kdef": (
        "AF01ANX.JPG",
        "AF01FES.JPG",
        "CF01ANS.JPG",
        "AX01ANS.JPG",
        "AF1ANS.JPG",
        "AF01AN.JPG",
        "AF01S.JPG",
        "AF001ANS.JPG",
        "AF01ANS_2.JPG",
        "F01ANS.JPG",
    ),
    "ckplus": (
        "cohn-kanade-images/S005/001/S006_001_00000001.png",
        "cohn-kanade-images/S005/001/S005_002_00000001.png",
        "cohn-kanade-images/S005/001/S005_001_1.png",
        "cohn-kanade-images/S005/001/00000001.png",
        "cohn-kanade-images/S005/S005_001_00000001.png",
        "cohn-kanade-images/S005_001_00000001.png",
        "cohn-kanade-images/S05/001/S05_001_00000001.png",
        "cohn-kanade-images/S005/1/S005_1_00000001.png",
        "cohn-kanade-images/S005/001/S005_001.png",
        "happy.png",
    ),
}
"""Ten files of each named layout that are none of its own."""


def _plain(images: dict[str, Expected], extra: dict[str, bytes] | None = None) -> LayoutTree:
    return LayoutTree({**{name: name.encode() for name in images}, **(extra or {})}, images, {})


def table_bytes(rows: list[list[str]]) -> bytes:
    """A csv as bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def hostile_members() -> Iterator[zipfile.ZipInfo]:
    """Thirty members of a zip that must not be read."""
    names = (
        "../happy/a.jpg",
        "happy/../../a.jpg",
        "happy/..",
        "../../../../etc/passwd.jpg",
        "/happy/a.jpg",
        "//server/share/a.jpg",
        "C:/happy/a.jpg",
        "c:happy/a.jpg",
        "C:\\happy\\a.jpg",
        "..\\happy\\a.jpg",
        "happy\\a.jpg",
        "\\happy\\a.jpg",
        "happy/..\\a.jpg",
        "happy//a.jpg",
        "./happy/a.jpg",
        "happy/./a.jpg",
        "happy/\x00a.jpg",
        "happy/a\n.jpg",
        "happy/a\x1b[31m.jpg",
        "happy/\u202egpj.a.jpg",
        "happy/" + 300 * "a" + ".jpg",
        "happy/a.jpg.",
        "happy /a.jpg",
        "happy/CON.jpg",
        "nul/a.jpg",
        "happy/.. /a.jpg",
    )
    for name in names:
        yield _member(name)
    yield _member("happy/link.jpg", mode=0o120777)
    yield _member("happy/pipe.jpg", mode=0o010644)
    yield _member("happy/device.jpg", mode=0o020644)
    yield _member("happy/socket.jpg", mode=0o140644)


def _member(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("x")
    member.filename = name
    member.external_attr = mode << 16
    return member
