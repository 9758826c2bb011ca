"""What is told of an engine that fails, that ends again and again, and that works again."""

from __future__ import annotations

from convergecast.engine.engine_events import WORKS_AFTER_S, EngineEvents
from convergecast.engine.engine_process import EngineStatus
from convergecast.messages.engine import ModelInfo
from convergecast.messages.events import Event

READY = EngineStatus("ready", models=(ModelInfo(task="faces", state="ready", reason=None),))
STOPPED = EngineStatus("failed", "the engine stopped; it restarts automatically")
STARTING = EngineStatus("starting", "the engine is starting")
NO_MODEL = EngineStatus(
    "ready",
    models=(*READY.models, ModelInfo(task="objects", state="failed", reason="it is damaged")),
)


def test_each_failure_is_told_once_and_that_it_works_again() -> None:
    told: list[Event] = []
    events = EngineEvents(told.append)
    now = 0.0

    def see(*statuses: EngineStatus) -> list[str]:
        nonlocal now
        before = len(told)
        for status in statuses:
            now += 1
            events.look(status, now=now, at_s=1000 + now)
        return [str(event.reason) for event in told[before:]]

    assert see(EngineStatus(), STARTING, *[READY] * 100) == []
    assert see(STOPPED, STOPPED, STARTING) == ["The engine stopped; it restarts automatically."]
    # It ends again and again: that is one event.
    assert see(*[*[READY] * 9, STOPPED, STARTING] * 20) == []
    assert see(*[READY] * int(WORKS_AFTER_S + 5)) == ["The engine works again."]
    assert see(NO_MODEL, NO_MODEL) == ["The model of objects cannot be used: it is damaged"]
    assert see(READY, *[NO_MODEL] * 3) == []
    assert len(see(STOPPED)) == 1
    assert {(event.kind, event.subkind) for event in told} == {("system", "engine")}
    assert [str(event.severity) for event in told] == ["alert", "note", "alert", "alert"]
    assert told[0].started_at == told[0].ended_at == 1103.0
