"""What is asked of the generators: strength, full intensity and route as a table."""

import pytest

from ecgan.errors import SnapshotError, UsageError
from ecgan.expressions import Vocabulary
from ecgan.inference.strength import (
    NEUTRAL_PASSES,
    Request,
    best_start,
    check_strength,
    full_intensities,
    is_expressive,
    neutralises_further,
    parse_strength,
    request_for,
)


@pytest.mark.parametrize(
    ("strength", "full", "face", "intensity", "share"),
    [
        # A neutral face: the intensity is the strength; beyond 1.2 the change is exaggerated.
        (0.0, 1.0, "neutral", 0.0, 0.0),
        (0.4, 1.0, "neutral", 0.4, 1.0),
        (1.0, 1.0, "neutral", 1.0, 1.0),
        (1.2, 1.0, "neutral", 1.2, 1.0),
        (1.5, 1.0, "neutral", 1.2, 1.25),
        # Strength 1 stands for the full intensity.
        (1.0, 0.8, "neutral", 0.8, 1.0),
        (1.5, 0.8, "neutral", 1.2, 1.0),
        (1.0, 1.1, "neutral", 1.1, 1.0),
        # An expressive face, neutralised first, is asked for 1 at least.
        (0.5, 0.8, "neutralised", 0.5, 1.0),
        (1.0, 0.8, "neutralised", 1.0, 1.0),
        (1.0, 1.1, "neutralised", 1.1, 1.0),
        (0.0, 0.8, "neutralised", 0.0, 0.0),
        # Translated directly it leaves its expression on the way to 0.5.
        (0.0, 1.0, "direct", 0.5, 0.0),
        (0.25, 1.0, "direct", 0.5, 0.5),
        (0.25, 0.8, "direct", 0.5, 0.5),
        (0.5, 1.0, "direct", 0.5, 1.0),
        (1.0, 1.1, "direct", 1.1, 1.0),
        (1.5, 1.0, "direct", 1.2, 1.25),
        # Of generators without intensities the change alone is scaled.
        (0.0, None, "neutral", 1.0, 0.0),
        (0.4, None, "direct", 1.0, 0.4),
        (1.5, None, "neutralised", 1.0, 1.5),
    ],
)
def test_requests(
    strength: float, full: float | None, face: str, intensity: float, share: float
) -> None:
    asked = request_for(strength, full, expressive=face != "neutral", direct=face == "direct")
    assert asked == Request(pytest.approx(intensity), pytest.approx(share))


@pytest.mark.parametrize(("neutral", "expressive"), [(0.49, True), (0.5, False), (1.0, False)])
def test_expressive_faces(neutral: float, expressive: bool) -> None:
    assert is_expressive({"neutral": neutral, "happy": 1 - neutral}) == expressive


@pytest.mark.parametrize(
    ("passes", "neutral", "further"),
    [(0, 0.0, True), (1, 0.4, True), (1, 0.6, False), (NEUTRAL_PASSES, 0.1, False)],
)
def test_neutralising_goes_on(passes: int, neutral: float, further: bool) -> None:
    assert neutralises_further(passes, neutral) == further


@pytest.mark.parametrize(
    ("photo", "first", "direct", "best"),
    [
        (
            {"sad": 0.2, "happy": 0.8},
            {"sad": 0.4, "happy": 0.6},
            {"sad": 0.6, "happy": 0.4},
            "photo",
        ),
        (
            {"sad": 0.2, "happy": 0.8},
            {"sad": 0.7, "happy": 0.3},
            {"sad": 0.6, "happy": 0.4},
            "neutralised",
        ),
        (
            {"sad": 0.2, "happy": 0.8},
            {"sad": 0.6, "happy": 0.4},
            {"sad": 0.6, "happy": 0.4},
            "neutralised",
        ),
        (
            {"sad": 0.2, "happy": 0.8},
            {"sad": 0.1, "happy": 0.9},
            {"sad": 0.4, "happy": 0.6},
            "neutralised",
        ),
        (
            {"sad": 0.8, "happy": 0.2},
            {"sad": 0.7, "happy": 0.3},
            {"sad": 0.8, "happy": 0.2},
            "kept",
        ),
        (
            {"sad": 0.8, "happy": 0.2},
            {"sad": 0.9, "happy": 0.1},
            {"sad": 0.7, "happy": 0.3},
            "neutralised",
        ),
        (
            {"sad": 0.4, "happy": 0.6},
            {"sad": 0.1, "happy": 0.9},
            {"sad": 0.2, "happy": 0.8},
            "neutralised",
        ),
    ],
)
def test_auto_takes_what_shows_most(
    photo: dict[str, float], first: dict[str, float], direct: dict[str, float], best: str
) -> None:
    assert best_start("sad", photo, first, direct) == best


def test_full_intensities_are_those_of_every_expression() -> None:
    vocabulary = Vocabulary(("neutral", "happy", "sad"))
    assert full_intensities(0.9, vocabulary) == {"happy": 0.9, "sad": 0.9}
    table = {"sad": 1.1, "happy": 0.8}
    assert full_intensities(table, vocabulary) == table
    assert full_intensities(full_intensities(table, vocabulary), vocabulary) == table
    for wrong in (0.7, 1.3, "1", None, {"happy": 1.0}):
        with pytest.raises(SnapshotError, match=r"full_intensity lies in \[0.8, 1.2\]"):
            full_intensities(wrong, vocabulary)


@pytest.mark.parametrize("strength", [-0.1, 1.6, float("nan")])
def test_strengths_out_of_range_are_refused(strength: float) -> None:
    with pytest.raises(UsageError, match="strength goes from 0 to"):
        check_strength(strength)


@pytest.mark.parametrize(
    ("text", "seconds", "wanted"),
    [
        ("0.8", 5.0, 0.8),
        ("0:0,2s:1", -1.0, 0.0),
        ("0:0,2s:1", 0.5, 0.25),
        ("0:0,2s:1", 9.0, 1.0),
        ("500ms:1, 1:0.5,3s:1.5", 0.25, 1.0),
        ("500ms:1, 1:0.5,3s:1.5", 0.75, 0.75),
        ("500ms:1, 1:0.5,3s:1.5", 2.0, 1.0),
    ],
)
def test_keyframes_are_joined_by_straight_lines(text: str, seconds: float, wanted: float) -> None:
    assert parse_strength(text).at(seconds) == pytest.approx(wanted)


def test_a_strength_is_told_as_it_was_given() -> None:
    assert parse_strength("0.8").told() == 0.8
    assert parse_strength("0:0,2s:1").told() == "0s:0,2s:1"


@pytest.mark.parametrize(
    "text", ["", "much", "1,2", "0:0,0:1", "2:0,1:1", "0:2", "-1", "-1:1", "1h:1", "s:1", "nan"]
)
def test_other_strengths_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="strength"):
        parse_strength(text)
