"""Enrols people: checks their pictures, says what is wrong with each, and stores the faces.

The engine's answers for pictures that are embedded again are read here too.

Process: hub, command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from convergecast.errors import InvalidInput, NoUsableFace, Refused, Unavailable
from convergecast.faces.face import Face, words
from convergecast.faces.gallery import Gallery
from convergecast.faces.settings import SettingsStore
from convergecast.messages.engine import Findings, FoundFace, Look, VectorKind
from convergecast.messages.people import Enrolled, RejectedPicture
from convergecast.messages.values import HARDLY_A_FACE
from convergecast.names import shown_name
from convergecast.storage.audit import Actor
from convergecast.tracking.association import overlap

NO_FACE = "no face found"
THERE_ALREADY = "this picture is stored already"
SEVERAL_FROM = 0.5
"""Faces smaller than this part of the largest face are taken for bystanders and ignored."""

Find = Callable[[bytes], Findings]
Box = tuple[float, float, float, float]
LookedAt = tuple[FoundFace, Look]

_NUMBERS = ("two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A picture from which a person is enrolled.

    Attributes:
        name: what to call it in a verdict.
        content: of a format of `vision.decode`.
        box: which face is meant, `x1, y1, x2, y2` in pixels; None: the picture must have one only.
        unknown_id: the unknown face that this picture was; it is removed from the unknown faces.
        source: `upload` or `camera`.
    """

    name: str
    content: bytes
    box: Box | None = None
    unknown_id: str | None = None
    source: str = "upload"


class Enrolment:
    """Adds pictures to people.

    Args:
        gallery: where people are kept.
        settings: whether recognition is on.
        find: asks the engine for the faces of one picture, with vectors and crops.
    """

    def __init__(self, gallery: Gallery, settings: SettingsStore, find: Find) -> None:
        """Keep the gallery, the settings and the function that finds faces."""
        self._gallery = gallery
        self._settings = settings
        self._find = find

    def enrol(
        self,
        *,
        name: str | None,
        person_id: str | None,
        consent_by: str,
        pictures: Sequence[Source],
        by: Actor,
    ) -> Enrolled:
        """Look at all pictures, then store the usable ones, all in one step.

        Args:
            name: of a new person; None if `person_id` is given.
            person_id: the person who gets more pictures; None for a new person.
            consent_by: who recorded the consent of a new person.
            pictures: at least one.
            by: who does this, for the audit.

        Returns:
            The person as the API shows it, and the pictures that are not kept.

        Raises:
            NoUsableFace: no picture can be used.
            InvalidInput: the name cannot be shown, or there is no consent.
            NotFound: there is no such person.
            TooMany: the hub has as many people or pictures as it may.
            Conflict, Forbidden: recognition is off.
            Unavailable: the engine cannot do it now.
        """
        self._settings.need_recognition()
        if (name is None) == (person_id is None):
            raise InvalidInput("Give either the name of a new person or the id of a known one.")
        if name is not None:
            shown_name(name)
        self._gallery.check_room(person_id)
        accepted, rejected = self._look_at_all(pictures, person_id)
        if not accepted:
            raise NoUsableFace(_why_none(rejected), [_told(each) for each in rejected])
        self._settings.need_recognition()  # recognition may have been switched off meanwhile
        faces = [(_where_from(source), face) for source, face in accepted]
        if person_id is None:
            person_id = self._gallery.new_person(name or "", consent_by, faces, by)
        else:
            self._gallery.add_pictures(person_id, faces, by)
        for source, _ in accepted:
            if source.unknown_id is not None:
                self._gallery.drop_unknown(source.unknown_id, None)
        person = self._gallery.person(person_id)
        return Enrolled(**msgspec.structs.asdict(person), rejected=rejected)

    def _look_at_all(
        self, pictures: Sequence[Source], person_id: str | None
    ) -> tuple[list[tuple[Source, Face]], list[RejectedPicture]]:
        """Return the usable faces, and the verdicts on the other pictures."""
        accepted: list[tuple[Source, Face]] = []
        rejected: list[RejectedPicture] = []
        for number, source in enumerate(pictures):
            found = self._look_at(source)
            if isinstance(found, Face) and self._is_there(found, accepted, person_id):
                found = THERE_ALREADY
            if isinstance(found, Face):
                accepted.append((source, found))
            else:
                rejected.append(RejectedPicture(picture=number, file=source.name, verdict=found))
        return accepted, rejected

    def _look_at(self, source: Source) -> Face | str:
        """Return the face of a picture, or why there is none to use."""
        if source.unknown_id is not None:
            return self._gallery.unknown_face(source.unknown_id)
        try:
            findings = self._find(source.content)
        except InvalidInput as problem:
            return str(problem)
        self._gallery.use_kind(str(checked_kind(findings)))
        return face_of(findings, source.box)

    def _is_there(
        self, face: Face, accepted: Sequence[tuple[Source, Face]], person_id: str | None
    ) -> bool:
        # Loads NumPy, which a hub needs only when it compares faces.
        from convergecast.faces.matching import SAME_PICTURE_BELOW, distances_between, vectors_of

        others = [other.vector for _, other in accepted if other.kind == face.kind]
        if person_id is not None:
            others += self._gallery.vectors(person_id, face.kind)
        if not others:
            return False
        apart = distances_between(vectors_of([face.vector]), vectors_of(others))
        return bool(apart.min() < SAME_PICTURE_BELOW)


