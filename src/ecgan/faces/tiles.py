"""Squares of a large photo in which a face finder of low resolution sees small faces."""

TILE = 640
"""Side of the smallest squares: mediapipe's full-range finder sees 192 x 192 px, so a face of
45 px, with eyes 20 px apart, is just visible in one."""


LEAST_TILE = 160
"""Side of the smallest squares where faces are small or many."""


def tiles(height: int, width: int) -> list[tuple[int, int, int]]:
    """Squares (left, top, side) that show each face of a photo large enough to be found.

    The whole photo, then squares of `TILE`, twice `TILE` and so on, each sharing a third with its
    neighbour; the photo's border may cut them. Photos of up to 1.25 `TILE` are not divided.
    """
    squares = [(0, 0, max(height, width))]
    side = TILE
    while more := tiles_of(side, height, width):
        squares += more
        side *= 2
    return squares


def tiles_of(side: int, height: int, width: int) -> list[tuple[int, int, int]]:
    """The squares of one side; none where the whole photo is hardly larger."""
    if max(height, width) <= 1.25 * side:
        return []
    return [(x, y, side) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: int, side: int) -> list[int]:
    steps = max(0, -(-3 * (length - side) // (2 * side)))
    return [round((length - side) * i / steps) for i in range(steps + 1)] if steps else [0]
