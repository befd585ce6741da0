"""Landmarks of a plain face."""

import numpy as np


def canonical_face() -> np.ndarray:
    """68 points of a plain face in the canonical crop."""
    points = np.zeros((68, 2))
    angles = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([128 + 70 * np.cos(angles), 110 + 105 * np.sin(angles)], 1)
    points[17:27, 0] = [66, 76, 88, 100, 112, 144, 156, 168, 180, 190]
    points[17:27, 1] = 85
    points[27:31] = [[128, 106.5], [128, 115], [128, 123.9], [128, 134.6]]
    points[31:36] = [[112, 145], [120, 147], [128, 148], [136, 147], [144, 145]]
    points[36:42] = [[85.4, 105.2], [94, 101], [104, 101], [112.3, 106.9], [104, 109], [94, 109]]
    points[42:48] = [[143.8, 106.8], [152, 101], [162, 101], [170.7, 105.3], [162, 109], [152, 109]]
    mouth = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[48:68] = np.stack([128 + 24 * np.cos(mouth), 175 + 8 * np.sin(mouth)], 1)
    return points


def moved(
    points: np.ndarray, scale: float, degrees: float, shift: tuple[float, float]
) -> np.ndarray:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ rotation.T + shift
