"""What an agent does with the privacy masks that its hub tells, and when it asks for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.address import open_listener, parse_hub
from agent.identity import Identity, claim_identity
from agent.masks import KeptMasks
from agent.options import AgentOptions
from agent.service import AgentService
from agent.sources import make_source
from convergecast.protocol import MASKS
from convergecast.protocol.masks import NO_MASKS, Masks, masks_of
from convergecast.protocol.registration import RegistrationReply

LEFT = masks_of([[(0.0, 0.0), (0.4, 0.0), (0.4, 1.0)]])
HUB = parse_hub("http://127.0.0.1:9")


Make = Callable[[Identity], AgentService]


@pytest.fixture
def service() -> Iterator[Make]:
    """Make agents that do not run."""
    made: list[AgentService] = []

    def make(identity: Identity) -> AgentService:
        agent = AgentService(
            options=AgentOptions(hub=HUB, source="demo"),
            source=make_source("demo", box=(64, 48)),
            identity=identity,
            listener=open_listener(hub=HUB),
        )
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.stop()


def tell(agent: AgentService, masks: Masks | None, camera_id: str) -> None:
    agent._follow(RegistrationReply("online", camera_id, 2.0, 1e9, masks=masks))


def test_a_new_camera_without_masks_removes_none(
    tmp_path: Path, service: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a damaged identity: until a person has drawn and removed one."""
    file = tmp_path / "a.masks"
    tell(service(Identity.temporary("a", KeptMasks(file))), LEFT, "before")
    agent = service(Identity.temporary("b", KeptMasks(file)))
    for _ in range(2):
        tell(agent, NO_MASKS, "new")
        tell(agent, None, "")
    assert agent.slot.masks == LEFT
    (told,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert "draw a privacy mask" in told
    assert str(file) in told
    again = service(Identity.temporary("b", KeptMasks(file)))
    tell(again, NO_MASKS, "new")
    assert again.slot.masks == LEFT  # also after a restart
    tell(again, LEFT, "new")
    tell(again, NO_MASKS, "new")
    assert again.slot.masks == NO_MASKS
    assert KeptMasks(file).read() == NO_MASKS


def test_a_folder_that_cannot_be_entered_does_not_end_all_pictures(
    tmp_path: Path, service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub is asked for the masks, and is heard while some are applied."""
    folder = tmp_path / "a file"
    folder.write_text("where a folder should be")
    monkeypatch.setenv("CONVERGECAST_AGENT_STATE", str(folder / "state"))
    agent = service(claim_identity("demo"))
    assert agent.slot.is_withheld
    assert MASKS in agent.registration().capabilities
    tell(agent, LEFT, "c")
    assert not agent.slot.is_withheld
    assert MASKS in agent.registration().capabilities
    tell(agent, NO_MASKS, "c")
    assert agent.slot.masks == NO_MASKS
    assert MASKS not in agent.registration().capabilities  # it could not keep them