def checked_kind(findings: Findings) -> VectorKind:
    """Return the kind of the vectors; raises Unavailable if the engine did only a part."""
    if findings.problem or findings.faces is None or findings.kind is None:
        raise Unavailable(
            findings.problem or "The engine cannot recognise faces now: try again in a moment."
        )
    return findings.kind


def face_of(findings: Findings, box: Box | None) -> Face | str:
    """Return the usable face of an engine's answer, or why there is none.

    Args:
        findings: for `recognition` with crops, after `checked_kind`.
        box: which face is meant; None: the only one, or the one that stands out.
    """
    looked_at = [(face, face.look) for face in findings.faces or () if face.look is not None]
    if not looked_at:
        return NO_FACE
    found = _only(looked_at) if box is None else _meant(looked_at, box)
    if isinstance(found, str):
        return found
    look = found[1]
    if look.vector is None or look.crop is None:
        return words(look.flaws) if look.flaws else "this face cannot be used"
    return Face(
        crop=look.crop,
        vector=look.vector,
        kind=str(findings.kind),
        quality=look.quality,
        flaws=look.flaws,
    )


def _only(faces: Sequence[LookedAt]) -> LookedAt | str:
    """Return the largest face, unless others are about as large."""
    faces = [one for one in faces if HARDLY_A_FACE not in one[1].flaws] or faces
    largest = max(faces, key=lambda one: _side(one[0].box))
    count = sum(_side(face.box) >= SEVERAL_FROM * _side(largest[0].box) for face, _ in faces)
    if count == 1:
        return largest
    number = _NUMBERS[count - 2] if count - 2 < len(_NUMBERS) else str(count)
    return f"{number} faces: send a picture with one"


def _meant(faces: Sequence[LookedAt], box: Box) -> LookedAt | str:
    best = max(faces, key=lambda one: overlap(one[0].box, box))
    return best if overlap(best[0].box, box) > 0.1 else NO_FACE


def _side(box: Sequence[float]) -> float:
    return min(box[2] - box[0], box[3] - box[1])


def _where_from(source: Source) -> str:
    return "unknown" if source.unknown_id is not None else source.source


def _told(rejected: RejectedPicture) -> Refused:
    return {
        "picture": rejected.picture,
        "file": rejected.file,
        "verdict": rejected.verdict,
    }


def _why_none(rejected: Sequence[RejectedPicture]) -> str:
    if len(rejected) == 1:
        return f"{rejected[0].file}: {rejected[0].verdict.removesuffix('.')}."
    return "None of these pictures can be used: each has its own verdict."
