"""Deletes what has expired, and embeds stored pictures again when the model changes.

Runs in a thread of its own, which waits for the clock and for changes to the gallery.

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
        gallery, recogniser: what is maintained.
        settings: how long things are kept.
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
        """Check at once whether something is due; from any thread."""
        self._news.set()

    def run_once(self) -> None:
        """Do what is due.

        Raises:
            Unavailable: the engine or the database cannot do it now.
        """
        self._recogniser.sweep()
        self._gallery.expire(self._settings.now)
        self._embed_again()

    def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            try:
                self.run_once()
            except ConvergeCastError as problem:
                self._complain(str(problem))
            except Exception:
                if not self._failing and not self._stopping:
                    log.exception("the upkeep of people's pictures failed; it is tried again")
                self._failing = True
            else:
                self._failing = False
            self._news.wait(EVERY_S)

    def _complain(self, problem: str) -> None:
        """Log once why it does not work; log nothing while the hub ends."""
        if not self._failing and not self._stopping:
            log.error("people's pictures cannot be maintained: %s", problem)
        self._failing = True

    def _embed_again(self) -> None:
        """Embed all pictures whose vectors are not of the kind that the engine makes now."""
        done = 0
        while self._may_look() and (stale := self._gallery.stale_picture()) is not None:
            picture_id, crop = stale
            self._gallery.set_face(picture_id, self._look_at(crop))
            done += 1
            if done % _TOLD_EVERY == 0:
                self._gallery.changed()
        if done:
            log.info("%d pictures were embedded again", done)
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
    """Return roughly where the face is in a crop, which has a margin of 0.6 of the face's side."""
    return 0.27 * width, 0.27 * height, 0.73 * width, 0.73 * height
