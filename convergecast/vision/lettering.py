"""Writes names in any script on pictures, with the fonts that this machine has.

OpenCV's own letters are ASCII only. Pillow finds a font by its file's name in the system's folders.

Process: hub, command.
"""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from convergecast.vision.detections import Bytes

FONTS = (
    *("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "segoeuib.ttf", "Arial Bold.ttf"),
    *("LiberationSans-Bold.ttf", "NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "YuGothB.ttc"),
    *("msyhbd.ttc", "malgunbd.ttf", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf"),
    *("PingFang.ttc", "Arial Unicode.ttf", "Nirmala.ttc", "NirmalaB.ttf", "LeelaUIb.ttf"),
    *("NotoSansDevanagari-Bold.ttf", "NotoSansThai-Bold.ttf", "FreeSansBold.ttf"),
)
"""Fonts of Linux, Windows and macOS that have more scripts than others; the first ones first."""

PILLOWS_OWN = ""
"""The font that comes with Pillow: Latin letters, and always there."""

UNASSIGNED = "\U000effff"
"""A character that no font has: drawn as what stands for all that are missing."""

MISSING = "?"

_PROBE_PX = 16


@functools.lru_cache(maxsize=256)
def letter(text: str, size_px: int) -> Bytes | None:
    """Return a line of text as a mask, (h, w) uint8: 255 where its letters are.

    What none of the fonts has is a question mark. None where Pillow has no fonts at all.

    Args:
        text: without line breaks.
        size_px: height of an em.
    """
    found = _font_for(text, size_px)
    if found is None:
        return None
    font, shown = found
    left, top, right, bottom = (round(value) for value in font.getbbox(shown, anchor="ls"))
    image = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), shown, 255, font, anchor="ls")
    return np.asarray(image, np.uint8)


def stamp(canvas: Bytes, mask: Bytes, x: int, y: int, colour: tuple[int, int, int]) -> None:
    """Colour a picture where the mask is; what lies beyond its edges is left out.

    Args:
        canvas: (H, W, 3) uint8 BGR, changed.
        mask: (h, w) uint8: 255 is all of the colour.
        x, y: where the mask's upper left corner comes to lie.
        colour: B, G, R.
    """
    part = canvas[max(0, y) : max(0, y + mask.shape[0]), max(0, x) : max(0, x + mask.shape[1])]
    inside = mask[max(0, -y) :, max(0, -x) :][: part.shape[0], : part.shape[1]]
    share = inside[:, :, np.newaxis].astype(np.float32) / 255
    part[:] = np.rint(part + (np.array(colour, np.float32) - part) * share)


def _font_for(text: str, size_px: int) -> tuple[FreeTypeFont, str] | None:
    """Return the font that lacks least of a text, and the text with what it lacks replaced."""
    signs = set(text)
    best, lacks = None, signs
    for name in (*FONTS, PILLOWS_OWN):
        font = _font(name, size_px)
        missing = signs if font is None else {sign for sign in signs if not _has(name, sign)}
        if font is not None and (best is None or len(missing) < len(lacks)):
            best, lacks = font, missing
        if not lacks:
            break
    shown = "".join(MISSING if sign in lacks else sign for sign in text)
    return None if best is None else (best, shown)


@functools.lru_cache(maxsize=256)
def _font(name: str, size_px: int, *, plain: bool = False) -> FreeTypeFont | None:
    """Return a font, or None where this machine does not have it; plain: a glyph a character."""
    engine = ImageFont.Layout.BASIC if plain else None
    try:
        if name != PILLOWS_OWN:
            return ImageFont.truetype(name, size_px, layout_engine=engine)
        font = ImageFont.load_default(size_px)
    except (OSError, ImportError):  # no such file; a Pillow that was built without FreeType
        return None
    return font if isinstance(font, ImageFont.FreeTypeFont) else None


@functools.lru_cache(maxsize=4096)
def _has(name: str, sign: str) -> bool:
    """Whether a font has a character; joiners and spaces always, as they show nothing."""
    font = _font(name, _PROBE_PX, plain=True)
    if font is None or not sign.isprintable() or sign.isspace():
        return font is not None
    return bytes(font.getmask(sign)) != bytes(font.getmask(UNASSIGNED))
