"""Serves frames: waitress, tuned so that a picture leaves in one send and none queues up.

Runs in the agent: one thread for the sockets, a small pool for the pullers. Whoever keeps it
waiting, or holds many connections and shows no key, gives way to the hub.

Process: agent.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from convergecast.protocol.places import Limits, Places

from .address import Listener

THREADS = 16
CHANNEL_KEY = "convergecast.channel"

_UNSENT_BYTES = 16 << 10  # more would be old pictures on a slow link
_DEAD_CLIENT_MS = 20_000
_LIMITS = Limits(most=128, strangers=64, per_address=32, per_credential=64)
REQUEST_WITHIN_S = 15.0
_IDLE_CONNECTION_S = 20
_LOOK_EVERY_S = 2
_MOST_REQUEST_BYTES = 16 << 10


class FrameChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that sends header and body together and can wait until all has left."""

    _held: list[bytes] | None = None

    def __init__(self, server: _Server, sock: socket.socket, address: Any, *rest: Any, **more: Any):
        """Take a place among the connections."""
        super().__init__(server, sock, address, *rest, **more)
        self.place = server.places.take(str(address[0]), self._give_way)
        self._reads_since: float | None = time.monotonic()

    def received(self, data: bytes) -> bool:
        """Take what came, and note since when a request has not been whole."""
        taken = bool(super().received(data))
        if self.request is None:
            self._reads_since = None
        elif self._reads_since is None:
            self._reads_since = time.monotonic()
        return taken

    def is_too_slow(self, now: float) -> bool:
        """Whether a request that has begun, or the first one, is not whole in time."""
        since = self._reads_since
        return since is not None and now - since > REQUEST_WITHIN_S

    def handle_close(self) -> None:
        """Give the place back."""
        self.place.leave()
        super().handle_close()

    def _give_way(self) -> None:
        """End the connection, from any thread: the loop's own closes it."""
        self.will_close = True
        self.server.pull_trigger()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Join what is written meanwhile into one write, hence one send and fewer packets."""
        self._held = []
        try:
            yield
            held = self._held
        finally:
            self._held = None
        if held:
            rest = self._send_now(held[0] if len(held) == 1 else b"".join(held))
            if rest:
                super().write_soon(rest)

    def write_soon(self, data: bytes) -> int:
        """Write `data`, or hold it within `together`."""
        if self._held is None:
            return int(super().write_soon(data))
        self._held.append(data)
        return len(data)

    def _send_now(self, data: bytes) -> bytes:
        """Send without the buffers of the server's loop, if they are empty; return what is left.

        They copy a picture three times, and most of the time the network takes it whole.
        """
        with self.outbuf_lock:
            if self.total_outbufs_len or not self.connected:
                return data
            try:
                sent = int(self.send(data, do_close=False))
            except OSError:  # it is broken, which the loop finds out itself
                return data
            self.last_activity = time.time()
            return data[sent:]

    def wait_until_sent(self) -> bool:
        """Wait until the system has taken all; return False when the client is gone.

        So the next picture is chosen when there is room for it, and is the newest then.
        """
        with self.outbuf_lock:
            while self.connected and self.total_outbufs_len:
                self.server.pull_trigger()
                self.outbuf_lock.wait(1.0)
        return bool(self.connected)


class _FrameTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request whose response header leaves together with the first piece of the body."""

    def write(self, data: bytes) -> None:
        """Write so that header and body leave together."""
        with self.channel.together():
            super().write(data)

    def get_environment(self) -> dict[str, Any]:
        """Return WSGI's environment with the channel in it."""
        environ: dict[str, Any] = super().get_environment()
        environ[CHANNEL_KEY] = self.channel
        return environ


FrameChannel.task_class = _FrameTask


class _Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Counts its connections, and drops those that take too long."""

    channel_class = FrameChannel

    def __init__(self, app: Flask, adjustments: Adjustments, listening: socket.socket) -> None:
        """Begin without a connection, on a socket that listens."""
        self.places = Places(_LIMITS)
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(adjustments.threads)
        super().__init__(
            app,
            _sock=listening,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def maintenance(self, now: float) -> None:
        """Drop what is idle or too slow; called every few seconds."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_too_slow(time.monotonic()):
                channel.will_close = True


class FrameServer:
    """Runs an application on a listening socket, in threads of its own."""

    def __init__(self, *, app: Flask, listener: Listener, threads: int = THREADS) -> None:
        """Make the server on the socket; it does not answer yet."""
        for name in ("waitress", "waitress.queue"):
            # Clients that hang up are the ordinary case here.
            logging.getLogger(name).setLevel(logging.ERROR)
        adjustments = Adjustments(
            sockets=[listener.socket],
            threads=threads,
            ident=None,
            connection_limit=_LIMITS.most * 4,  # those that are about to close count there too
            channel_timeout=_IDLE_CONNECTION_S,  # strangers that only hold a connection
            cleanup_interval=_LOOK_EVERY_S,
            outbuf_high_watermark=_UNSENT_BYTES,
            outbuf_overflow=64 << 20,  # pictures never go through a temporary file
            channel_request_lookahead=1,  # a client that hangs up is noticed while it waits
            log_socket_errors=False,
            asyncore_use_poll=True,
            max_request_header_size=_MOST_REQUEST_BYTES,
            max_request_body_size=_MOST_REQUEST_BYTES,
        )
        adjustments.socket_options = _socket_options()
        self._server = _Server(app, adjustments, listener.socket)
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Close all connections. Whoever waits for a frame must have been released before."""
        server = self._server
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=timeout_s / 2)
        if not self._thread.is_alive():
            server.asyncore.close_all(server._map, ignore_all=True)
            return
        # The loop's own thread closes the sockets that it polls. Where it happens to be awake, it
        # has closed the trigger too before that is pulled.
        with contextlib.suppress(OSError):
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map, True))
        self._thread.join(timeout_s / 2)


def _socket_options() -> list[tuple[int, int, int | bytes]]:
    """Return what each connection is set to, as far as this platform knows it."""
    wanted: tuple[tuple[str, int | bytes], ...] = (
        ("TCP_NODELAY", 1),
        ("TCP_NOTSENT_LOWAT", _UNSENT_BYTES),
        ("TCP_KEEPIDLE", 10),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", _DEAD_CLIENT_MS),
        # Where packets are lost it carries several times as many pictures as the usual ways,
        # which take each loss for a full link. Not every kernel has it.
        ("TCP_CONGESTION", b"bbr"),
    )
    options: list[tuple[int, int, int | bytes]] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    with socket.socket() as probe:
        for name, value in wanted:
            number = getattr(socket, name, None)
            if number is None:
                continue
            with contextlib.suppress(OSError):
                probe.setsockopt(socket.IPPROTO_TCP, number, value)
                options.append((socket.IPPROTO_TCP, number, value))
    return options
