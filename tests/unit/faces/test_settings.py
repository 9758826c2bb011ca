"""The settings of recognition, and the sentences about values that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from convergecast.checks import checked
from convergecast.errors import Conflict, Forbidden, InvalidInput
from convergecast.faces.settings import SettingsStore
from convergecast.messages.people import FaceSettings, SettingsChange
from convergecast.storage import audit
from convergecast.storage.database import Database
from tests.fakes import FakeClock
from tests.support.callers import TESTER


def store(database: Database, *, allowed: bool = True) -> SettingsStore:
    return SettingsStore(database=database, clock=FakeClock(), allowed=allowed)


def test_recognition_is_off_until_somebody_switches_it_on(database: Database) -> None:
    settings = store(database)
    assert settings.now == FaceSettings()
    assert not settings.now.recognition
    assert not settings.now.keep_unknown
    with pytest.raises(Conflict, match="switched off: switch it on first, on the page Faces"):
        settings.need_recognition()
    settings.change(SettingsChange(recognition=True))
    settings.need_recognition()


def test_what_is_set_stands_after_a_restart_and_in_the_audit(database: Database) -> None:
    told = []
    settings = store(database)
    settings.listen(lambda now, before: told.append((now, before)))
    now = settings.change(
        SettingsChange(recognition=True, unknown_hours=48, known_below=0.45), by=TESTER
    )
    assert told == [(now, FaceSettings())]
    assert store(database).now == now
    ((_, line),) = audit.newest(database, 10)
    assert line.action == "settings changed"
    assert line.by == TESTER
    assert line.detail == "recognition true; unknown_hours 48; known_below 0.45"


def test_setting_what_is_set_already_changes_nothing(database: Database) -> None:
    settings = store(database)
    settings.listen(lambda now, before: pytest.fail("nothing has changed"))
    settings.change(SettingsChange(unknown_hours=24, recognition=False))
    assert audit.newest(database, 10) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": 1}, "'colour' cannot be set; these can: recognition, keep_unknown"),
        ({"recognition": 1}, "recognition must be true or false"),
        ({"keep_unknown": "yes"}, "keep_unknown must be true or false"),
        ({"unknown_hours": 0}, "unknown_hours must be a whole number from 1 to 720"),
        ({"unknown_hours": 1.5}, "a whole number"),
        ({"unknown_hours": True}, "a whole number"),
        ({"sightings_days": 367}, "from 1 to 366"),
        ({"known_below": 0.1}, "known_below must be a number from 0.2 to 0.8"),
        ({"known_below": None}, "must be a number"),
        ({"known_below": float("nan")}, "must be a number"),
        ({"perhaps_below": 0.95}, "from 0.2 to 0.9"),
    ],
)
def test_what_cannot_be_set_is_said_and_changes_nothing(
    database: Database, changes: dict[str, Any], words: str
) -> None:
    settings = store(database)
    with pytest.raises(InvalidInput, match=words):
        settings.change(checked(SettingsChange, {"sightings_days": 9, **changes}))
    assert settings.now == store(database).now == FaceSettings()


@pytest.mark.parametrize("changes", [{"known_below": 0.7}, {"perhaps_below": 0.4}])
def test_thresholds_that_do_not_go_together_are_refused(
    database: Database, changes: dict[str, Any]
) -> None:
    settings = store(database)
    with pytest.raises(Conflict, match="perhaps_below must not be less than known_below"):
        settings.change(checked(SettingsChange, {"sightings_days": 9, **changes}))
    assert settings.now == store(database).now == FaceSettings()


def test_a_configuration_that_forbids_recognition_wins_over_what_is_stored(
    database: Database,
) -> None:
    store(database).change(SettingsChange(recognition=True))
    settings = store(database, allowed=False)
    assert not settings.now.recognition
    with pytest.raises(Forbidden, match="switches face recognition off for good"):
        settings.need_recognition()
    with pytest.raises(Forbidden, match="recognition_allowed"):
        settings.change(SettingsChange(recognition=True))
    assert settings.change(SettingsChange(sightings_days=3)).sightings_days == 3
