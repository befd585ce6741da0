"""Landmarks are smoothed without lag."""

import numpy as np
from support.plain_face import canonical_face

from ecgan.inference.smoothing import OneEuroFilter, smoothed

TIMES = [i / 30 for i in range(90)]
UNITS = [60.0] * len(TIMES)


def trembling(points: np.ndarray) -> float:
    """Of (frames, n, 2) points, in pixels."""
    return float(np.diff(points, n=2, axis=0).std())


def test_points_that_do_not_move_stay_exactly() -> None:
    face = canonical_face()
    for points in smoothed([face] * len(TIMES), TIMES, UNITS):
        assert np.array_equal(points, face.astype(np.float32))


def test_noise_of_a_still_face_goes() -> None:
    noise = np.random.default_rng(0).normal(0, 0.4, (len(TIMES), 68, 2))
    noisy = canonical_face() + noise
    steady = np.stack(smoothed(list(noisy), TIMES, UNITS))
    assert trembling(steady) < 0.2 * trembling(noisy)


def test_a_moving_face_is_not_lagged_behind() -> None:
    speed = np.array([90.0, -30.0])
    moving = [canonical_face() + time * speed for time in TIMES]
    apart = np.stack(smoothed(moving, TIMES, UNITS)) - np.stack(moving)
    assert np.abs(apart[15:-15]).max() < 0.1
    causal = OneEuroFilter()
    behind = [causal(p, t, 60.0) for p, t in zip(moving, TIMES, strict=True)][-1] - moving[-1]
    assert -10 < behind[0, 0] < -0.5


def test_frames_need_not_come_evenly() -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.1, 60)).tolist()
    moving = [canonical_face() + 40 * time for time in times]
    apart = np.stack(smoothed(moving, times, [60.0] * 60)) - np.stack(moving)
    assert np.abs(apart[20:-20]).max() < 1.0
