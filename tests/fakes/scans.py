"""JPEGs of many scans, whose decoding costs time and memory and whose bytes are few.

Progressive (ITU-T T.81, annex G): all coefficients are zero, and one symbol says so for up to 32767
blocks.
"""

from __future__ import annotations

_TABLES = bytes.fromhex("ffdb004300") + bytes([16] * 64)
# The DC table has the categories 0 and 1; the AC table the symbols "end of 16384 blocks or more"
# (0, and 14 bits) and "end of this block" (10).
_CODES = bytes.fromhex("ffc40015000101") + bytes(14) + bytes([0, 1])
_CODES += bytes.fromhex("ffc40015100101") + bytes(14) + bytes([0xE0, 0])


def many_scans(width: int, height: int, scans: int) -> bytes:
    """Return a gray JPEG of this size, in pixels, whose first scan is followed by so many."""
    blocks = -(-width // 8) * -(-height // 8)
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    head = b"\xff\xd8" + _TABLES + bytes.fromhex("ffc2000b08") + size + b"\1\1\x11\0" + _CODES
    first = bytes.fromhex("ffda0008010100000000") + _packed("0" * blocks)
    bits = ""
    left = blocks
    while left >= 16384:
        run = min(left, 32767)
        bits += "0" + format(run - 16384, "014b")
        left -= run
    more = bytes.fromhex("ffda0008010100013f00") + _packed(bits + "10" * left)
    return head + first + more * scans + b"\xff\xd9"


def _packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    whole = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return whole.replace(b"\xff", b"\xff\0")
