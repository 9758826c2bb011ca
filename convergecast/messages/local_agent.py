"""Messages between the hub and an agent that it runs itself: JSON, always the whole state.

`agent/child.py` reads and writes them without these types. Process: hub.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from convergecast.messages.values import Message
from convergecast.protocol.masks import NO_MASKS, Masks


class Wish(Message, frozen=True, kw_only=True):
    """What the hub wants of the agent.

    Attributes:
        source: the camera's address, with its password.
        hub: where the agent registers.
        address: the literal address of this machine that it serves on.
        agent_id, camera_key: its identity.
        name: the camera's name.
        folder: for its temporary files; only this camera's agents use it.
        granted: how often the camera may have been opened.
        registers: whether the hub knows the camera already.
        masks: its privacy masks at the start; later ones come with the answers to registrations.
    """

    source: str
    hub: str
    address: str
    agent_id: str
    camera_key: str
    name: str
    granted: int
    registers: bool
    folder: str
    masks: Masks = NO_MASKS


class AgentReport(Message, frozen=True, kw_only=True):
    """What the agent does.

    Attributes:
        asked: how often the camera was to be opened.
        settled: how many of these openings have come to an end.
        online: whether there are pictures.
        failure: why there are none, if that is known.
        refused: whether it is because of the password.
        busy_s: for how long the camera has not come back from what it was asked.
        port: where the agent serves; 0 while that is not known.
    """

    asked: int = 0
    settled: int = 0
    online: bool = False
    failure: str = ""
    refused: bool = False
    busy_s: float = 0.0
    port: int = 0


wish_bytes: Callable[[Wish], bytes] = msgspec.json.Encoder().encode
read_report: Callable[[bytes], AgentReport] = msgspec.json.Decoder(AgentReport).decode
