"""Geometry of a face: what each action unit moves, the 68 landmarks, and the head's pose.

Face coordinates are eye distances: x to the right of the picture, y down, the eyes at y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgan.lab.drawn.canvas import Points, closed_curve, resampled
from ecgan.lab.drawn.people import Action, Person, Shot, read_table

EYE_LINE = 105 / 256
"""Height of the eyes in the picture, and below it their distance: as in the canonical crop."""
EYE_DISTANCE = 60 / 256

_EYE_SAMPLES = 17
_LIP_SAMPLES = 25
_LIP_T = np.linspace(-1, 1, _LIP_SAMPLES)
_BROWS = read_table("expressions")["brows"]
_PIVOT = 0.4
"""Depth of the axes around which the head turns; the face is at most 0.85 deep."""
_HEAD_CENTRE = np.array([0.0, 0.25])
_HEAD_AXES = np.array([1.12, 1.75]) ** -2.0


@dataclass(frozen=True)
class Eye:
    """One eye; polygons run from the outer corner over the upper lid to the inner corner."""

    upper: Points
    lower: Points
    """From the inner corner back to the outer one."""
    centre: tuple[float, float]
    iris: float
    """Radius."""

    @property
    def outline(self) -> Points:
        return np.concatenate([self.upper, self.lower[1:-1]])


@dataclass(frozen=True)
class Mouth:
    """Lip edges from the left corner to the right one."""

    top: Points
    upper: Points
    """Lower edge of the upper lip."""
    lower: Points
    """Upper edge of the lower lip."""
    bottom: Points

    @property
    def opening(self) -> float:
        """Largest gap between the lips."""
        return float((self.lower[:, 1] - self.upper[:, 1]).max())


@dataclass(frozen=True)
class Face:
    """All curves of one face with one expression, in face coordinates."""

    outline: Points
    jaw: Points
    """(17, 2) landmarks 0 to 16."""
    brows: tuple[Points, Points]
    """Left and right of the picture, five points from the inner end."""
    eyes: tuple[Eye, Eye]
    bridge: Points
    base: Points
    """(5, 2) landmarks 31 to 35, under the nose."""
    mouth: Mouth
    drop: float
    """How far the jaw is lowered."""

    def landmarks(self) -> Points:
        """(68, 2) in the iBUG 300-W order."""
        left, right = self.eyes
        thirds = (_EYE_SAMPLES - 1) // 3, _EYE_SAMPLES - 1 - (_EYE_SAMPLES - 1) // 3
        eye_left = [left.upper[i] for i in (0, *thirds, -1)] + [left.lower[i] for i in thirds]
        eye_right = [right.upper[::-1][i] for i in (0, *thirds, -1)]
        eye_right += [right.lower[::-1][i] for i in thirds]
        mouth, middle = self.mouth, _LIP_SAMPLES // 2
        wide = [middle - 8, middle - 4, middle, middle + 4, middle + 8]
        inner = [middle - 4, middle, middle + 4]
        lips = [mouth.top[0], *mouth.top[wide], mouth.top[-1], *mouth.bottom[wide[::-1]]]
        lips += [(mouth.upper[1] + mouth.lower[1]) / 2, *mouth.upper[inner]]
        lips += [(mouth.upper[-2] + mouth.lower[-2]) / 2, *mouth.lower[inner[::-1]]]
        parts = [self.jaw, self.brows[0][::-1], self.brows[1], self.bridge, self.base]
        return np.concatenate([*parts, eye_left, eye_right, lips])


def build_face(person: Person, action: Action, gaze_down: float = 0.0) -> Face:
    """The face of a person that performs an action; `gaze_down` lowers the upper lids."""
    drop = 0.26 * action(26) + 0.42 * action(27) + 0.02 * action(25)
    outline, jaw = _outline(person, action, drop)
    top = 0.05 + 0.02 * action(9)
    tip = 0.62 * person.nose_length + person.nose_tip - 0.02 * action(9)
    return Face(
        outline=outline,
        jaw=jaw,
        brows=(_brow(person, action, -1), _brow(person, action, 1)),
        eyes=(_eye(person, action, gaze_down, -1), _eye(person, action, gaze_down, 1)),
        bridge=np.stack([np.zeros(4), np.linspace(top, tip, 4)], 1),
        base=_nose_base(person, action),
        mouth=_mouth(person, action, drop),
        drop=drop,
    )


def _outline(person: Person, action: Action, drop: float) -> tuple[Points, Points]:
    """Outline of the head, clockwise from the crown, and the 17 jaw landmarks."""
    fat, age, w, length = person.fat, person.age, person.width, person.length
    half = np.array(
        [
            (0.0, -1.28), (0.52, -1.18), (0.92, -0.84), (1.06, -0.24), (1.05 + 0.03 * fat, 0.36),
            (0.93 * person.jaw + 0.07 * fat, 0.98),
            (0.60 * (0.4 * person.jaw + 0.6 * person.chin) + 0.06 * fat + 0.03 * age, 1.50),
            (0.25 * person.chin + 0.02 * fat, 1.80), (0.0, 1.87),
        ]
    )  # fmt: skip
    half *= (w, 1.0)
    half[half[:, 1] > 0, 1] *= length
    lowered = _smooth((half[:, 1] - 0.45) / 1.2)
    raised = 0.035 * action(17)
    half[:, 1] += (drop - raised) * lowered
    half[:, 0] *= 1 - 0.16 * drop * lowered
    sides = []
    for side in (-1, 1):
        own = half.copy()
        own[5, 0] += 0.03 * action(12, side) + 0.02 * action(20, side)
        own[4, 0] += 0.02 * action(6, side)
        sides.append(own * (side, 1))
    left, right = sides
    curve = closed_curve(np.concatenate([right, left[-2:0:-1]]), 8)
    lower_right = curve[3 * 8 : 8 * 8 + 1]
    lower_left = curve[8 * 8 : 13 * 8 + 1][::-1]
    left_jaw, right_jaw = (
        resampled(lower, np.linspace(0.1, 1, 9)) for lower in (lower_left, lower_right)
    )
    return curve, np.concatenate([left_jaw, right_jaw[-2::-1]])


def _brow(person: Person, action: Action, side: int) -> Points:
    y = person.brow_y - person.brow_arch * np.array([0.05, 0.62, 1.0, 0.85, 0.25])
    y = y + person.brow_slant * np.linspace(1, -1, 5)
    for unit, rise in _BROWS["rise"].items():
        y = y - np.array(rise) * action(unit, side)
    x = person.eye_gap + np.array(_BROWS["x"]) - np.array(_BROWS["frown"]) * action(4, side)
    return np.stack([side * x, y], 1)


def _eye(person: Person, action: Action, gaze_down: float, side: int) -> Eye:
    def au(unit: int) -> float:
        return action(unit, side)

    width, opened = person.eye_width, person.eye_open
    down = gaze_down + 0.5 * au(64)
    high = opened + 0.085 * au(5) - 0.045 * au(7) - 0.04 * au(9) - 0.025 * au(6) - 0.012 * au(4)
    high -= 0.05 * max(0.0, down) + 0.02 * person.age
    low = 0.62 * opened - 0.055 * au(7) - 0.075 * au(6) - 0.06 * au(9) - 0.02 * au(12)
    low += 0.012 * au(5) - 0.01 * au(64)
    high, low = _at_least(high, 0.03), _at_least(low, -0.02)
    slant = person.eye_slant
    sad = min(au(1), 1.2) * (0.4 + 0.6 * min(1.0, au(4) * 1.5))
    t = np.linspace(0, 1, _EYE_SAMPLES)  # outer to inner
    x = width * (1 - 2 * t)
    base = slant * (2 * t - 1)
    peak = 0.5 + 0.06 + 0.10 * sad - 0.12 * au(4) * (1 - min(1.0, au(1)))
    upper_y = base - high * _lid(t, peak, 0.72)
    upper_y = upper_y + 0.04 * sad * (1 - t) * np.sin(np.pi * np.minimum(1, 1.2 * t))
    upper_y = upper_y + 0.05 * au(4) * (1 - min(1.0, au(1))) * np.sin(np.pi * t) * t
    lower_y = base + low * _lid(t, 0.42, 0.8)
    lower_y = np.maximum(lower_y, upper_y + 0.004)
    centre = side * person.eye_gap
    upper = np.stack([centre + side * x, upper_y], 1)
    lower = np.stack([centre + side * x, lower_y], 1)[::-1]
    iris = 0.150 * (0.85 + 0.15 * width / 0.28)
    return Eye(upper, lower, (centre, -0.25 * opened + 0.02), iris)


def _nose_base(person: Person, action: Action) -> Points:
    length = person.nose_length
    xs = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    levels = [0.9 * action(9, side) + 0.35 * action(10, side) for side in (-1, -1, 0, 1, 1)]
    wide = person.nose_width * (1 + 0.1 * action(9) + 0.08 * action(12) + 0.08 * action(10))
    y = np.array([0.77, 0.815, 0.83, 0.815, 0.77]) * length + 0.6 * person.nose_tip
    y -= np.array([0.07, 0.05, 0.03, 0.05, 0.07]) * levels
    return np.stack([xs * wide, y], 1)


def _mouth(person: Person, action: Action, drop: float) -> Mouth:
    t = _LIP_T
    weight_right = _smooth(0.5 + t / 2)

    def au(unit: int) -> NDArray[np.float64]:
        """Level along the mouth."""
        left, right = action(unit, -1), action(unit, 1)
        return np.asarray(left + (right - left) * weight_right)

    tight, press, smile = action(23), action(24), action(12)
    round_mouth = max(0.0, 1 - smile - 0.6 * action(20) - 0.5 * action(9))
    half = person.mouth_width * (
        1 + 0.34 * au(12) + 0.27 * au(20) + 0.10 * au(14) + 0.04 * au(15) - 0.16 * au(23)
        - 0.05 * au(24) - 0.28 * au(22) - 0.06 * au(17)
        - round_mouth * (0.26 * au(27) + 0.24 * au(26))
    )  # fmt: skip
    x = t * half
    middle = person.mouth_y * person.length
    corner = person.mouth_curve * -1 - 0.19 * au(12) + 0.125 * au(15) - 0.02 * au(14)
    corner = corner + 0.04 * au(20) + 0.04 * au(17) + 0.03 * au(10) + 0.45 * round_mouth * drop
    bend = np.abs(t) ** np.where(au(15) > au(12), 2.2, 1.7)
    centre = 0.012 * smile - 0.045 * action(17) - 0.05 * action(10) - 0.03 * action(9)
    seam = middle + centre + (corner - centre) * bend

    gap_up = 0.035 * au(25) + 0.05 * au(25) * smile + 0.03 * au(22) + 0.07 * au(10) * action(25)
    gap_up = gap_up + 0.03 * au(27) * min(1.0, 3 * action(25))
    gap_down = 0.045 * action(25) + 0.055 * action(16) + 0.9 * drop * min(1.0, 3 * action(25))
    gap_down += 0.06 * action(22)
    flat = 0.75 - 0.35 * min(1.0, action(27))
    arch = (1 - np.abs(t) ** (2.2 if action(20) < 0.3 else 3.2)).clip(0) ** flat
    upper = seam - gap_up * arch
    lower = seam + gap_down * arch

    thin = (1 - 0.5 * tight) * (1 - 0.6 * press) * (1 - 0.22 * smile) * (1 - 0.18 * action(20))
    thin *= 1 - 0.2 * person.age
    thick_up = person.lip_upper * max(0.12, thin * (1 - 0.25 * action(10) + 0.35 * action(22)))
    thick_low = person.lip_lower * max(
        0.12, thin * (1 + 0.18 * action(17) + 0.3 * action(22) - 0.12 * action(27))
    )
    bow = (1 - np.abs(t) ** 1.9) * (1 - 0.3 * np.exp(-((t / 0.17) ** 2)))
    lift = 0.055 * au(10) * np.exp(-(((np.abs(t) - 0.45) / 0.3) ** 2)) + 0.02 * au(9)
    top = upper - thick_up * bow - lift * (1 - np.abs(t) ** 3)
    upper = upper - 0.75 * lift * (1 - np.abs(t) ** 3) * min(1.0, action(25))
    bottom = lower + thick_low * (1 - np.abs(t) ** 2.3).clip(0) ** 0.75
    curves = (np.stack([x, y], 1) for y in (top, upper, lower, bottom))
    return Mouth(*curves)


class Pose:
    """Face coordinates to canvas pixels: the head as half an ellipsoid, turned and shifted."""

    def __init__(self, shot: Shot, size: int, factor: int, *, body: bool = False) -> None:
        """`body`: for neck and shoulders, which turn less."""
        turn = 0.25 if body else 1.0
        self.unit = EYE_DISTANCE * size * factor * shot.scale
        """Canvas pixels an eye distance."""
        self._factor = factor
        yaw, pitch, roll = turn * shot.yaw, turn * shot.pitch, turn * shot.roll
        level = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]) * self.unit
        self._plane = np.diag([np.cos(yaw), np.cos(pitch)]) @ level
        self._depth = np.array([np.sin(yaw), np.sin(pitch)]) @ level
        self._relief = 0.85 * self._depth
        centre = np.array([0.5, EYE_LINE]) + EYE_DISTANCE * np.array(shot.shift)
        self._centre = centre * size * factor - 0.5

    def __call__(self, points: ArrayLike, lift: float = 0.0, *, depth: bool = True) -> Points:
        """(..., n, 2) face points, `lift` above the skin, in canvas pixels; not `depth`: of a plane
        through the ears."""
        points = np.asarray(points, np.float64)
        flat = points @ self._plane
        flat += self._centre + (lift - _PIVOT) * self._depth
        if depth:
            away = points - _HEAD_CENTRE
            away *= away
            z = np.sqrt(np.maximum(1 - away @ _HEAD_AXES, 0))
            flat += z[..., None] * self._relief
        return np.asarray(flat)

    def to_output(self, canvas: Points) -> Points:
        """Canvas pixels in output pixels, the centre of the first one being (0, 0)."""
        return (canvas + 0.5) / self._factor - 0.5


def _lid(t: NDArray[np.float64], peak: float, power: float) -> NDArray[np.float64]:
    """0 at both ends, 1 at `peak`."""
    warped = t ** (np.log(0.5) / np.log(np.clip(peak, 0.3, 0.7)))
    return np.asarray(np.sin(np.pi * np.clip(warped, 0, 1)) ** power)


def _smooth(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _at_least(value: float, least: float) -> float:
    """`value`, bent so that it stays above `least` and goes on growing with it."""
    room = 0.05
    if value > least + room:
        return value
    return float(least + room * np.exp((value - least - room) / room))
