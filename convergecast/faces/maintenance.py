"""Deletes what has been kept long enough, and embeds pictures anew when the model changes.

A thread of its own, which waits for the clock and for changes of the gallery.

Process: hub.
"""

from __future__ import annotations

import logging
import threading

from convergecast.errors import ConvergeCastError, InvalidInput
from convergecast.faces.enrolment import Box, Find, checked_kind, face_of
from convergecast.faces.face import Face
from convergecast.faces.gallery import Gallery
from convergecast.faces.recogniser import Recogniser
from convergecast.faces.settings import SettingsStore

EVERY_S = 60.0
_TOLD_EVERY = 50

log = logging.getLogger("faces")


class Upkeep:
    """Keeps the gallery in order.

    Args:
        gallery, settings, recogniser: what is kept in order, and by which rules.
        find: asks the engine for the faces of one picture, with vectors and crops.
    """

    def __init__(
        self, *, gallery: Gallery, settings: SettingsStore, recogniser: Recogniser, find: Find
    ) -> None:
        """Make the thread; it does not run yet."""
        self._gallery = gallery
        self._settings = settings
        self._recogniser = recogniser
        self._find = find
        self._news = threading.Event()
        self._stopping = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="faces", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within about a second."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def wake(self) -> None:
        """Look at once whether there is something to do; any thread."""
        self._news.set()

    def run_once(self) -> None:
        """Do what is due.

        Raises:
            Unavailable: the engine or the database cannot do it now.
        """
        self._recogniser.sweep()
        self._gallery.expire(self._settings.now)
        self._embed_anew()

    def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            try:
                self.run_once()
            except ConvergeCastError as problem:
                self._complain(str(problem))
            except Exception:
                if not self._failing and not self._stopping:
                    log.exception("keeping up people's pictures failed; it is tried again")
                self._failing = True
            else:
                self._failing = False
            self._news.wait(EVERY_S)

    def _complain(self, problem: str) -> None:
        """Say once why it does not work; at the hub's end, nothing."""
        if not self._failing and not self._stopping:
            log.error("people's pictures are not kept up: %s", problem)
        self._failing = True

    def _embed_anew(self) -> None:
        """Bring all pictures to the kind of vectors that the engine gives now."""
        done = 0
        while self._may_look() and (stale := self._gallery.stale_picture()) is not None:
            picture_id, crop = stale
            self._gallery.set_face(picture_id, self._look_at(crop))
            done += 1
            if done % _TOLD_EVERY == 0:
                self._gallery.changed()
        if done:
            log.info("%d pictures were embedded anew", done)
            self._gallery.changed()

    def _may_look(self) -> bool:
        return self._settings.now.recognition and not self._stopping

    def _look_at(self, crop: bytes) -> Face | str:
        try:
            findings = self._find(crop)
        except InvalidInput as problem:
            return str(problem)
        self._gallery.use_kind(str(checked_kind(findings)))
        return face_of(findings, _middle(findings.width, findings.height))


def _middle(width: int, height: int) -> Box:
    """Return about where the face of a crop is: it was cut 0.6 of its side around it."""
    return 0.27 * width, 0.27 * height, 0.73 * width, 0.73 * height
