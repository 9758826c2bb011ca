"""What people may call a camera or a person: text in any script, of one line. Any process."""

from __future__ import annotations

import unicodedata

from convergecast.errors import InvalidInput

MAX_NAME_LENGTH = 80

# Letters of Persian, Hindi and others are joined or kept apart by these two, which are invisible.
_JOINERS = "\u200c\u200d"


def shown_name(name: str) -> str:
    """Return a name as it is shown, NFC; raises InvalidInput for one that cannot be."""
    composed = unicodedata.normalize("NFC", name)
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in composed).strip()
    visible = "".join(c for c in spaced if c not in _JOINERS)
    if not visible or len(spaced) > MAX_NAME_LENGTH or not visible.isprintable():
        raise InvalidInput(f"A name has 1 to {MAX_NAME_LENGTH} printable characters.")
    return spaced
