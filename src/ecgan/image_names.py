"""How the names of image files end."""

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
