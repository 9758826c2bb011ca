"""Notices that two agents have one identity and one key, as after copying a memory card.

Each run of an agent tells a word of its own. A run that has ended never comes back, so two that
take turns are two agents. Process: hub.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_MOST_RUNS = 4
_MOST_COPIES = 16
_TURNS = 2  # one could be a registration that was on its way while its agent ended


@dataclass(slots=True)
class _Runs:
    """The runs of one camera's agents: those heard of, oldest first, and those told apart."""

    heard: list[str] = field(default_factory=list)
    last: str = ""
    turns: int = 0
    copies: list[str] = field(default_factory=list)


class Copies:
    """Remembers the runs of each camera's agents. For one thread at a time."""

    def __init__(self) -> None:
        """Begin without a camera."""
        self._cameras: dict[str, _Runs] = {}

    def is_copy(self, camera_id: str, run: str) -> bool:
        """Return whether a registration is by a copy of a camera's agent, of which the older stays.

        Args:
            camera_id: the camera whose key the registration has proven.
            run: the word of the agent's run.
        """
        runs = self._cameras.setdefault(camera_id, _Runs())
        if run in runs.copies:
            return True
        if run not in runs.heard:
            runs.heard = [*runs.heard[1 - _MOST_RUNS :], run]
        elif run != runs.last:
            runs.turns += 1
        runs.last = run
        if runs.turns >= _TURNS:
            newest = runs.heard.pop()
            runs.copies = [*runs.copies[1 - _MOST_COPIES :], newest]
            runs.turns = 0
        return run in runs.copies

    def forget(self, camera_id: str) -> None:
        """Forget a camera."""
        self._cameras.pop(camera_id, None)
