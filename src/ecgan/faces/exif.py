"""What of a photo's EXIF and other metadata goes over to a picture made from it.

How and when the photo was taken, and whose it is. Not where, not by which copy of a camera, and not
the small picture inside, which would show the face as it was.
"""

from __future__ import annotations

import re
import warnings
from xml.sax.saxutils import unescape

from PIL import Image, ImageFile, IptcImagePlugin

_EXIF_IFD = 0x8769
RIGHTS_TAGS = {"Author": 0x013B, "Copyright": 0x8298}
"""EXIF tags by the names of PNG's text chunks."""
_IPTC = {"Author": (2, 80), "Copyright": (2, 116)}
_XMP = {"Author": "dc:creator", "Copyright": "dc:rights"}

# Make, model, resolution with its unit, time.
_KEPT = (0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0132, *RIGHTS_TAGS.values())
# Exposure, version, times, lens and light, colour space, focal plane, scene, kind of lens.
_KEPT_OF_EXPOSURE = (
    *(0x829A, 0x829D, 0x8822, 0x8827, *range(0x8830, 0x8834)),
    *(0x9000, 0x9003, 0x9004, *range(0x9010, 0x9013)),
    *(*range(0x9201, 0x920B), *range(0x9290, 0x9293)),
    *(0xA001, *range(0xA20E, 0xA211), 0xA217, *range(0xA401, 0xA40B), *range(0xA432, 0xA435)),
)


def kept_exif(block: bytes | None) -> Image.Exif:
    """Of an EXIF block, what may stay; nothing of one that is damaged."""
    kept = Image.Exif()
    if not block:
        return kept
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = Image.Exif()
            whole.load(block)
            exposure = whole.get_ifd(_EXIF_IFD)
            kept.update({tag: whole[tag] for tag in _KEPT if tag in whole})
            found = {tag: exposure[tag] for tag in _KEPT_OF_EXPOSURE if tag in exposure}
            if found:
                kept.get_ifd(_EXIF_IFD).update(found)
            kept.tobytes()
    except Exception:  # whatever damage makes of Pillow's parser
        return Image.Exif()
    return kept


def rights_of(image: ImageFile.ImageFile) -> dict[str, str]:
    """Author and copyright that stand outside of EXIF: in PNG's texts, XMP or IPTC."""
    found: dict[str, str] = {}
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else str(xmp)
    try:
        iptc = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # whatever damage makes of Pillow's parser
        iptc = {}
    for name in RIGHTS_TAGS:
        items = re.search(rf"<{_XMP[name]}>(.*?)</{_XMP[name]}>", text, re.DOTALL)
        listed = re.findall(r"<rdf:li[^>]*>([^<]*)</rdf:li>", items[1]) if items else []
        other = iptc.get(_IPTC[name], b"")
        values = [
            image.info.get(name),
            ", ".join(unescape(value.strip()) for value in listed),
            other.decode("utf-8", "replace") if isinstance(other, bytes) else "",
        ]
        value = next((str(value).strip() for value in values if value), "")
        if value:
            found[name] = value
    return found
