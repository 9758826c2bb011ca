"""The enrolment form: uploaded pictures, a camera's picture, unknown faces.

Uploads are kept in memory only; the database is the only place where a face is stored.

Process: hub.
"""

from __future__ import annotations

import re
from typing import TypeVar

from flask import request
from msgspec import UNSET, UnsetType
from werkzeug.datastructures import FileStorage

from convergecast.checks import checked
from convergecast.errors import InvalidInput, NotFound, TooLarge
from convergecast.faces.enrolment import Source
from convergecast.messages.people import MAX_PICTURES, Enrolled, MorePictures, NewPerson
from convergecast.messages.results import Result
from convergecast.messages.worker import State
from convergecast.names import shown_name
from convergecast.protocol.texts import is_printable
from convergecast.web.api.pictures import wait_for_pair
from convergecast.web.caller import caller
from convergecast.web.request_limits import MAX_PICTURE_BYTES
from convergecast.web.services import Services

_MAX_FILE_NAME = 255
_NUMBER = re.compile("[0-9]{1,9}")

F = TypeVar("F", bound=MorePictures)


def enrol_person(services: Services) -> Enrolled:
    """Enrol the person of the form.

    Raises:
        InvalidInput: the form is not valid, or there is no consent.
        NotFound: there is no such camera or unknown face, or the camera shows nothing.
        TooLarge: a picture is over its limit.
        NoUsableFace, and what else `Enrolment.enrol` raises.
    """
    if _is_form() and request.form.get("consent") != "true":
        raise InvalidInput(
            "A face is stored only with the person's consent: send consent=true once you have it."
        )
    form, by = _form(NewPerson), caller().actor
    consent_by = by.name if form.consent_by is UNSET else _shown("consent_by", form.consent_by)
    return services.enrolment.enrol(
        name=form.name,
        person_id=None,
        consent_by=consent_by,
        pictures=_sources(services, form),
        by=by,
    )


def add_pictures(services: Services, person_id: str) -> Enrolled:
    """Give a person the pictures of the form; raises as `enrol_person` does."""
    form, by = _form(MorePictures), caller().actor
    return services.enrolment.enrol(
        name=None,
        person_id=person_id,
        consent_by=by.name,
        pictures=_sources(services, form),
        by=by,
    )


def _shown(field: str, name: str) -> str:
    try:
        return shown_name(name)
    except InvalidInput as error:
        raise InvalidInput(f"{field}: {error}") from error


def _is_form() -> bool:
    return request.mimetype == "multipart/form-data"


def _form(kind: type[F]) -> F:
    """Return the form's text fields as their type; the files stay with the request."""
    if not _is_form():
        raise InvalidInput(
            "Send a form, multipart/form-data, with pictures, camera or unknown in it."
        )
    for name in request.files:
        if name != "pictures":
            raise InvalidInput(f"Files are sent as pictures, not as {(name or '')[:40]!r}.")
    values: dict[str, str | int | list[str]] = {
        name or "": text  # None: a part has no name
        for name, text in request.form.items()
    }
    if "unknown" in values:
        values["unknown"] = request.form.getlist("unknown")
    if _NUMBER.fullmatch(request.form.get("track_id", "")):
        values["track_id"] = int(request.form["track_id"])
    return checked(kind, values)


def _sources(services: Services, form: MorePictures) -> list[Source]:
    """Return the pictures of the form, of every source."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    unknown = () if form.unknown is UNSET else form.unknown
    count = len(files) + len(unknown) + (form.camera is not UNSET)
    if not count:
        raise InvalidInput("Send a picture: files named pictures, camera, or unknown.")
    if count > MAX_PICTURES:
        raise InvalidInput(f"At most {MAX_PICTURES} pictures at once.")
    found = [_sent(file, number) for number, file in enumerate(files, start=1)]
    found += [_unknown(services, unknown_id) for unknown_id in unknown]
    if form.camera is not UNSET:
        found.append(_in_view(services, form.camera, form.track_id))
    elif form.track_id is not UNSET:
        raise InvalidInput("track_id needs camera: send both.")
    return found


def _sent(file: FileStorage, number: int) -> Source:
    name = re.split(r"[/\\]", file.filename or "")[-1]
    name = "".join(letter for letter in name if is_printable(letter))[-_MAX_FILE_NAME:]
    name = name or f"picture {number}"
    content = file.stream.read()
    if len(content) > MAX_PICTURE_BYTES:
        raise TooLarge(f"{name} is larger than {MAX_PICTURE_BYTES // 10**6} MB.")
    return Source(name=name, content=content)


def _unknown(services: Services, unknown_id: str) -> Source:
    content = services.gallery.unknown_picture(unknown_id)
    return Source(name=f"unknown face {unknown_id}", content=content, unknown_id=unknown_id)


def _in_view(services: Services, camera_id: str, track_id: int | UnsetType) -> Source:
    """Return a camera's newest picture, or the newest one that shows a track."""
    camera = services.camera(caller(), camera_id)
    frame = services.broker.frame(camera_id)
    if frame is None or services.board.view(camera).state is not State.ONLINE:
        raise NotFound("This camera shows no picture now.")
    if track_id is UNSET:
        return Source(name=camera.name, content=frame.jpeg, source="camera")
    pair = wait_for_pair(services, camera_id, lambda result: _box(result, track_id) is not None)
    if pair is None:
        raise NotFound("This face has left the camera's view.")
    jpeg, result = pair
    return Source(name=camera.name, content=jpeg, box=_box(result, track_id), source="camera")


def _box(result: Result, track_id: int) -> tuple[float, float, float, float] | None:
    for face in result.faces or ():
        if face.track_id == track_id:
            x1, y1, x2, y2 = face.box
            return x1, y1, x2, y2
    return None
