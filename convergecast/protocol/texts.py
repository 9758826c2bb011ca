"""Defines by regular expressions which text can be shown on one line.

Characters that Python's version of Unicode does not define count as printable. A later version, or
a user's font, may have them. Process: any.
"""

from __future__ import annotations

import re

# Control characters, ends of lines and paragraphs, and invisible characters that change others:
# soft hyphens, directions, marks, tags. The two joiners are not among them, because Persian and
# Hindi need them. The pattern contains the characters themselves, because engines of regular
# expressions differ in how they escape characters beyond 16 bits.
_HIDDEN = "".join(
    chr(first) if first == last else f"{chr(first)}-{chr(last)}"
    for first, last in (
        *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C)),
        *((0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x180E, 0x180E)),
        *((0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x2064)),
        *((0x2066, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0x110BD, 0x110BD)),
        *((0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
        *((0xE0001, 0xE0001), (0xE0020, 0xE007F)),
    )
)
# Spaces and joiners: allowed, but not visible.
_BLANK = " \u00a0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000"

PRINTABLE = f"^[^{_HIDDEN}]*$"
"""Text of one line."""
VISIBLE = f"^[^{_HIDDEN}]*[^{_HIDDEN}{_BLANK}][^{_HIDDEN}]*$"
"""Text of one line with at least one visible character."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_PRINTABLE, _VISIBLE = re.compile(PRINTABLE[1:-1]), re.compile(VISIBLE[1:-1])


def is_printable(text: str) -> bool:
    """Tell whether a text can be shown on one line. Lone surrogates cannot."""
    return bool(_PRINTABLE.fullmatch(text)) and not _SURROGATES.search(text)


def is_visible(text: str) -> bool:
    """Tell whether a text can be shown on one line and has a visible character."""
    return bool(_VISIBLE.fullmatch(text)) and not _SURROGATES.search(text)
