"""Folders as people have them, from a seed, each with what its images truly show.

Files hold no pictures: listing opens tables alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIXELS = " ".join(str(i % 256) for i in range(48 * 48))
BASIC = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
LANGUAGES = {
    "de": ("Neutral", "Freude", "Trauer", "Wut", "Angst", "Ekel", "Überraschung"),
    "de2": ("neutral", "gluecklich", "traurig", "wuetend", "aengstlich", "ekel", "ueberrascht"),
    "fr": ("neutre", "joie", "tristesse", "colère", "peur", "dégoût", "surprise"),
    "es": ("neutral", "feliz", "triste", "enojado", "miedo", "asco", "sorpresa"),
    "it": ("neutro", "felicità", "tristezza", "rabbia", "paura", "disgusto", "sorpresa"),
    "pt": ("neutro", "feliz", "triste", "raiva", "medo", "nojo", "surpresa"),
    "nl": ("neutraal", "blij", "verdrietig", "boos", "bang", "walging", "verrast"),
    "pl": ("neutralny", "radość", "smutek", "złość", "strach", "wstręt", "zaskoczenie"),
    "tr": ("Nötr", "Mutlu", "Üzgün", "Kızgın", "Korku", "İğrenme", "Şaşkın"),
    "ru": ("нейтральный", "радость", "грусть", "злость", "страх", "отвращение", "удивление"),
    "zh": ("中性", "高兴", "悲伤", "生气", "害怕", "厌恶", "惊讶"),
    "ja": ("無表情", "喜び", "悲しみ", "怒り", "恐怖", "嫌悪", "驚き"),
    "ko": ("중립", "행복", "슬픔", "분노", "공포", "혐오", "놀람"),
    "id": ("netral", "senang", "sedih", "marah", "takut", "jijik", "terkejut"),
    "vi": ("bình thường", "vui vẻ", "buồn", "tức giận", "sợ hãi", "ghê tởm", "ngạc nhiên"),
    "sv": ("neutral", "glad", "ledsen", "arg", "rädd", "äcklad", "förvånad"),
    "cs": ("neutrální", "šťastný", "smutný", "naštvaný", "strach", "znechucení", "překvapení"),
}
ALIASES = (
    BASIC,
    ("Neutral", "Happy", "Sad", "Angry", "Fear", "Disgust", "Surprise"),
    ("NEUTRAL", "HAPPINESS", "SADNESS", "ANGER", "FEAR", "DISGUST", "SURPRISE"),
    ("neutral", "joy", "sadness", "anger", "fearful", "disgusted", "surprised"),
    ("NE", "HA", "SA", "AN", "FE", "DI", "SU"),
    ("neutral", "smile", "sad", "angry", "scared", "disgust", "surprised"),
)
DECORATED = ("{:02d}_{}", "{1}_faces", "{1} faces", "class_{1}", "{1}-2", "{0}. {1}", "{1} (1)")
PEOPLE = ("anna", "bert", "carla", "dmitri", "emre", "fatima", "george", "hiro", "ines", "jamal")
LAST = ("novak", "garcia", "li", "okafor", "smith", "kim", "rossi", "meyer", "khan", "silva")
CAMERAS = (
    "IMG_{:04d}.jpg",
    "DSC_{:04d}.JPG",
    "DSC{:05d}.JPG",
    "photo ({}).jpg",
    "image_{}.png",
    "frame-{:04d}.png",
    "{:04d}.jpg",
    "image{:07d}.jpg",
    "Screenshot {}.png",
    "P1010{:03d}.jpg",
    "PXL_20230114_{:09d}.jpg",
    "WhatsApp Image 2023-01-14 at 12.00.{:02d}.jpeg",
    "20230114_{:06d}.jpg",
    "ffhq_{:05d}.png",
    "GOPR{:04d}.JPG",
    "im{}.png",
)
RAF = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
FER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@dataclass(frozen=True)
class Truth:
    """What an image shows; `expression` None: it must not be taken."""

    expression: str | None
    person: str | None
    """None: nobody can know."""
    part: str | None = None


@dataclass
class FolderTree:
    """Files with what they show, and how `prepare` is asked."""

    kind: str
    images: dict[str, Truth] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)
    """Files that are no images."""
    labels: str | None = None
    """Text of a map, or the name of an order."""
    subjects: str | None = None
    """Text of a csv; `{root}` stands for the folder."""
    pattern: str | None = None
    use_parts: bool = False
    as_zip: bool = False


Make = Callable[[random.Random], FolderTree]


def _classes(r: random.Random, names: tuple[str, ...] | None = None) -> dict[str, str]:
    """Expression by folder name, neutral and some others."""
    names = names or r.choice(ALIASES)
    chosen = [0, *r.sample(range(1, 7), r.randint(2, 6))]
    return {names[i]: BASIC[i] for i in chosen}


def _people(r: random.Random) -> list[str]:
    kind = r.randrange(4)
    count = r.randint(4, 9)
    if kind == 0:
        return r.sample(PEOPLE, count)
    if kind == 1:
        return [f"p{i:02d}" for i in range(count)]
    if kind == 2:
        return [f"S{i:03d}" for i in r.sample(range(1, 200), count)]
    return [f"subject{i}" for i in range(1, count + 1)]


def _shots(r: random.Random, classes: dict[str, str]) -> Iterator[tuple[str, str, str, int]]:
    """Folder, expression, person, number: most people show most expressions."""
    for person in _people(r):
        for folder, expression in classes.items():
            if r.random() < 0.9:
                for number in range(1, r.randint(1, 3) + 1):
                    yield folder, expression, person, number


def plain(r: random.Random) -> FolderTree:
    """happy/anna_1.jpg"""
    shots = _shots(r, _classes(r))
    return FolderTree("plain", {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in shots})


def other_separators(r: random.Random) -> FolderTree:
    """happy/anna-1.jpg, happy/anna (1).jpg, happy/anna1.jpg"""
    form = r.choice(("{}-{}.jpg", "{} ({}).jpg", "{}.{}.jpg"))
    shots = _shots(r, _classes(r))
    return FolderTree("sep", {f"{c}/{form.format(p, n)}": Truth(e, p) for c, e, p, n in shots})


def full_names(r: random.Random) -> FolderTree:
    """happy/anna_novak_0001.jpg"""
    names = dict(zip(PEOPLE, LAST, strict=True))
    images = {
        f"{folder}/{first}_{last}_{number:04d}.jpg": Truth(expression, first)
        for folder, expression in _classes(r).items()
        for first, last in r.sample(sorted(names.items()), 8)
        for number in range(1, r.randint(2, 3))
    }
    return FolderTree("full names", images)


def parts(r: random.Random) -> FolderTree:
    """train/happy/anna_1.jpg: everybody in one part."""
    names = r.choice((("train", "val", "test"), ("Training", "Validation", "Testing")))
    names = r.choice((names, (names[0], names[2]), ("train_set", "test_set")))
    where = {person: r.choice(names) for person in (*PEOPLE, *_everybody())}
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        images[f"{where[p]}/{c}/{p}_{n}.jpg"] = Truth(e, p, where[p])
    return FolderTree("parts", images, use_parts=r.random() < 0.5)


def parts_inside(r: random.Random) -> FolderTree:
    """happy/train/anna_1.jpg"""
    where = {person: r.choice(("train", "test")) for person in (*PEOPLE, *_everybody())}
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        images[f"{c}/{where[p]}/{p}_{n}.jpg"] = Truth(e, p, where[p])
    return FolderTree("parts inside", images)


def parts_in_names(r: random.Random) -> FolderTree:
    """happy_train/anna_1.jpg"""
    where = {person: r.choice(("train", "test")) for person in (*PEOPLE, *_everybody())}
    images = {}
    for c, e, p, n in _shots(r, _classes(r, ALIASES[1])):
        images[f"{c}_{where[p]}/{p}_{n}.jpg"] = Truth(e, p)
    return FolderTree("parts in names", images)


def parts_overlap(r: random.Random) -> FolderTree:
    """People in train and in test, and --use-parts."""
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        part = r.choice(("train", "test"))
        images[f"{part}/{c}/{p}_{n}.jpg"] = Truth(e, p, part)
    return FolderTree("parts overlap", images, use_parts=True)


def fer_kaggle(r: random.Random) -> FolderTree:
    """train/angry/Training_3908.jpg, test/angry/PrivateTest_88305.jpg"""
    images = {}
    for folder, expression in _classes(r, BASIC).items():
        for number in r.sample(range(1, 99999), 9):
            part = r.choice(("train", "train", "test"))
            stem = r.choice(("PublicTest", "PrivateTest")) if part == "test" else "Training"
            images[f"{part}/{folder}/{stem}_{number}.jpg"] = Truth(expression, None, part)
    top = r.choice(("", "fer2013/", "archive/"))
    images = {top + name: truth for name, truth in images.items()}
    return FolderTree("FER2013, Kaggle", images, use_parts=r.random() < 0.5)


def rafdb_kaggle(r: random.Random) -> FolderTree:
    """DATASET/train/1/train_00001_aligned.jpg"""
    images = {}
    for number in range(1, 60):
        part, code = ("train" if number % 4 else "test"), r.randint(1, 7)
        name = f"DATASET/{part}/{code}/{part}_{number:05d}_aligned.jpg"
        images[name] = Truth(RAF[code - 1], None, part)
    lists = {"train_labels.csv": b"image,label\n", "test_labels.csv": b"image,label\n"}
    return FolderTree("RAF-DB, Kaggle", images, lists, labels=r.choice((None, "rafdb")))


def affectnet_kaggle(r: random.Random) -> FolderTree:
    """AffectNet/train/anger/image0000006.jpg, with contempt."""
    names = ("neutral", "happy", "sad", "anger", "fear", "disgust", "surprise")
    classes = {**_classes(r, names), "contempt": "contempt"}
    images = {}
    for folder, expression in classes.items():
        for number in r.sample(range(9999999), 8):
            part = r.choice(("train", "val", "test"))
            images[f"AffectNet/{part}/{folder}/image{number:07d}.jpg"] = Truth(
                expression, None, part
            )
    return FolderTree("AffectNet, Kaggle", images, {"AffectNet/labels.csv": b"pth,label\n"})


def ck48(r: random.Random) -> FolderTree:
    """CK+48/anger/S010_004_00000017.png"""
    names = ("neutral", "happy", "sadness", "anger", "fear", "disgust", "surprise")
    classes = {**_classes(r, names), "contempt": "contempt"}
    images = {
        f"CK+48/{folder}/S{person:03d}_{r.randint(1, 6):03d}_{frame:08d}.png": Truth(
            expression, f"S{person:03d}"
        )
        for folder, expression in classes.items()
        for person in r.sample(range(10, 30), 12)
        for frame in (15, 16, 17)
    }
    return FolderTree("CK+48, Kaggle", images)


def kdef(r: random.Random) -> FolderTree:
    """KDEF_and_AKDEF/KDEF/AF01/AF01AFS.JPG"""
    codes = dict(zip(("NE", "HA", "SA", "AN", "AF", "DI", "SU"), BASIC, strict=True))
    images = {
        f"KDEF_and_AKDEF/KDEF/{s}{x}{n:02d}/{s}{x}{n:02d}{code}S.JPG": Truth(e, f"{x}{n}")
        for s in "AB"
        for x in "FM"
        for n in r.sample(range(1, 36), 4)
        for code, e in codes.items()
    }
    others = {"KDEF_and_AKDEF/ReadThisFirst.txt": b"about"}
    return FolderTree("KDEF", images, others, as_zip=True)


def kdef_sorted(r: random.Random) -> FolderTree:
    """happy/AF01HAS.JPG"""
    codes = dict(zip(BASIC, ("NE", "HA", "SA", "AN", "AF", "DI", "SU"), strict=True))
    images = {
        f"{folder}/{s}F{n:02d}{codes[e]}S.JPG": Truth(e, f"F{n}")
        for folder, e in _classes(r, BASIC).items()
        for s in "AB"
        for n in range(1, 6)
    }
    return FolderTree("KDEF by class", images)


def jaffe_sorted(r: random.Random) -> FolderTree:
    """happy/KA.HA1.29.tiff"""
    codes = dict(zip(BASIC, ("NE", "HA", "SA", "AN", "FE", "DI", "SU"), strict=True))
    images = {
        f"{folder}/{p}.{codes[e]}{take}.{r.randint(1, 219)}.tiff": Truth(e, p)
        for folder, e in _classes(r, BASIC).items()
        for p in ("KA", "KL", "KM", "NA", "YM")
        for take in (1, 2, 3)
    }
    return FolderTree("JAFFE by class", images)


def rafd(r: random.Random) -> FolderTree:
    """Rafd090_01_Caucasian_female_angry_frontal.jpg"""
    emotions = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
    images = {
        f"{r.choice(('', 'RafD/'))}Rafd090_{n:02d}_Caucasian_male_{word}_frontal.jpg": Truth(
            BASIC[i], f"{n}"
        )
        for n in r.sample(range(1, 60), 6)
        for i, word in enumerate(emotions)
    }
    return FolderTree("RaFD", images)


def oahega(r: random.Random) -> FolderTree:
    """Happy/4fc8bdf0e1....jpg, and Ahegao"""
    classes = {**_classes(r, ALIASES[1]), "Ahegao": "ahegao"}
    images = {
        f"{folder}/{r.getrandbits(r.choice((128, 256))):032x}.jpg": Truth(expression, None)
        for folder, expression in classes.items()
        for _ in range(8)
    }
    return FolderTree("hashes", images)


def person_first(r: random.Random) -> FolderTree:
    """anna/happy/001.jpg"""
    images = {f"{p}/{c}/{n:03d}.jpg": Truth(e, p) for c, e, p, n in _shots(r, _classes(r))}
    return FolderTree("person first", images)


def person_inside(r: random.Random) -> FolderTree:
    """happy/anna/IMG_0001.jpg"""
    images = {}
    for i, (c, e, p, _) in enumerate(_shots(r, _classes(r))):
        images[f"{c}/{p}/IMG_{i:04d}.jpg"] = Truth(e, p)
    return FolderTree("person inside", images)


def person_and_session(r: random.Random) -> FolderTree:
    """anna/session1/happy/001.jpg, anna/happy/day 2/001.jpg"""
    form = r.choice(("{p}/session{s}/{c}/{n:03d}.jpg", "{p}/{c}/day {s}/{n:03d}.jpg"))
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        images[form.format(p=p, c=c, n=n, s=r.randint(1, 2))] = Truth(e, p)
    return FolderTree("person and session", images)


def initials(r: random.Random) -> FolderTree:
    """AN/happy/1.jpg: people whose initials are codes of expressions."""
    people = ("AN", "SA", "KA", "MK", "DI", "NE", "YM")
    classes = _classes(r, BASIC)
    images = {
        f"{p}/{c}/{n}.jpg": Truth(e, p) for p in people for c, e in classes.items() for n in (1, 2)
    }
    return FolderTree("initials", images)


def person_file(r: random.Random) -> FolderTree:
    """anna/happy.jpg"""
    classes = _classes(r, r.choice(ALIASES[:4]))
    images = {f"{p}/{c}.jpg": Truth(e, p) for p in _people(r) for c, e in classes.items()}
    return FolderTree("expression in file", images)


def flat_files(r: random.Random) -> FolderTree:
    """p01_happy.jpg, happy_p01.jpg, p01-happy-2.jpg in one folder"""
    form = r.choice(("{p}_{c}.jpg", "{c}_{p}.jpg", "{p}-{c}-2.jpg", "photos/{p}_{c}_1.png"))
    classes, people = _classes(r, r.choice(ALIASES[:4])), r.sample(PEOPLE, 6)
    images = {form.format(p=p, c=c): Truth(e, p) for p in people for c, e in classes.items()}
    return FolderTree("flat", images)


def crema(r: random.Random) -> FolderTree:
    """1001_DFA_ANG_XX.jpg"""
    codes = dict(zip(("NEU", "HAP", "SAD", "ANG", "FEA", "DIS"), BASIC, strict=False))
    images = {
        f"{p}_{sentence}_{code}_XX.jpg": Truth(e, str(p))
        for p in range(1001, 1009)
        for sentence in ("DFA", "IEO")
        for code, e in codes.items()
    }
    return FolderTree("CREMA", images)


def cameras(r: random.Random) -> FolderTree:
    """happy/IMG_0001.jpg: nobody says who."""
    form, images = r.choice(CAMERAS), {}
    for folder, expression in _classes(r).items():
        for _ in range(r.randint(4, 9)):
            images[f"{folder}/{form.format(len(images) + 1)}"] = Truth(expression, None)
    return FolderTree("camera", images)


def class_and_number(r: random.Random) -> FolderTree:
    """happy/happy_1.jpg, happy/happy (1).jpg, Happy/Happy-1.jpg"""
    form, images = r.choice(("{}_{}.jpg", "{} ({}).jpg", "{}-{}.jpg", "{}{}.jpg")), {}
    for folder, expression in _classes(r, r.choice(ALIASES[:4])).items():
        for number in range(1, r.randint(5, 9)):
            images[f"{folder}/{form.format(folder, number)}"] = Truth(expression, None)
    return FolderTree("class and number", images)


def class_then_person(r: random.Random) -> FolderTree:
    """happy/happy_anna_1.jpg, happy/anna_happy_1.jpg"""
    form = r.choice(("{c}/{c}_{p}_{n}.jpg", "{c}/{p}_{c}_{n}.jpg"))
    shots = _shots(r, _classes(r, r.choice(ALIASES[:3])))
    images = {form.format(c=c, p=p, n=n): Truth(e, p) for c, e, p, n in shots}
    return FolderTree("class then person", images)


def numbered_people(r: random.Random) -> FolderTree:
    """happy/m01.jpg, neutral/m01.jpg: the number is part of the name"""
    form = r.choice(("m{:02d}", "KDEF{:03d}", "london-{:03d}", "s{}"))
    images = {
        f"{c}/{form.format(n)}.jpg": Truth(e, form.format(n))
        for c, e in _classes(r, BASIC).items()
        for n in range(1, 15)
    }
    return FolderTree("numbered people", images)


def letter_and_number(r: random.Random) -> FolderTree:
    """happy/h_1.jpg: the prefix is the class, not a person."""
    images = {}
    for folder, expression in _classes(r, BASIC).items():
        for number in range(1, 8):
            images[f"{folder}/{folder[:2]}_{number}.jpg"] = Truth(expression, None)
    return FolderTree("letter and number", images)


def languages(r: random.Random) -> FolderTree:
    """Freude/anna_1.jpg"""
    name = r.choice(sorted(LANGUAGES))
    shots = _shots(r, _classes(r, LANGUAGES[name]))
    top = r.choice(("", "train/", "bilder/"))
    images = {f"{top}{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in shots}
    return FolderTree(f"language {name}", images)


def mapped(r: random.Random) -> FolderTree:
    """Own names with a map, one left out."""
    own = {"lachend": "happy", "ernst": "neutral", "K3": "sad", "grimmig": "angry"}
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, own)}
    images |= {f"Ausschuss/x_{i}.jpg": Truth(None, None) for i in range(3)}
    lines = [f"{name}: {expression}" for name, expression in own.items()]
    return FolderTree("map", images, labels="\n".join([*lines, "Ausschuss: null"]))


def numbers(r: random.Random) -> FolderTree:
    """0/anna_1.jpg: which order?"""
    form = r.choice(("{}", "class{:03d}", "label_{}"))
    images = {}
    for code, expression in enumerate(FER):
        for person in r.sample(PEOPLE, 4):
            images[f"{form.format(code)}/{person}_1.jpg"] = Truth(expression, person)
    text = "\n".join(f'"{code}": {expression}' for code, expression in enumerate(FER))
    return FolderTree("numbers", images, labels=r.choice((None, "fer2013", text)))


def decorated(r: random.Random) -> FolderTree:
    """01_happy, Happy faces, class_happy, HAPPY-2"""
    form = r.choice(DECORATED)
    names = r.choice((ALIASES[0], ALIASES[1], ALIASES[2]))
    classes = {form.format(i, name): BASIC[names.index(name)] for i, name in enumerate(names)}
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, classes)}
    return FolderTree("decorated", images)


def typos(r: random.Random) -> FolderTree:
    """hapy, angy: some names mistyped."""
    wrong = {"hapy": "happy", "angy": "angry", "suprise": "surprise", "neutal": "neutral"}
    classes = {**_classes(r, BASIC), **dict(r.sample(sorted(wrong.items()), 2))}
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, classes)}
    return FolderTree("typos", images)


def negated(r: random.Random) -> FolderTree:
    """happy and not_happy: the second is no happy."""
    classes = {"happy": "happy", r.choice(("not_happy", "no smile", "unhappy?")): "other"}
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, classes)}
    return FolderTree("negated", images)


def own_vocabulary(r: random.Random) -> FolderTree:
    """duchenne, posed, neutral"""
    classes = {"neutral": "neutral", "duchenne": "duchenne", "polite": "polite"}
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, classes)}
    return FolderTree("own vocabulary", images)


def deep(r: random.Random) -> FolderTree:
    """data/v2/images/train/happy/anna/1.jpg"""
    top = "/".join(r.sample(("data", "v2", "faces 2021", "export", "images"), r.randint(1, 4)))
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        inner = f"{p}/{n}.jpg" if len(top) % 2 else f"{p}_{n}.jpg"
        images[f"{top}/train/{c}/{inner}"] = Truth(e, p, "train")
    return FolderTree("deep", images, as_zip=r.random() < 0.5)


def uneven(r: random.Random) -> FolderTree:
    """happy/anna_1.jpg beside extra/2021/happy/bert_1.jpg"""
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        images[f"{r.choice(('', 'extra/2021/'))}{c}/{p}_{n}.jpg"] = Truth(e, p)
    return FolderTree("uneven", images)


def collections(r: random.Random) -> FolderTree:
    """london/happy/l-001_03.jpg and canada/...: collections, not people"""
    images = {
        f"{town}/{c}/{town[0]}{p:03d}_{n:02d}.jpg": Truth(e, f"{town}{p}")
        for town in ("london", "canada")
        for p in range(12)
        for c, e in _classes(r, BASIC).items()
        for n in (1, 2)
    }
    return FolderTree("collections", images)


def by_sex(r: random.Random) -> FolderTree:
    """female/happy/001.jpg: nobody says who"""
    images = {
        f"{sex}/{c}/{n:03d}.jpg": Truth(e, None)
        for sex in r.choice((("female", "male"), ("men", "women"), ("asian", "black", "white")))
        for c, e in _classes(r, BASIC).items()
        for n in range(1, 6)
    }
    return FolderTree("by sex or group", images)


def one_class(r: random.Random) -> FolderTree:
    """happy/anna_1.jpg and nothing else"""
    images = {f"happy/{p}_{n}.jpg": Truth("happy", p) for p in _people(r) for n in (1, 2)}
    return FolderTree("one class", images)


def mostly_one(r: random.Random) -> FolderTree:
    """One person has most images."""
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, _classes(r))}
    for folder, expression in _classes(r, BASIC).items():
        images |= {f"{folder}/zoe_{n}.jpg": Truth(expression, "zoe") for n in range(60)}
    return FolderTree("mostly one person", images)


def half_named(r: random.Random) -> FolderTree:
    """happy/anna_1.jpg and happy/IMG_0001.jpg"""
    images = {f"{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, _classes(r, BASIC))}
    for folder, expression in _classes(r, BASIC).items():
        images |= {f"{folder}/IMG_{i:04d}.jpg": Truth(expression, None) for i in range(3)}
    return FolderTree("half named", images)


def unlabelled_test(r: random.Random) -> FolderTree:
    """train/happy/anna_1.jpg, test/1.jpg without a label"""
    shots = _shots(r, _classes(r))
    images = {f"train/{c}/{p}_{n}.jpg": Truth(e, p, "train") for c, e, p, n in shots}
    images |= {f"test/{i}.jpg": Truth(None, None) for i in range(5)}
    return FolderTree("unlabelled test", images)


def masks(r: random.Random) -> FolderTree:
    """images/happy/anna_1.jpg and masks/happy/anna_1.png"""
    images = {}
    for c, e, p, n in _shots(r, _classes(r)):
        images[f"images/{c}/{p}_{n}.jpg"] = Truth(e, p)
        images[f"masks/{c}/{p}_{n}.png"] = Truth(None, None)
    return FolderTree("masks", images)


def clutter(r: random.Random) -> FolderTree:
    """Files that are no images, hidden ones, a zip with __MACOSX"""
    images = {f"set/{c}/{p}_{n}.jpg": Truth(e, p) for c, e, p, n in _shots(r, _classes(r))}
    first = next(iter(images))
    others = {"__MACOSX/set/._x.jpg": b"x", "set/readme.md": b"x", f"{first}.json": b"{}"}
    others |= {"set/.DS_Store": b"x", "set/happy/Thumbs.db": b"x", "set/clip.mp4": b"x"}
    return FolderTree("clutter", images, others, as_zip=True)


def subjects_csv(r: random.Random) -> FolderTree:
    """happy/IMG_0001.jpg and a csv in one of many hands"""
    images = {}
    for i, (c, e, p, _) in enumerate(_shots(r, _classes(r))):
        images[f"{c}/IMG_{i:04d}.jpg"] = Truth(e, p)
    change: Callable[[str], str] = r.choice(
        (
            lambda name: name,
            lambda name: name.replace("/", "\\"),
            lambda name: f"{{root}}/{name}",
            lambda name: f"./{name}",
            lambda name: f"C:\\Users\\me\\faces\\{name}".replace("/", "\\"),
            lambda name: name.rsplit("/", 1)[1],
        )
    )
    join = r.choice((",", ", ", ";", "\t", " ; "))
    rows = [join.join((change(name), str(truth.person))) for name, truth in images.items()]
    header = r.choice(("file{}subject", "File{}Subject", "\ufefffile{}subject", " file{} subject "))
    again = [rows[0]] if r.random() < 0.5 else []
    end = r.choice(("\n", "\r\n"))
    return FolderTree("csv", images, subjects=end.join([header.format(join), *rows, *again, ""]))


def subjects_twice(r: random.Random) -> FolderTree:
    """A csv that gives a file two people"""
    images = {f"happy/IMG_{i:04d}.jpg": Truth("happy", f"p{i // 3}") for i in range(9)}
    images |= {f"sad/IMG_1{i:03d}.jpg": Truth("sad", f"p{i // 3}") for i in range(9)}
    rows = [f"{name},{truth.person}" for name, truth in images.items()]
    text = "\n".join(["file,subject", *rows, "happy/IMG_0000.jpg,somebody else"])
    return FolderTree("csv, a file twice", images, subjects=text)


def pattern(r: random.Random) -> FolderTree:
    """happy/KA.HA1.29.tiff with a pattern"""
    tree = jaffe_sorted(r)
    return FolderTree("pattern", tree.images, pattern=r"/(?P<subject>[A-Z]{2})\.")


def fer_csv(r: random.Random) -> FolderTree:
    """emotion, pixels, Usage in one of many hands"""
    sign, images, rows = r.choice((",", ";", "\t")), {}, []
    code: Callable[[int], str] = r.choice(
        (str, lambda i: f"{i}.0", lambda i: FER[i], lambda i: FER[i].upper())
    )
    usages = r.choice((("Training", "PublicTest"), ("training", "publictest")))
    usages = r.choice((usages, (usages[0].upper(), usages[1].upper())))
    for number in range(21):
        rows.append(sign.join((code(number % 7), PIXELS, usages[number % 2])))
        name = f"fer2013.csv/fer{number:07d}"
        images[name] = Truth(FER[number % 7], None, ("Training", "PublicTest")[number % 2])
    header = r.choice(("emotion{0}pixels{0}Usage", "emotion{0} pixels{0} usage"))
    table = "\n".join([header.format(sign), *rows]).encode()
    return FolderTree("FER csv", images, {"fer2013.csv": table}, as_zip=r.random() < 0.5)


def labels_files(r: random.Random) -> FolderTree:
    """Two sets with a labels.jsonl each, in one folder"""
    images, others = {}, {}
    for name in ("one", "two"):
        rows = []
        for i, (c, e, p, _) in enumerate(_shots(r, _classes(r, BASIC))):
            images[f"{name}/{c}/{i}.png"] = Truth(e, p)
            rows.append(json.dumps({"file": f"{c}/{i}.png", "subject": p}))
        others[f"{name}/labels.jsonl"] = "\n".join(rows).encode()
    return FolderTree("labels.jsonl", images, others)


MAKERS: tuple[Make, ...] = (
    plain, parts, fer_kaggle, person_first, cameras, class_and_number, languages, numbers,
    decorated, person_inside, rafdb_kaggle, affectnet_kaggle, ck48, subjects_csv, fer_csv, deep,
    flat_files, person_file, other_separators, full_names, parts_inside, parts_in_names,
    parts_overlap, kdef, kdef_sorted, jaffe_sorted, rafd, oahega, person_and_session, initials,
    crema, letter_and_number, mapped, typos, negated, own_vocabulary, uneven, collections, by_sex,
    one_class, mostly_one, half_named, unlabelled_test, masks, clutter, subjects_twice, pattern,
    labels_files, class_then_person, numbered_people,
)  # fmt: skip
_OFTEN = (languages, cameras, subjects_csv, decorated, fer_csv, parts)
"""Kinds of many variants, tried more often."""


def trees(count: int, seed: int) -> Iterator[FolderTree]:
    """So many trees; every kind comes, those of many variants more often."""
    makers = [*MAKERS, *_OFTEN]
    for number in range(count):
        generator = random.Random(f"{seed}-{number}")
        yield makers[number % len(makers)](generator)


def _everybody() -> list[str]:
    numbered = [f"p{i:02d}" for i in range(10)] + [f"subject{i}" for i in range(11)]
    return numbered + [f"S{i:03d}" for i in range(200)]
