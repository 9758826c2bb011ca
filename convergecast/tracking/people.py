"""How many people there are now. Process: worker."""

from __future__ import annotations

from collections.abc import Iterable

from convergecast.labels import PERSON
from convergecast.tracking.track import Track


def count_people(tracks: Iterable[Track]) -> int:
    """Return how many people are there now; each comes and goes by its own `present`."""
    return sum(track.present and track.label_id == PERSON for track in tracks)
