"""The agent program: reads the command line, connects the parts, waits for the signal to stop.

Process: agent.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType

from .address import ANY_HUB, Hub, Listener, open_listener, own_address
from .backoff import Backoff
from .errors import AgentError
from .identity import KnownHub, claim_identity
from .options import AgentOptions, parse_options
from .quiet import silence_libraries
from .service import AgentService
from .slot import FrameSlot
from .sources import make_source

_log = logging.getLogger(__name__)

_LOOK_UP_S = 0.25
_ADDRESS_EVERY_S = 10.0
_SEARCH_EVERY_S = 3.0
_PHASE_S = 11.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; return its exit status."""
    _prepare_logging()
    try:
        return _run(parse_options(arguments))
    except AgentError as error:
        sys.stderr.write(f"agent: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _run(options: AgentOptions) -> int:
    stop = _stop_when_told(options)
    search = _Search(stop) if options.hub == ANY_HUB else None
    moved = True
    while moved and not stop.is_set():
        if search is not None:
            hub = search.first()
            if hub is None:
                return 0
            options = replace(options, hub=hub)
        moved = _serve(options, search, stop)
        options = replace(options, pair_again=False)
    return 0


def _serve(options: AgentOptions, search: _Search | None, stop: threading.Event) -> bool:
    """Serve until `stop` is set; return True if this host's address or the hub is another now."""
    identity = claim_identity(options.source, fixed_id=options.id)
    hub = options.hub
    if options.pair_again:
        for name in {hub.url, hub.known_as}:
            identity.remember(name, KnownHub())
    elif identity.hub(hub.known_as) == KnownHub():  # it was named by its address before
        identity.remember(hub.known_as, identity.hub(hub.url))
    try:
        source = make_source(
            options.source,
            box=options.size,
            fps=options.fps,
            phase_s=(identity.slot - 1) * _PHASE_S,
            untouched=options.quality is None,
        )
        listener = _wait_for_listener(options, stop)
        if listener is None:
            return False
        service = AgentService(options=options, source=source, identity=identity, listener=listener)
        _log.info("source: %s", source.label)
        _log.info("serving on %s, only to the hub at %s", listener.url, hub.shown)
        service.start()
        moved = _wait_for_end(options, service, search, stop)
        ended = service.stop()
    finally:
        identity.release()
    if not ended and not moved:
        # A thread hangs in a camera's driver; a normal exit would wait for it.
        logging.shutdown()
        os._exit(0)
    return moved


class _Search:
    """Looks for the hub, which the agent was not told."""

    def __init__(self, stop: threading.Event) -> None:
        """Begin without a hub."""
        self._stop = stop
        self._tried: list[str] = []
        self._next: Hub | None = None

    def first(self) -> Hub | None:
        """Wait for a hub; None if the agent stops before."""
        said = False
        while self._next is None and not self._stop.is_set():
            self._next = self._look()
            if self._next is None and not said:
                _log.warning("no hub has announced itself yet; waiting for one, or give --hub")
                said = True
        hub, self._next = self._next, None
        if hub is not None:
            self._tried = [*(name for name in self._tried if name != hub.known_as), hub.known_as]
        return hub

    def has_other(self, than: Hub) -> bool:
        """Whether there is another hub, or this one at another address."""
        found = self._look()
        self._next = found if found != than else None
        return self._next is not None

    def _look(self) -> Hub | None:
        """Return the hub that was tried least lately; an agent stays with one that knows it."""
        # The library for mDNS, which an agent that was told its hub does without.
        from .hubs import find_hubs

        found = find_hubs(self._stop)
        return min(
            found,
            key=lambda hub: self._tried.index(hub.known_as) if hub.known_as in self._tried else -1,
            default=None,
        )


def _wait_for_listener(options: AgentOptions, stop: threading.Event) -> Listener | None:
    """Return the listener once there is a route to the hub; None if `stop` is set before."""
    backoff, said = Backoff(), ""
    while not stop.is_set():
        try:
            return open_listener(
                hub=options.hub,
                host=options.host,
                port=options.port,
                announce=options.announce,
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        if reason != said:
            _log.warning("waiting for a route to the hub at %s: %s", options.hub.shown, reason)
            said = reason
        stop.wait(backoff.next_s())
    return None


def _wait_for_end(
    options: AgentOptions, service: AgentService, search: _Search | None, stop: threading.Event
) -> bool:
    """Wait for the end; return True if this host's address or the hub is another now."""
    watch = _CameraWatch(service.slot)
    if options.preview:
        # OpenCV, and a screen.
        from .preview import show, why_no_screen

        reason = why_no_screen()
        if reason:
            _log.warning("no preview: %s", reason)
        else:
            show(service.slot, stop, watch.look)
    every_s = _ADDRESS_EVERY_S if search is None else _SEARCH_EVERY_S
    look_at = time.monotonic() + every_s
    while not stop.wait(_LOOK_UP_S):
        watch.look()
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + every_s
            fixed = options.host or options.announce
            if not service.is_unheard:
                continue
            if not fixed and _has_moved(options, service):
                return True
            if search is not None and search.has_other(options.hub):
                return True
    return False


def _has_moved(options: AgentOptions, service: AgentService) -> bool:
    """Whether this host reaches the hub from another address than the one it serves on."""
    try:
        address = own_address(options.hub)
    except OSError:
        return False
    if address == service.listener.address:
        return False
    _log.info("this host's address is now %s", address)
    return True


class _CameraWatch:
    """Logs once when the camera is lost and once when it is back."""

    def __init__(self, slot: FrameSlot) -> None:
        """Begin without a logged state."""
        self._slot = slot
        self._looks = 0
        self._online: bool | None = None

    def look(self) -> None:
        """Log the state if it has changed."""
        state = self._slot.state()
        self._looks += 1
        if state.online == self._online:
            return
        if state.online:
            _log.info("the camera gives pictures: %d × %d", state.width, state.height)
        elif self._online or self._looks > 4:  # the camera is still being opened
            _log.warning("the camera gives no picture: %s; it is tried again", state.reason)
        else:
            return
        self._online = state.online


def _stop_when_told(options: AgentOptions) -> threading.Event:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if options.end_with_input:
        threading.Thread(target=_stop_with_input, args=(stop,), daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, on_signal)
    return stop


def _stop_with_input(stop: threading.Event) -> None:
    # Not sys.stdin: this thread would hold its lock, and the interpreter could not end.
    while os.read(0, 4096):
        pass
    stop.set()


def _prepare_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    silence_libraries()
