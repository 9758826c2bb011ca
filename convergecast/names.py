"""The names of cameras and people: one line of text in any script. Process: hub."""

from __future__ import annotations

import unicodedata

from convergecast.errors import InvalidInput
from convergecast.protocol.texts import is_visible

MAX_NAME_LENGTH = 80


def shown_name(name: str) -> str:
    """Return a name as it is shown, in NFC; raises InvalidInput if it cannot be shown."""
    composed = unicodedata.normalize("NFC", name)
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in composed).strip()
    if not is_visible(spaced) or len(spaced) > MAX_NAME_LENGTH:
        raise InvalidInput(f"A name has 1 to {MAX_NAME_LENGTH} printable characters.")
    return spaced
