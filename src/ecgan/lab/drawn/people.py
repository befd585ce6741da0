"""Who is drawn and how: a person's looks, and the pose, light and background of a shot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgan.seeding import numpy_generator

Rgb = tuple[int, int, int]

SKIN: tuple[Rgb, ...] = (
    (255, 226, 205), (250, 214, 188), (244, 202, 168), (236, 188, 150), (224, 172, 132),
    (208, 152, 112), (188, 132, 94), (164, 110, 78), (140, 92, 64), (116, 75, 54),
)  # fmt: skip
HAIR: tuple[Rgb, ...] = (
    (38, 32, 36), (52, 38, 34), (78, 52, 38), (106, 68, 44), (138, 84, 48), (164, 84, 44),
    (190, 118, 58), (214, 164, 92), (232, 196, 128), (120, 50, 46),
)  # fmt: skip
DYED: tuple[Rgb, ...] = ((214, 112, 136), (66, 122, 140), (122, 92, 150))
GREY: tuple[Rgb, ...] = ((150, 146, 146), (196, 192, 188), (228, 224, 218))
IRIS: tuple[Rgb, ...] = (
    (70, 44, 30), (96, 60, 36), (128, 84, 46), (120, 116, 62), (86, 128, 84), (74, 124, 152),
    (96, 146, 186), (112, 128, 140),
)  # fmt: skip
CLOTHES: tuple[Rgb, ...] = (
    (222, 108, 84), (60, 98, 128), (84, 140, 126), (232, 178, 84), (120, 84, 118), (246, 240, 228),
    (70, 74, 92), (196, 76, 92), (140, 164, 122), (240, 158, 132), (98, 120, 170),
)  # fmt: skip
BACKGROUND: tuple[Rgb, ...] = (
    (246, 222, 190), (242, 196, 170), (196, 220, 212), (186, 208, 230), (238, 206, 214),
    (214, 206, 232), (244, 232, 206), (206, 222, 178), (232, 184, 132), (142, 176, 186),
    (112, 128, 156), (238, 160, 140), (250, 212, 140), (160, 140, 168),
)  # fmt: skip

HAIR_BY_SEX = {
    "female": (
        "long", "waves", "bangs", "bob", "bun", "ponytail", "afro", "curls", "pixie", "part",
        "scarf",
    ),
    "male": (
        "crop", "part", "quiff", "buzz", "curls", "afro", "bald", "fringe", "ring", "crop", "waves",
    ),
}  # fmt: skip
BEARDS = ("none", "none", "none", "stubble", "full", "goatee", "moustache", "stubble")
GLASSES = ("round", "square", "cat")
BACKGROUNDS = ("plain", "gradient", "halo", "dots", "stripes", "hills", "leaves")


@dataclass(frozen=True)
class Person:
    """Looks of one person. Lengths are in eye distances, factors are around 1."""

    number: int
    female: bool
    age: float
    """0 young to 1 old."""
    skin: Rgb
    hair: Rgb
    iris: Rgb
    clothes: Rgb
    lip_red: float
    hair_style: str
    beard: str
    glasses: str | None
    frame: Rgb
    width: float
    length: float
    jaw: float
    chin: float
    fat: float
    eye_width: float
    eye_open: float
    eye_slant: float
    eye_gap: float
    crease: float
    lashes: float
    brow_y: float
    brow_arch: float
    brow_slant: float
    brow_thick: float
    nose_width: float
    nose_length: float
    nose_tip: float
    mouth_width: float
    mouth_y: float
    mouth_curve: float
    lip_upper: float
    lip_lower: float
    ear: float
    blush: float
    freckles: float
    earrings: bool
    volume: float
    """Of the hair."""
    mirrored: bool
    """The parting on the other side."""
    collar: int


@dataclass(frozen=True)
class Shot:
    """What all pictures of one sitting share. Angles are radians, lengths eye distances."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    shift: tuple[float, float]
    light: float
    """Where the light comes from, 0 right, pi / 2 above."""
    contrast: float
    warmth: float
    gaze: tuple[float, float]
    background: str
    colours: tuple[Rgb, Rgb]
    pattern: int
    """Seed of the background's pattern."""


