"""Puts names to the faces in results, by votes over time, and notes who is seen.

Process: hub, `analyze`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError, NotFound
from convergecast.faces.face_votes import FollowedFace
from convergecast.faces.gallery import Embedded, Gallery, Known
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Findings
from convergecast.messages.people import FaceSettings
from convergecast.messages.results import AnyResult, Face, Identity, Match, PictureResult, Result
from convergecast.messages.worker import Seen
from convergecast.options import identifying

if TYPE_CHECKING:
    from convergecast.faces.matching import Decision

TRACK_KEPT_S = 15.0
SIGHTING_EVERY_S = 5.0
NEGATIVES_AT_ONCE = 3

log = logging.getLogger("recognition")


class Recogniser:
    """Names faces; any thread.

    Args:
        gallery: the people.
        settings: the thresholds, and what is kept.
        clock: the time.

    Results that were named before `version` changed are to be reconsidered.
    """

    def __init__(self, gallery: Gallery, settings: SettingsStore, clock: Clock) -> None:
        """Begin without tracks."""
        self._gallery = gallery
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._cameras: dict[str, dict[int, FollowedFace]] = {}
        self._noted: dict[tuple[str, str], float] = {}
        self._failing = False

    @property
    def version(self) -> int:
        """Return a number that changes whenever a name in a result may be wrong."""
        return self._gallery.version

    @property
    def keeps_unknown(self) -> bool:
        """Whether pictures of faces are of use, being kept while nobody has named them."""
        return self._settings.now.recognition and self._settings.now.keep_unknown

    def annotate(self, camera_id: str, result: AnyResult, seen: Seen | None) -> AnyResult:
        """Return a camera's result with its faces named, and remember what was seen of them.

        Args:
            camera_id: whose result, or the name of a video, of which nothing is stored.
            result: as the worker made it.
            seen: what the engine told of its faces, or nothing.
        """
        if seen is not None and seen.faces and self._settings.now.recognition:
            self._gallery.use_kind(str(seen.kind))
        now_s, known = self._clock.monotonic(), None
        with self._lock:
            if not self._is_wanted(result):
                return result
            tracks = self._cameras.setdefault(camera_id, {})
            if seen is not None:
                _take_in(tracks, seen, now_s)
            numbers = {face.track_id for face in result.faces or ()}
            in_view = [track for number, track in tracks.items() if number in numbers]
            for track in in_view:
                track.seen_at_s = now_s
            _drop_old(tracks, now_s)
            if tracks and (known := self._known()) is not None:
                self._decide_all(tracks.values(), known, now_s)
            named = _named(result, tracks, known)
        if isinstance(result, Result):
            self._keep(camera_id, result.unchanged_until, in_view)
        return named

    def reconsider(self, camera_id: str, result: Result) -> Result:
        """Return the same result with the names that hold now, after people or settings changed."""
        if not result.faces:
            return result
        with self._lock:
            if not self._is_wanted(result):
                faces = [replace(face, person=None, identity=None) for face in result.faces]
                return replace(result, faces=faces)
            tracks = self._cameras.get(camera_id, {})
            known = self._known() if tracks else None
            if known is not None:
                self._decide_all(tracks.values(), known, self._clock.monotonic())
            return _named(result, tracks, known)

    def annotate_still(self, result: PictureResult, findings: Findings) -> PictureResult:
        """Return the result of a picture that is no camera's with its faces named.

        Args:
            result: of `messages.results.still`.
            findings: the engine's, with the vectors of the same faces.
        """
        if not self._is_wanted(result) or findings.kind is None:
            return result
        self._gallery.use_kind(str(findings.kind))
        known, settings = self._gallery.known(), self._settings.now
        faces = []
        for face, found in zip(result.faces or (), findings.faces or (), strict=True):
            votes = []
            if found.look is not None and found.look.vector is not None:
                votes = [(found.look.vector, found.look.quality)]
            decision = _decide(votes, known, settings, None, still=True)
            faces.append(_with_name(face, decision, known))
        return replace(result, faces=faces)

    def forget_camera(self, camera_id: str) -> None:
        """Forget the faces before a camera: its worker starts again, with the numbers of tracks."""
        with self._lock:
            self._cameras.pop(camera_id, None)

    def erase_camera(self, camera_id: str) -> None:
        """Delete all that is kept of a camera that is gone."""
        self.forget_camera(camera_id)
        self._gallery.forget_camera(camera_id)

    def forget_all(self) -> None:
        """Forget the faces before all cameras."""
        with self._lock:
            self._cameras.clear()
            self._noted.clear()

    def sweep(self) -> None:
        """Forget the faces of cameras that tell nothing any more."""
        now_s = self._clock.monotonic()
        with self._lock:
            for camera_id, tracks in list(self._cameras.items()):
                _drop_old(tracks, now_s)
                if not tracks:
                    del self._cameras[camera_id]
            for pair, noted_at_s in list(self._noted.items()):
                if now_s - noted_at_s > TRACK_KEPT_S:
                    del self._noted[pair]

    def vector_of(self, camera_id: str, track_id: int) -> Embedded:
        """Return the best vectors of a face in view, for "not this person"; raises NotFound."""
        with self._lock:
            track = self._cameras.get(camera_id, {}).get(track_id)
            if track is None or not track.votes:
                raise NotFound("This face is not in the camera's view any more.")
            votes = sorted(track.votes, key=lambda vote: -vote.quality)[:NEGATIVES_AT_ONCE]
            return Embedded(track.kind, tuple(vote.vector for vote in votes))

    def _is_wanted(self, result: Result | PictureResult) -> bool:
        on = self._settings.now.recognition and bool(identifying(result.options))
        return on and result.faces is not None

    def _known(self) -> Known | None:
        """Return the people; None while they cannot be read, which costs names and no picture."""
        try:
            return self._gallery.known()
        except ConvergeCastError as problem:
            self._complain(f"faces get no names: {problem}")
            return None

    def _decide_all(self, tracks: Iterable[FollowedFace], known: Known, now_s: float) -> None:
        settings = self._settings.now
        for track in tracks:
            if track.decided_with == (known.version, settings):
                continue
            before = track.decision
            if before and before.person_id is not None and before.person_id not in known.names:
                track.was_forgotten = True
            current = track.votes if track.kind == self._gallery.kind else []
            votes = [(vote.vector, vote.weight(now_s)) for vote in current]
            track.decision = _decide(votes, known, settings, before)
            track.decided_with = known.version, settings

    def _keep(self, camera_id: str, at_s: float, tracks: Iterable[FollowedFace]) -> None:
        """Note sightings and unknown faces of the tracks in view."""
        for track in tracks:
            if track.decision is None:
                continue
            if track.decision.state == "known":
                self._note_sighting(camera_id, at_s, track.decision)
                self._drop_unknown(track)
            elif track.decision.state == "unknown":
                self._keep_unknown(camera_id, at_s, track)

    def _store(self, action: Callable[[], None]) -> bool:
        """Have something stored; where too much waits already, it costs that, and no name."""
        try:
            action()
        except ConvergeCastError as problem:
            self._complain(f"who is seen is not stored: {problem}")
            return False
        self._failing = False
        return True

    def _complain(self, problem: str) -> None:
        """Say once why not everything works."""
        if not self._failing:
            log.error("%s", problem)
        self._failing = True

    def _note_sighting(self, camera_id: str, at_s: float, decision: Decision) -> None:
        person_id, distance = decision.person_id, decision.distance
        if person_id is None or distance is None:
            return
        now_s, pair = self._clock.monotonic(), (camera_id, person_id)
        with self._lock:
            due = now_s - self._noted.get(pair, -SIGHTING_EVERY_S) >= SIGHTING_EVERY_S
            if due:
                self._noted[pair] = now_s
        if due:
            self._store(lambda: self._gallery.note_sighting(person_id, camera_id, at_s, distance))

    def _keep_unknown(self, camera_id: str, at_s: float, track: FollowedFace) -> None:
        """Keep the best picture of a face that nobody has named, where that is switched on."""
        best = track.best
        if best is None or track.is_being_kept or not track.has_better_picture:
            return
        if not self.keeps_unknown:
            return

        def done(unknown_id: str | None) -> None:
            track.is_being_kept = False
            track.unknown_id, track.kept = unknown_id, best
            if track.decision is not None and track.decision.state == "known":
                self._drop_unknown(track)  # became known meanwhile

        def keep() -> None:
            self._gallery.keep_unknown(
                track.unknown_id,
                camera_id,
                at_s,
                best,
                # It may be switched off meanwhile, when all that was kept goes.
                is_wanted=lambda: self.keeps_unknown,
                done=done,
            )

        track.is_being_kept = True
        if not self._store(keep):
            track.is_being_kept = False

    def _drop_unknown(self, track: FollowedFace) -> None:
        unknown_id, track.unknown_id, track.kept = track.unknown_id, None, None
        if unknown_id is not None:
            self._store(lambda: self._gallery.drop_known(unknown_id))


def _decide(
    votes: Iterable[tuple[bytes, float]],
    known: Known,
    settings: FaceSettings,
    before: Decision | None,
    *,
    still: bool = False,
) -> Decision:
    """Return who a face is, by its vectors and their weights."""
    # NumPy, as there are vectors.
    from convergecast.faces.matching import NOTHING_YET, decide, vector_of

    weighed = [(vector_of(vector), weight) for vector, weight in votes]
    return decide(weighed, known.index, settings, before or NOTHING_YET, still=still)


def _take_in(tracks: dict[int, FollowedFace], seen: Seen, now_s: float) -> None:
    kind = str(seen.kind)
    for number, look in seen.faces.items():
        if look.vector is None:
            continue
        track = tracks.get(number)
        if track is None or track.kind != kind:
            track = tracks[number] = FollowedFace(kind, now_s)
        track.add(look, look.vector, now_s)


def _drop_old(tracks: dict[int, FollowedFace], now_s: float) -> None:
    for number, track in list(tracks.items()):
        if now_s - track.seen_at_s > TRACK_KEPT_S:
            del tracks[number]


def _named(result: AnyResult, tracks: Mapping[int, FollowedFace], known: Known | None) -> AnyResult:
    faces = []
    for face in result.faces or ():
        track = None if face.track_id is None else tracks.get(face.track_id)
        faces.append(_with_name(face, track.decision if track else None, known))
    return replace(result, faces=faces)


def _with_name(face: Face, decision: Decision | None, known: Known | None) -> Face:
    """Return a face with `identity` and `person` by a decision; undecided where there is none."""
    if face.identity is None:  # nobody looked at it: a model is missing
        return replace(face, person=None)
    identity = _identity(face.identity, decision, known)
    return replace(face, identity=identity, person=_match(identity))


def _match(identity: Identity) -> Match | None:
    """Return who a known face is."""
    person_id, name, distance = identity.id, identity.name, identity.distance
    if identity.state != "known" or person_id is None or name is None or distance is None:
        return None
    return Match(id=person_id, name=name, distance=distance)


def _identity(before: Identity, decision: Decision | None, known: Known | None) -> Identity:
    if decision is not None and known is not None:
        name = known.names.get(decision.person_id or "")
        if name is not None or decision.person_id is None:
            distance = None if decision.distance is None else round(decision.distance, 3)
            return replace(
                before,
                state=decision.state,
                id=decision.person_id,
                name=name,
                distance=distance,
            )
    return replace(before, state="undecided", id=None, name=None, distance=None)
