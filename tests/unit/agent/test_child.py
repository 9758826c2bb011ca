"""What an agent of the hub says when it cannot go on."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import tempfile
from pathlib import Path

import pytest

from agent.child import STOP, Wish, run_child


class Hub:
    """The channel to a hub that sends one message; then it is gone."""

    def __init__(self, *heads: bytes) -> None:
        self.heads = list(heads)

    def send(self, head: bytes) -> None:
        raise OSError("gone")

    def receive(self) -> tuple[bytes, bytes]:
        if not self.heads:
            raise EOFError
        return self.heads.pop(0), b""


@pytest.fixture(autouse=True)
def stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", lambda _: None)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", None)


def wish(**fields: object) -> bytes:
    usual = Wish(
        source="rtsp://admin:geheim@127.0.0.1:9/live",
        hub="http://127.0.0.1:9",
        address="127.0.0.1",
        agent_id="a1",
        camera_key="k" * 24,
        name="Gate",
        folder="",
        granted=0,
        registers=False,
        masks={"hash": "", "polygons": []},
    )
    return json.dumps(dataclasses.asdict(usual) | fields).encode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"folder": "file/own"}, "NotADirectoryError (Not a directory)"),
        ({"source": "rtsp://admin:geheim@[", "folder": "own"}, "SetupError"),
    ],
    ids=["no folder", "no source"],
)
def test_what_keeps_it_from_starting_is_logged_without_the_password(
    fields: dict[str, str], said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    run_child(Hub(wish(**fields | {"folder": str(tmp_path / fields["folder"])})))
    assert said in caplog.text
    assert "geheim" not in caplog.text
    assert "in run_child" in caplog.text
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("heads", [(), (STOP,)], ids=["gone", "stops"])
def test_a_hub_that_has_gone_is_nothing_to_log(
    heads: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    run_child(Hub(*heads))
    assert caplog.text == ""
