"""The agent's server ends in order, whatever its loop is doing just then."""

from __future__ import annotations

import socket

import pytest
from flask import Flask

from agent.address import Listener
from agent.server import FrameServer


def test_it_ends_quietly_when_its_loop_was_awake_and_closed_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        host, port = bound.getsockname()
        server = FrameServer(app=Flask("test"), listener=Listener(bound, host, port))
        server.start()
        trigger, thread = server._server.trigger, server._thread
        pull = trigger._physical_pull

        def pull_late() -> None:
            pull()
            thread.join(10)
            with pytest.raises(OSError, match="Bad file descriptor"):
                pull()
            pull()

        trigger._physical_pull = pull_late
        server.stop()
        assert not thread.is_alive()
