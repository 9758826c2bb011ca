"""The agent's endpoints: `/video`, `/stream`, `/health`. They run in the server's threads.

Process: agent.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from convergecast.protocol.frames import MAX_WAIT_S, frame_headers
from convergecast.protocol.proof import PROOF_HEADER, SCHEME
from convergecast.protocol.stream import STREAM_TYPE

from .encode import Frame
from .errors import CameraOffline
from .multipart import StreamParts
from .pairing import NotAdmitted, Pairing
from .server import CHANNEL_KEY
from .slot import FrameSlot

MOST_STREAMS = 8
MOST_POLLS = 6  # together with the streams fewer than the threads, so /health always finds one

_LOOK_UP_S = 1.0


class Places:
    """Counts the requests being served; at most `most` at a time."""

    def __init__(self, most: int) -> None:
        """Begin with every place free."""
        self._most = most
        self._lock = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        """Take a place if there is one."""
        with self._lock:
            if self.taken >= self._most:
                return False
            self.taken += 1
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self.taken -= 1


class _Refusal(Exception):
    """An answer other than a picture: status, kind and one sentence."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Keep status and kind of the answer."""
        super().__init__(message)
        self.status, self.kind = status, kind


def create_app(
    *,
    slot: FrameSlot,
    pairing: Pairing,
    epoch: str,
    version: str,
    hurry: Callable[[], None] = lambda: None,
) -> Flask:
    """Return the application that serves the frames of `slot` to the hub of `pairing`.

    Args:
        slot: holds the newest frame.
        pairing: knows the hub's keys.
        epoch: identifies this run of the agent.
        version: the agent's version, for `/health`.
        hurry: called when the agent should register soon: after a stream's last part, whatever the
            reason, and when the hub's clock is not what it was.
    """
    app = Flask(__name__, static_folder=None)
    answers = _Answers(slot=slot, epoch=epoch, version=version, on_stream_end=hurry)
    app.before_request(_guard(pairing, hurry))
    app.after_request(_answer_proof)
    app.register_error_handler(_Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CameraOffline, _offline)
    rules = (
        ("/video", answers.video),
        ("/video/", answers.video),
        ("/stream", answers.stream),
        ("/health", answers.health),
    )
    for path, view in rules:
        app.add_url_rule(path, endpoint=path, view_func=view, provide_automatic_options=False)
    return app


class _Answers:
    """The views."""

    def __init__(
        self, *, slot: FrameSlot, epoch: str, version: str, on_stream_end: Callable[[], None]
    ) -> None:
        """Begin with every place free."""
        self._slot = slot
        self._epoch = epoch
        self._version = version
        self._on_stream_end = on_stream_end
        self._streams = Places(MOST_STREAMS)
        self._polls = Places(MOST_POLLS)
        self._started = time.perf_counter()

    def video(self) -> Response:
        """Answer with one frame, or 204 if none came in time."""
        after, wait_s = _asked_frame(self._epoch)
        if not self._polls.take():
            raise _Refusal(503, "busy", f"{MOST_POLLS} others wait for a picture already")
        try:
            frame = self._wait(after, wait_s)
        finally:
            self._polls.leave()
        if frame is None:
            return _not_stored(Response(status=204))
        headers, body = self._packed(frame, plain=_wants_plain())
        return _not_stored(Response(body, headers=headers))

    def stream(self) -> Response:
        """Answer with frames until the camera or the client is gone."""
        plain, channel = _wants_plain(), request.environ.get(CHANNEL_KEY)
        first = self._slot.newer_than(0)
        if not self._streams.take():
            raise _Refusal(503, "busy", f"{MOST_STREAMS} streams are open already")
        parts = StreamParts(slot=self._slot, channel=channel, epoch=self._epoch, plain=plain)
        response = Response(parts.write(first), content_type=STREAM_TYPE)
        response.call_on_close(self._end_stream)
        return _not_stored(response)

    def health(self) -> Response:
        """Answer with the camera's state."""
        state = self._slot.state()
        return _not_stored(
            jsonify(
                state="online" if state.online else "offline",
                reason=state.reason,
                fps=round(state.fps, 2),
                width=state.width,
                height=state.height,
                pullers=self._streams.taken + self._polls.taken,
                uptime_s=round(time.perf_counter() - self._started, 1),
                version=self._version,
                epoch=self._epoch,
                time=time.time(),
            )
        )

    def _end_stream(self) -> None:
        self._streams.leave()
        self._on_stream_end()

    def _wait(self, after: int, wait_s: float) -> Frame | None:
        """Wait for a frame in short turns, so that a client that has gone frees its thread."""
        gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", _never)
        deadline = time.perf_counter() + wait_s
        while True:
            left_s = deadline - time.perf_counter()
            frame = self._slot.newer_than(after, timeout_s=max(0.0, min(left_s, _LOOK_UP_S)))
            if frame is not None or left_s <= _LOOK_UP_S or gone():
                return frame

    def _packed(self, frame: Frame, *, plain: bool) -> tuple[dict[str, str], bytes]:
        headers = {"Content-Type": "image/jpeg"}
        if not plain:
            headers["Content-Encoding"] = "deflate"
        headers |= frame_headers(
            seq=frame.seq,
            captured_at=frame.captured_at,
            epoch=self._epoch,
            scene=frame.scene,
            masks=frame.masks,
        )
        return headers, frame.jpeg() if plain else frame.deflated()


def _guard(pairing: Pairing, hurry: Callable[[], None]) -> Callable[[], None]:
    def check() -> None:
        given, target = request.headers.get("Authorization", ""), request.environ["REQUEST_URI"]
        try:
            g.proof = pairing.admit(given, request.method, target)
        except NotAdmitted as error:
            g.proof = error.proof
            if error.proof is None:
                raise _Refusal(401, "not-signed-in", str(error)) from error
            hurry()
            raise _Refusal(401, "clock", str(error)) from error
        channel = request.environ.get(CHANNEL_KEY)
        if channel is not None:
            channel.place.is_known("the hub")
        if request.method != "GET":
            raise _Refusal(405, "method", "an agent answers GET only")

    return check


def _answer_proof(response: Response) -> Response:
    proof = g.get("proof")
    if proof is not None:
        response.headers[PROOF_HEADER] = proof
    return response


def _asked_frame(epoch: str) -> tuple[int, float]:
    """Return the frame number to exceed (0: any) and how long to wait for it, in seconds."""
    after, wait, asked_epoch = (_argument(name) for name in ("after", "wait", "epoch"))
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise _Refusal(400, "invalid", "after is not a frame number")
    wait_s = _seconds(wait)
    if asked_epoch is not None and not (asked_epoch.isprintable() and len(asked_epoch) <= 64):
        raise _Refusal(400, "invalid", "epoch is not a short word")
    if after is None or asked_epoch not in (None, epoch):
        return 0, wait_s
    return int(after), wait_s


def _argument(name: str) -> str | None:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise _Refusal(400, "invalid", f"{name} is given more than once")
    return values[0] if values else None


def _seconds(text: str | None) -> float:
    try:
        seconds = float(text or "0") if text != "" else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise _Refusal(400, "invalid", "wait is not a number of seconds")
    return min(seconds, MAX_WAIT_S)


def _wants_plain() -> bool:
    if "Accept-Encoding" not in request.headers:
        return False
    return request.accept_encodings.quality("deflate") <= 0


def _never() -> bool:
    return False


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _error(status: int, kind: str, message: str) -> Response:
    response = jsonify(error=kind, message=message)
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "1"
    if status == 401:
        response.headers["WWW-Authenticate"] = f"{SCHEME}, Bearer"
    return _not_stored(response)


def _refused(error: _Refusal) -> Response:
    return _error(error.status, error.kind, str(error))


def _offline(error: CameraOffline) -> Response:
    return _error(503, "camera", str(error))


def _http_error(error: HTTPException) -> Response:
    if error.code == 404:
        return _error(404, "not-found", "an agent has /video, /stream and /health only")
    return _error(error.code or 500, "error", error.description or "the request failed")
