"""Makes events of an engine that fails, or a model of it, and of one that works again.

An engine that ends again and again is told once. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable

from convergecast.engine.engine_process import EngineStatus
from convergecast.messages.events import Event, EventKind, Severity

WORKS_AFTER_S = 30.0
"""An engine that has been ready for so long works."""


class EngineEvents:
    """Watches the engine's status; one thread uses it. `tell` is called with each event."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        """Begin with an engine that works, as far as is known."""
        self._tell = tell
        self._failing: set[str] = set()
        self._stopped = False
        self._ready_since: float | None = None

    def look(self, status: EngineStatus, *, now: float, at_s: float) -> None:
        """Take in the status; `now` is monotonic, `at_s` UNIX seconds."""
        ready = status.state == "ready"
        self._ready_since = (self._ready_since or now) if ready else None
        if status.state == "failed" and not status.models and not self._stopped:
            self._stopped = True
            self._add(Severity.ALERT, at_s, f"{status.reason}.")
        elif self._stopped and self._ready_since and now - self._ready_since >= WORKS_AFTER_S:
            self._stopped = False
            self._add(Severity.NOTE, at_s, "the engine works again.")
        for model in status.models:
            if model.state == "failed" and model.task not in self._failing:
                self._failing.add(model.task)
                why = model.reason or "it failed"
                self._add(Severity.ALERT, at_s, f"the model of {model.task} cannot be used: {why}")
            elif model.state == "ready":
                self._failing.discard(model.task)

    def _add(self, severity: Severity, at_s: float, reason: str) -> None:
        self._tell(
            Event(
                kind=EventKind.SYSTEM,
                subkind="engine",
                severity=severity,
                started_at=at_s,
                ended_at=at_s,
                reason=reason[0].upper() + reason[1:],
            )
        )
