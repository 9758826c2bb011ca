"""Strangers cost the engine no thread for long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection
from typing import Any

import pytest

from convergecast.config import HubConfig
from convergecast.engine import doorstep
from convergecast.engine.pipeline import Pipeline
from convergecast.engine.process import Engine
from tests.support.addresses import engine_address

KEY = b"the key"


@pytest.fixture
def strangers() -> Iterator[list[Connection[Any, Any]]]:
    made: list[Connection[Any, Any]] = []
    yield made
    for connection in made:
        connection.close()


def threads() -> int:
    return sum(thread.name == "connection" for thread in threading.enumerate())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="only the engine's own user may write there")
def test_silent_strangers_are_few_and_end_in_time_and_who_knows_the_key_gets_in(
    strangers: list[Connection[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, address, before = Engine(Pipeline(HubConfig(), threads=1)), engine_address(), threads()
    engine.listen(address, KEY)
    for _ in range(doorstep._MOST + 40):
        strangers.append(Client(address))
    wait_for(lambda: threads() - before == doorstep._MOST)
    with Client(address, authkey=KEY):
        wait_for(lambda: len(engine._doorstep._since) == doorstep._MOST - 1)
        monkeypatch.setattr(doorstep, "_WITHIN_S", 0.0)
        engine._doorstep.look()
        wait_for(lambda: threads() - before == 1)
    wait_for(lambda: threads() == before)
