"""The form of an enrolment: pictures that are sent, a camera's picture, unknown faces. Hub process.

What is sent is kept in memory only: a face is stored in the database or nowhere.
"""

from __future__ import annotations

import re
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage

from convergecast.errors import InvalidInput, NotFound, TooLarge
from convergecast.faces.enrolment import Source
from convergecast.messages.worker import State
from convergecast.names import shown_name
from convergecast.web.api.pictures import wait_for_pair
from convergecast.web.request_limits import MAX_PICTURE_BYTES
from convergecast.web.services import Services

MAX_PICTURES = 20
_MAX_FILE_NAME = 255
_SOURCE_FIELDS = ("camera", "track_id", "unknown")
_NEW_FIELDS = ("name", "consent", "consent_by", *_SOURCE_FIELDS)


def new_person(services: Services) -> dict[str, Any]:
    """Return what `Enrolment.enrol` needs for a new person: name, consent, pictures, caller.

    Raises:
        InvalidInput: the form cannot be understood, or nobody consented.
        NotFound: the camera or unknown face is not there, or shows nothing.
        TooLarge: a picture is over its limit.
    """
    _check_form(_NEW_FIELDS)
    if request.form.get("consent") != "true":
        raise InvalidInput(
            "A face is kept only with its owner's consent: send consent=true once you have it."
        )
    by = caller(services)
    if "name" not in request.form:
        raise InvalidInput("Send name: how the person is to be called.")
    return {
        "name": request.form["name"],
        "person_id": None,
        "consent_by": _consent_by() or by,
        "pictures": _sources(services),
        "by": by,
    }


def _consent_by() -> str | None:
    text = request.form.get("consent_by", "").strip()
    try:
        return shown_name(text) if text else None
    except InvalidInput as error:
        raise InvalidInput(f"consent_by: {error}") from error


def more_pictures(services: Services, person_id: str) -> dict[str, Any]:
    """Return what `Enrolment.enrol` needs for somebody known; raises as `new_person` does."""
    _check_form(_SOURCE_FIELDS)
    by = caller(services)
    return {
        "name": None,
        "person_id": person_id,
        "consent_by": by,
        "pictures": _sources(services),
        "by": by,
    }


def caller(services: Services) -> str:
    """Return who asks, in the words of the audit."""
    is_client = services.gate.is_bearer(request.headers.get("Authorization"))
    return "an API client" if is_client else "the hub's page"


def _check_form(fields: tuple[str, ...]) -> None:
    if request.mimetype != "multipart/form-data":
        raise InvalidInput(
            "Send a form, multipart/form-data, with pictures, camera or unknown in it."
        )
    if "pictures" in request.form:
        raise InvalidInput("pictures must be files.")
    for name in request.form:  # None where a part has no name
        if name not in fields:
            raise InvalidInput(
                f"{_short(name)} is no field of this form: it has {', '.join(fields)}, pictures."
            )
    for name in request.files:
        if name != "pictures":
            raise InvalidInput(f"Files are sent as pictures, not as {_short(name)}.")


def _short(name: str | None) -> str:
    return repr((name or "")[:40])


def _sources(services: Services) -> list[Source]:
    """Return the pictures of the form, wherever they come from."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    unknown, camera_id = request.form.getlist("unknown"), request.form.get("camera")
    count = len(files) + len(unknown) + (camera_id is not None)
    if not count:
        raise InvalidInput("Send a picture: files named pictures, camera, or unknown.")
    if count > MAX_PICTURES:
        raise InvalidInput(f"At most {MAX_PICTURES} pictures at once.")
    found = [_sent(file, number) for number, file in enumerate(files, start=1)]
    found += [_unknown(services, unknown_id) for unknown_id in unknown]
    track_id = _track_id()
    if camera_id is not None:
        found.append(_in_view(services, camera_id, track_id))
    elif track_id is not None:
        raise InvalidInput("track_id needs camera: send both.")
    return found


def _sent(file: FileStorage, number: int) -> Source:
    name = re.split(r"[/\\]", file.filename or "")[-1]
    name = "".join(letter for letter in name if letter.isprintable())[-_MAX_FILE_NAME:]
    name = name or f"picture {number}"
    content = file.stream.read()
    if len(content) > MAX_PICTURE_BYTES:
        raise TooLarge(f"{name} is larger than {MAX_PICTURE_BYTES // 10**6} MB.")
    return Source(name=name, content=content)


def _unknown(services: Services, unknown_id: str) -> Source:
    content = services.gallery.unknown_picture(unknown_id)
    return Source(name=f"unknown face {unknown_id}", content=content, unknown_id=unknown_id)


def _track_id() -> int | None:
    text = request.form.get("track_id")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidInput("track_id must be the number of a face in view.")
    return int(text)


def _in_view(services: Services, camera_id: str, track_id: int | None) -> Source:
    """Return a camera's newest picture, or the one in which a face was followed."""
    camera = services.registry.get(camera_id)
    frame = services.broker.frame(camera_id)
    if frame is None or services.board.view(camera)["state"] != State.ONLINE:
        raise NotFound("This camera shows no picture now.")
    if track_id is None:
        return Source(name=camera.name, content=frame.jpeg, source="camera")
    pair = wait_for_pair(services, camera_id, lambda result: _box(result, track_id) is not None)
    if pair is None:
        raise NotFound("This face is not in the camera's view any more.")
    jpeg, result = pair
    return Source(name=camera.name, content=jpeg, box=_box(result, track_id), source="camera")


def _box(result: dict[str, Any], track_id: int) -> tuple[float, float, float, float] | None:
    for face in result["faces"] or ():
        if face["track_id"] == track_id:
            x1, y1, x2, y2 = face["box"]
            return x1, y1, x2, y2
    return None
