"""An agent's identity: the same after a restart, another one for a second agent."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import SetupError
from agent.identity import Identity, KnownHub, claim_identity


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state" / "agent"
    monkeypatch.setenv("CONVERGECAST_AGENT_STATE", str(folder))
    return folder


@pytest.fixture
def held() -> Iterator[list[Identity]]:
    identities: list[Identity] = []
    yield identities
    for identity in identities:
        identity.release()


def test_an_agent_is_the_same_after_a_restart() -> None:
    first = claim_identity("demo")
    first.remember("http://hub:5000", KnownHub("the key", 2, 3600.5))
    first.release()
    again = claim_identity("demo")
    again.release()
    assert again.agent_id == first.agent_id
    assert again.hub("http://hub:5000") == KnownHub("the key", 2, 3600.5)
    assert again.hub("http://other:5000") == KnownHub()


def test_agents_with_the_same_source_are_two_cameras(held: list[Identity]) -> None:
    held += [claim_identity("0"), claim_identity("0"), claim_identity("1")]
    assert len({identity.agent_id for identity in held}) == 3
    assert [identity.slot for identity in held] == [1, 2, 1]


def test_a_file_is_the_same_source_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = claim_identity(str(tmp_path / "a.mp4"))
    first.release()
    monkeypatch.chdir(tmp_path)
    again = claim_identity("a.mp4")
    again.release()
    assert again.agent_id == first.agent_id


def test_a_password_changes_nothing_and_is_not_kept(state: Path) -> None:
    first = claim_identity("rtsp://user:secret@cam/1?channel=1")
    first.release()
    again = claim_identity("rtsp://user:other@cam/1?channel=1")
    again.release()
    other = claim_identity("rtsp://user:other@cam/1?channel=2")
    other.release()
    assert first.agent_id == again.agent_id != other.agent_id
    for path in state.iterdir():
        assert "secret" not in path.name + path.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_nobody_else_may_read_the_keys(state: Path, held: list[Identity]) -> None:
    held.append(claim_identity("demo"))
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for path in state.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_fixed_identity_is_held_once(held: list[Identity]) -> None:
    held.append(claim_identity("demo", fixed_id="porch"))
    assert held[0].agent_id == "porch"
    with pytest.raises(SetupError, match="--id porch"):
        claim_identity("0", fixed_id="porch")
    held.append(claim_identity("demo", fixed_id="garage"))


@pytest.mark.parametrize("text", ["{", "[]", '{"agent_id": 5, "camera_keys": [1]}', ""])
def test_a_damaged_file_gives_a_new_identity(state: Path, text: str) -> None:
    first = claim_identity("demo")
    first.release()
    (path,) = state.glob("*.json")
    path.write_text(text)
    again = claim_identity("demo")
    again.release()
    assert again.agent_id != first.agent_id
    assert json.loads(path.read_text())["agent_id"] == again.agent_id


def test_without_a_folder_the_agent_works_and_says_so(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state.parent.mkdir()
    state.write_text("a file where the folder should be")
    identity = claim_identity("demo")
    identity.remember("http://hub", KnownHub("key"))
    assert identity.agent_id
    assert "cannot be written" in caplog.text
    assert list(state.parent.iterdir()) == [state]
