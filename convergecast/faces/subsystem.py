"""Puts the parts of recognition together and connects them with the hub. Process: hub."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from convergecast.clock import Clock
from convergecast.faces.enrolment import Enrolment, Find
from convergecast.faces.gallery import Gallery
from convergecast.faces.maintenance import Upkeep
from convergecast.faces.recogniser import Recogniser
from convergecast.faces.settings import SettingsStore
from convergecast.messages.people import FaceSettings
from convergecast.messages.results import Result
from convergecast.storage.audit import THE_HUB
from convergecast.storage.database import Database

Revise = Callable[[str, Callable[[Result], Result]], None]
"""Replaces a camera's newest result by what the function returns for it."""


class FaceSubsystem:
    """The hub's parts for recognising faces.

    Args:
        database: of people and settings.
        clock: the time.
        allowed: `recognition_allowed` of the configuration; False: recognition stays off.
        find: asks the engine for the faces of one picture, with vectors and crops.

    Attributes:
        settings, gallery, recogniser, enrolment, upkeep: its parts.
    """

    def __init__(self, *, database: Database, clock: Clock, allowed: bool, find: Find) -> None:
        """Make the parts; `follow` connects them with the rest."""
        self.settings = SettingsStore(database=database, clock=clock, allowed=allowed)
        self.gallery = Gallery(database, clock)
        self.recogniser = Recogniser(self.gallery, self.settings, clock)
        self.enrolment = Enrolment(self.gallery, self.settings, find)
        self.upkeep = Upkeep(
            gallery=self.gallery, settings=self.settings, recogniser=self.recogniser, find=find
        )

    def follow(
        self,
        *,
        camera_ids: Callable[[], Iterable[str]],
        revise: Revise,
        take_off: Callable[[], None],
        update_all: Callable[[], None],
    ) -> None:
        """Update results and cameras when people or the settings of recognition change.

        Args:
            camera_ids: returns the ids of all cameras.
            revise: changes a camera's newest result, which holds names.
            take_off: switches recognition off for all cameras.
            update_all: sends all workers their new orders.
        """

        def rename_all() -> None:
            for camera_id in camera_ids():
                revise(camera_id, functools.partial(self.recogniser.reconsider, camera_id))
            self.upkeep.wake()

        def change(now: FaceSettings, before: FaceSettings) -> None:
            if not now.recognition:
                take_off()
                self.recogniser.forget_all()
            if before.keep_unknown and not now.keep_unknown:
                self.gallery.drop_unknown(None, THE_HUB)
            self.gallery.changed()
            update_all()

        self.gallery.listen(rename_all)
        self.settings.listen(change)
        if not self.settings.now.recognition:
            take_off()
