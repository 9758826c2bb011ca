"""Which text can be shown on one line, as a rule that a regular expression tells.

What is not assigned in Python's edition of Unicode may be in a later one or in somebody's font, so
it counts as shown. Process: any.
"""

from __future__ import annotations

import re

# Control characters; what is invisible and steers other characters (soft hyphens, directions,
# marks, tags), except for the two joiners, without which Persian or Hindi cannot be written; ends
# of lines and paragraphs. Characters themselves stand here, since engines of regular expressions
# differ in how they escape those beyond 16 bits.
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
# Spaces and joiners: allowed, and nothing to see.
_BLANK = " \u00a0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000"

PRINTABLE = f"^[^{_HIDDEN}]*$"
"""Text of one line."""
VISIBLE = f"^[^{_HIDDEN}]*[^{_HIDDEN}{_BLANK}][^{_HIDDEN}]*$"
"""Text of one line in which there is something to see."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_PRINTABLE, _VISIBLE = re.compile(PRINTABLE[1:-1]), re.compile(VISIBLE[1:-1])


def is_printable(text: str) -> bool:
    """Whether a text can be shown on one line; halves of letters cannot."""
    return bool(_PRINTABLE.fullmatch(text)) and not _SURROGATES.search(text)


def is_visible(text: str) -> bool:
    """Whether a text can be shown on one line and there is something to see."""
    return bool(_VISIBLE.fullmatch(text)) and not _SURROGATES.search(text)
