"""How the names of image and video files end."""

from pathlib import Path

JPEG_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".jfi", ".pjpeg", ".pjp", ".mpo")
)
"""All of them names of one format; MPO has further pictures behind the first."""
HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
"""These take the extra `heic`."""
IMAGE_SUFFIXES = (
    JPEG_SUFFIXES
    | HEIC_SUFFIXES
    | frozenset((".png", ".apng", ".webp", ".avif", ".bmp", ".dib", ".tif", ".tiff", ".gif"))
    | frozenset((".pgm", ".ppm"))
)
"""What `faces.photo.read_photo` opens, in lower case."""
KEPT_VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm"))
"""Those that outputs keep; others become .mkv."""
VIDEO_SUFFIXES = KEPT_VIDEO_SUFFIXES | frozenset(
    (".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ts", ".mts", ".m2ts", ".ogv", ".vob")
)


def is_video(path: Path) -> bool:
    """Whether a file is taken for a video, by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES
