"""Requests frames from an agent, one at a time or as a stream.

It uses plain `http.client`, because `requests` takes four times the CPU per frame. It follows no
redirects, uses no proxy and resolves no names. Process: worker.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

from convergecast.messages.worker import Orders
from convergecast.protocol import LONG_POLL, STREAM, ProtocolError
from convergecast.protocol.frames import MAX_JPEG_BYTES, MAX_WAIT_S, WireFrame, parse_frame
from convergecast.protocol.hosts import place_text
from convergecast.protocol.proof import PROOF_HEADER, Claim, claim
from convergecast.protocol.stream import FrameReader

CONNECT_TIMEOUT_S = 1.0
WHOLE_PICTURE_S = 10.0
_LEAST_PATIENCE_S = 2.0
_UNKNOWN_RATE_S = 20.0
_MAX_REASON_BYTES = 2_000
_MAX_HEALTH_BYTES = 64 << 10
_MAX_REASON_LENGTH = 200


class SourceError(Exception):
    """The agent does not answer, or answers wrongly. Users read the text as the reason.

    `offline` is True if the camera is known to be away, not just silent or sending invalid data.
    """

    def __init__(self, reason: str, *, offline: bool) -> None:
        """Keep the reason, and whether the camera is offline."""
        super().__init__(reason)
        self.offline = offline


class _Http10Connection(HTTPConnection):
    """Speaks HTTP/1.0, so that a server sends a stream without chunks."""

    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"


class FrameSource:
    """A connection to an agent, which is made again after every error.

    Every method raises SourceError. The object can be used again after that.
    """

    def __init__(self, orders: Orders) -> None:
        """Start without a connection."""
        self._orders = orders
        self._place = place_text(orders.address, orders.port)
        self._connection: HTTPConnection | None = None
        self.can_stream = STREAM in orders.capabilities
        self.can_wait = LONG_POLL in orders.capabilities
        self._reading: socket.socket | None = None
        self._due: float | None = None
        self._too_slow = False

    @property
    def patience_s(self) -> float:
        """How long to wait for the next frame at this camera's rate, in seconds.

        An agent measures its camera's rate, and says itself when the camera is away: until it has
        told the rate, it is waited for as it waits for the camera.
        """
        if self._orders.agent_fps:
            return max(_LEAST_PATIENCE_S, 3.0 / self._orders.agent_fps)
        return _UNKNOWN_RATE_S if self.can_wait or self.can_stream else _LEAST_PATIENCE_S

    def renew(self, orders: Orders) -> None:
        """Set new orders with the same address of the agent."""
        self._orders = orders

    def frame(self, after: tuple[int, str] | None, wait_s: float) -> WireFrame | None:
        """Return the newest frame.

        With `after` (number, epoch), return a newer frame, or None if none came within `wait_s`.
        An agent without long-poll returns its newest frame at once.
        """
        wait_s = min(wait_s, MAX_WAIT_S)
        path = "/video/"
        if self.can_wait and after is not None and after[0] >= 0:
            path += f"?after={after[0]}&epoch={after[1]}&wait={wait_s:g}"
        response = self._get(path, HTTPConnection, wait_s + _LEAST_PATIENCE_S)
        if response.status == 204:
            response.read()
            return None
        self._expect_ok(response)
        with _translated(self):
            frame = parse_frame(_lower(response), _read_picture(response))
        return frame

    def stream(self) -> Iterator[WireFrame]:
        """Yield frames for as long as the agent sends them."""
        response = self._get("/stream", _Http10Connection, self.patience_s)
        self._expect_ok(response)
        try:
            with _translated(self):
                yield from self._frames(response)
        finally:
            self.close()

    def _frames(self, response: HTTPResponse) -> Iterator[WireFrame]:
        reading, patience_s = self._reading, self.patience_s
        if reading is None or response.fp is None:
            raise EOFError("the stream has no parts")
        # Read from the socket: reading through the response would double the CPU time.
        frames = FrameReader(reading.recv_into, begun=response.fp.peek())
        last_jpeg, now = b"", time.monotonic()
        changed_at = now
        while True:
            if patience_s != self.patience_s:  # the agent has told another rate
                patience_s = self.patience_s
                reading.settimeout(patience_s)
            self._due = now + patience_s + WHOLE_PICTURE_S
            frame = frames.read()
            now = time.monotonic()
            if frame.jpeg is not last_jpeg:
                last_jpeg, changed_at = frame.jpeg, now
            elif now - changed_at > patience_s:
                raise ProtocolError(f"no new picture for {patience_s:g} s")
            if last_jpeg:
                yield frame

    def health(self) -> tuple[dict[str, Any], float, float]:
        """Return the agent's `/health`, the local UNIX time of it, and the round trip in seconds.

        The local time is the middle between the request and the response.
        """
        began = time.time()
        response = self._get("/health", HTTPConnection, _LEAST_PATIENCE_S)
        self._expect_ok(response)
        with _translated(self):
            body = response.read(_MAX_HEALTH_BYTES)
            ended = time.time()
            try:
                health = json.loads(body)
            except ValueError as error:
                raise ProtocolError("the agent's /health is not JSON") from error
            if not isinstance(health, dict):
                raise ProtocolError("the agent's /health is not an object")
        return health, (began + ended) / 2, ended - began

    def check(self, now: float) -> None:
        """Abort a read that takes too long as a whole, even if single bytes still arrive.

        Another thread calls it, with monotonic time. The reading thread gets a SourceError.
        """
        due, reading = self._due, self._reading
        if due is None or now < due or reading is None:
            return
        self._too_slow = True
        with contextlib.suppress(OSError):
            reading.shutdown(socket.SHUT_RDWR)

    def _begin(self, patience_s: float) -> None:
        self._too_slow = False
        self._due = time.monotonic() + patience_s + WHOLE_PICTURE_S

    def reason(self, error: BaseException) -> str:
        """Return for people why the connection failed."""
        if self._too_slow:
            return f"the agent is too slow: no whole picture in {WHOLE_PICTURE_S:g} s"
        return _words(error)

    def close(self) -> None:
        """Close the connection."""
        self._due = self._reading = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _get(self, path: str, kind: type[HTTPConnection], timeout_s: float) -> HTTPResponse:
        if self._orders.proven and not self._orders.stream_key:
            raise SourceError(_NOT_PAIRED, offline=True)
        if type(self._connection) is not kind or self._connection.sock is None:
            self.close()  # it has another HTTP version, or the agent closed it after its response
        if self._connection is None:
            self._connection = kind(self._orders.address, self._orders.port, CONNECT_TIMEOUT_S)
            try:
                self._connection.connect()
            except OSError as error:
                self.close()
                raise SourceError(self._unreachable(error), offline=True) from error
        self._reading = self._connection.sock  # during a stream, the connection drops its `sock`
        self._reading.settimeout(timeout_s)
        self._begin(timeout_s)
        headers = {"Accept-Encoding": "deflate, identity;q=0.5"}
        stream_key, claimed = self._orders.stream_key, None
        if stream_key and self._orders.proven:
            claimed = claim(stream_key, "GET", path, self._place, time.time())
            headers["Authorization"] = str(claimed)
        elif stream_key:
            headers["Authorization"] = f"Bearer {stream_key}"
        with _translated(self):
            self._connection.request("GET", path, headers=headers)
            response = self._connection.getresponse()
        if stream_key and claimed:
            self._expect_proof(response, claimed, stream_key)
        return response

    def _expect_proof(self, response: HTTPResponse, claimed: Claim, stream_key: str) -> None:
        """Raise SourceError unless the answer is by who has the key. Nothing is taken from it."""
        if not claimed.is_answered_by(response.getheader(PROOF_HEADER), stream_key):
            self.close()
            raise SourceError(_REFUSES if response.status == 401 else _IMPOSTOR, offline=True)

    def _expect_ok(self, response: HTTPResponse) -> None:
        if response.status == 200:
            return
        with _translated(self):
            reason = _reason(response.read(_MAX_REASON_BYTES))
        self.close()
        if response.status == 401:
            reason = _OTHER_CLOCK if self._orders.proven else _REFUSES
        elif response.status == 404:
            reason = "the program at this address is not an agent"
        elif response.status != 503 or not reason:
            reason = f"the agent answered with status {response.status}"
        raise SourceError(reason, offline=True)

    def _unreachable(self, error: OSError) -> str:
        where = f"{self._orders.address}:{self._orders.port}"
        if isinstance(error, TimeoutError):
            return f"no answer from {where}"
        if isinstance(error, ConnectionRefusedError):
            return f"no agent is running at {where}"
        return f"{where} cannot be reached ({error.strerror or 'network error'})"


@contextlib.contextmanager
def _translated(source: FrameSource) -> Iterator[None]:
    """Turn errors of a broken connection into SourceError, and close the connection."""
    try:
        yield
    except _BROKEN as error:
        reason = source.reason(error)
        source.close()
        raise SourceError(reason, offline=False) from error


_REFUSES = "the agent refuses this hub's key; it registers again automatically"
_OTHER_CLOCK = "the clocks of hub and agent differ; its next registration puts that right"
_IMPOSTOR = "the program at this address does not prove that it is this camera's agent"
_NOT_PAIRED = (
    "its agent has another token, or the key of another hub: start it with this hub's token, or "
    "once with --pair-again"
)
_TOO_LARGE = f"the picture has more than {MAX_JPEG_BYTES >> 20} MB"
_BROKEN = (OSError, HTTPException, ProtocolError, EOFError, ValueError)


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the agent is connected but sends nothing"
    if isinstance(error, ProtocolError):
        return str(error)
    if isinstance(error, EOFError | ConnectionError) or not str(error):
        return "the agent closed the connection"
    return "the program at this address does not speak HTTP like an agent"


def _reason(body: bytes) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    text = "".join(c for c in str(message) if c.isprintable())
    return text[:_MAX_REASON_LENGTH]


def _read_picture(response: HTTPResponse) -> bytes:
    if (response.length or 0) > MAX_JPEG_BYTES:
        raise ProtocolError(_TOO_LARGE)
    body = response.read(MAX_JPEG_BYTES + 1)
    if len(body) > MAX_JPEG_BYTES:
        raise ProtocolError(_TOO_LARGE)
    if response.length:
        raise EOFError("the response ended within a picture")
    return body


def _lower(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
