"""Registers with the hub, and repeats it as the heartbeat. One thread of the agent.

Process: agent.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests
import urllib3

from convergecast.protocol import ProtocolError
from convergecast.protocol.hosts import is_loopback
from convergecast.protocol.registration import MAX_BODY_BYTES, Registration, RegistrationReply

from .address import Hub
from .backoff import Backoff
from .errors import system_error
from .pairing import Pairing, Unproven

_log = logging.getLogger(__name__)

_TIMEOUTS_S = (2, 5)  # connect, read
_REFUSED_PAUSE_S = 10.0
_LEAST_PAUSE_S = 1.0
_AGAIN_S = 0.1
_LOOK_UP_S = 0.5
_FPS_CHANGE = 0.2


class _NotReached(Exception):
    """The hub cannot be reached now; the text is the reason."""


class _Refused(Exception):
    """The hub refused; the text is its reason."""


class HubLink:
    """Registers what `describe` returns, for as long as the agent runs.

    `follow` is called with each answer that the hub may have given.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        pairing: Pairing,
        describe: Callable[[], Registration],
        follow: Callable[[RegistrationReply], None],
        tls_ca: str | None = None,
    ) -> None:
        """Begin without a registration; nothing is sent yet."""
        self._hub = hub
        self._pairing = pairing
        self._describe = describe
        self._follow = follow
        self._session = requests.Session()
        self._verify: str | bool = tls_ca or True
        self._session.trust_env = not _is_own_machine(hub.host)
        self._said = _Said()
        self._backoff = Backoff(most_s=5.0)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._sent: Registration | None = None
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to register; the server must be listening already."""
        self._thread.start()

    def stop(self, timeout_s: float = 0.5) -> None:
        """End the thread; do not wait longer than `timeout_s` for an answer of the hub."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._session.close()

    @property
    def accepted(self) -> bool:
        """Whether the hub accepted the last registration."""
        return self._sent is not None

    def hurry(self) -> None:
        """Register soon, before the heartbeat is due: the hub may have restarted."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause_s = self._run_once()
            except Exception:  # noqa: BLE001  the top of the thread
                _log.exception("the registration failed; it is tried again")
                pause_s = _REFUSED_PAUSE_S
            self._pause(pause_s)

    def _run_once(self) -> float:
        """Register once; return how many seconds to wait before the next time."""
        registration = self._describe()
        try:
            reply = self._post(registration)
        except _NotReached as error:
            self._said.once(logging.WARNING, f"waiting for the hub at {self._hub.shown}: {error}")
            self._sent = None
            return self._backoff.next_s()
        except _Refused as error:
            self._said.once(logging.ERROR, f"the hub at {self._hub.shown} refuses: {error}")
            self._sent = None
            return _REFUSED_PAUSE_S
        except Unproven as error:
            self._said.once(logging.ERROR, str(error))
            self._sent = None
            return self._backoff.next_s()
        if reply is None:
            return _AGAIN_S
        self._accept(registration, reply)
        return reply.heartbeat_s

    def _accept(self, registration: Registration, reply: RegistrationReply) -> None:
        self._follow(reply)
        self._sent = registration
        self._backoff = Backoff(most_s=2.0)  # a hub that restarts is back soon
        level = logging.INFO
        if reply.status == "pending":
            text = f"waiting for approval on the hub's page at {self._hub.shown}"
        else:
            text = f"registered with the hub at {self._hub.shown} as camera {reply.camera_id}"
        if reply.message:
            level, text = logging.WARNING, f"{text}: {reply.message}"
        self._said.once(level, text)

    def _post(self, registration: Registration) -> RegistrationReply | None:
        """Return the hub's answer; None to register again at once."""
        body = self._pairing.write(registration)
        try:
            with self._session.post(
                f"{self._hub.url}/server/",
                data=body,
                headers={"Content-Type": "application/bson"},
                timeout=_TIMEOUTS_S,
                verify=self._verify,  # per request: the environment overrides the session's
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = response.raw.read(MAX_BODY_BYTES + 1, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _NotReached(_why(error)) from error
        if response.status_code >= 500:
            raise _NotReached(f"it answers with an error ({response.status_code})")
        if response.status_code != 200:
            reason = _message(answer, response.status_code)
            if response.status_code == 400 and "protocol" in reason and self._pairing.go_back():
                return None
            raise _Refused(reason)
        try:
            return self._pairing.read(answer)
        except ProtocolError as error:
            raise _Refused(
                f"the program at this address is not a hub of this version ({error})"
            ) from error

    def _pause(self, pause_s: float) -> None:
        """Wait; shorter if there is something new for the hub."""
        began = time.perf_counter()
        while not self._stop.is_set():
            waited_s = time.perf_counter() - began
            if waited_s >= pause_s:
                return
            if waited_s >= _LEAST_PAUSE_S and (self._wake.is_set() or self._has_news()):
                self._wake.clear()
                return
            self._stop.wait(min(_LOOK_UP_S, pause_s - waited_s))

    def _has_news(self) -> bool:
        sent = self._sent
        if sent is None:
            return False
        now = self._describe()
        if (now.width, now.height) != (sent.width, sent.height):
            return True
        before, after = sent.fps or 0.0, now.fps or 0.0
        return after > 0 and abs(after - before) > _FPS_CHANGE * after


@dataclass
class _Said:
    """Logs a text only if it differs from the last one."""

    last: str = ""

    def once(self, level: int, text: str) -> None:
        """Log a line unless it was the last one."""
        if text != self.last:
            self.last = text
            _log.log(level, "%s", text)


def _message(body: bytes, status: int) -> str:
    """Return the sentence of a hub's JSON refusal; without one, the status."""
    try:
        fields = json.loads(body)
        text = str(fields["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return f"it answers with status {status}"
    return text if text.isprintable() else repr(text)


def _why(error: BaseException) -> str:
    """Return a short reason for a failed request; the messages of requests are very long."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted (see --tls-ca)"
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    cause = system_error(error)
    if isinstance(cause, socket.gaierror):
        return "its name cannot be resolved"
    if cause is not None and cause.strerror:
        return cause.strerror.lower()
    return "the connection failed"


def _is_own_machine(host: str) -> bool:
    return is_loopback(host) or host.endswith(".localhost")