def person(seed: int, number: int) -> Person:
    """Person `number` of a seed: the same one however many are drawn."""
    random = numpy_generator(seed, "drawn person", number)
    female = bool(random.random() < 0.5)
    age = float(random.beta(1.3, 2.2))

    def around(mean: float, spread: float, shift: float = 0.0) -> float:
        value = float(np.clip(random.standard_normal(), -2.2, 2.2))
        return mean + spread * value + (shift if female else -shift)

    def one(colours: tuple[Rgb, ...]) -> Rgb:
        chosen = colours[int(random.integers(len(colours)))]
        red, green, blue = (int(np.clip(v + random.integers(-6, 7), 0, 255)) for v in chosen)
        return red, green, blue

    tone = int(random.integers(len(SKIN)))
    dark = tone >= 6
    hair = one(HAIR[:4] if dark else HAIR)
    if random.random() < 0.06 and female:
        hair = one(DYED)
    elif random.random() < 1.6 * (age - 0.45):
        hair = one(GREY)
    styles = HAIR_BY_SEX["female" if female else "male"]
    style = styles[int(random.integers(len(styles)))]
    beard = BEARDS[int(random.integers(len(BEARDS)))]
    glasses = GLASSES[int(random.integers(len(GLASSES)))]
    wears = random.random() < 0.24 + 0.2 * age
    return Person(
        number=number,
        female=female,
        age=age,
        skin=one(SKIN[tone : tone + 1]),
        hair=hair,
        iris=one(IRIS[:3] if tone >= 5 else IRIS),
        clothes=one(CLOTHES),
        lip_red=float(random.uniform(0.35, 0.95) if female else random.uniform(0.1, 0.4)),
        hair_style=style,
        beard="none" if female else beard,
        glasses=glasses if wears else None,
        frame=((44, 40, 48), (120, 72, 44), (176, 70, 66), (60, 84, 120))[int(random.integers(4))],
        width=around(1.02, 0.05, -0.02),
        length=around(1.0, 0.045, -0.015),
        jaw=around(0.97, 0.06, -0.05),
        chin=around(1.0, 0.13, -0.1),
        fat=float(random.beta(1.6, 3)),
        eye_width=around(0.280, 0.017, 0.008),
        eye_open=around(0.172, 0.018, 0.010),
        eye_slant=around(0.012, 0.022, 0.006),
        eye_gap=around(0.5, 0.012),
        crease=float(random.uniform(0, 1)),
        lashes=float(random.uniform(0.5, 1)) if female else float(random.uniform(0, 0.25)),
        brow_y=around(-0.345, 0.03, -0.025),
        brow_arch=around(0.075, 0.028, 0.02),
        brow_slant=around(0.0, 0.024),
        brow_thick=around(0.082, 0.018, -0.018),
        nose_width=around(0.225, 0.028, -0.015) + (0.03 if dark else 0.0),
        nose_length=around(1.0, 0.06, -0.02),
        nose_tip=around(0.0, 0.03),
        mouth_width=around(0.4, 0.035, -0.008),
        mouth_y=around(1.25, 0.03),
        mouth_curve=around(0.014, 0.018),
        lip_upper=around(0.075, 0.014, 0.01) + (0.016 if dark else 0.0),
        lip_lower=around(0.105, 0.018, 0.012) + (0.016 if dark else 0.0),
        ear=around(1.0, 0.1),
        blush=float(random.uniform(0.1, 0.6)) + (0.25 if female else 0.0),
        freckles=float(random.random() < 0.16 and not dark),
        earrings=bool(female and random.random() < 0.35),
        volume=float(random.uniform(0.7, 1.3)),
        mirrored=bool(random.random() < 0.5),
        collar=int(random.integers(3)),
    )


def shot(seed: int, number: int, take: int = 0) -> Shot:
    """Sitting `take` of a person."""
    random = numpy_generator(seed, "drawn shot", number, take)
    first, second = random.choice(len(BACKGROUND), 2, replace=False)
    return Shot(
        yaw=float(np.clip(random.normal(0, 0.15), -0.32, 0.32)),
        pitch=float(np.clip(random.normal(0, 0.08), -0.17, 0.17)),
        roll=float(np.clip(random.normal(0, 0.06), -0.15, 0.15)),
        scale=float(random.uniform(0.93, 1.05)),
        shift=(float(random.normal(0, 0.06)), float(random.normal(0.02, 0.05))),
        light=float(random.uniform(0.12, 0.88) * np.pi),
        contrast=float(random.uniform(0.5, 1.2)),
        warmth=float(random.normal(0.25, 0.5)),
        gaze=(float(random.normal(0, 0.08)), float(random.normal(0, 0.06))),
        background=BACKGROUNDS[int(random.integers(len(BACKGROUNDS)))],
        colours=(BACKGROUND[int(first)], BACKGROUND[int(second)]),
        pattern=int(random.integers(1 << 30)),
    )
