"""The identity of agents that this hub runs itself. Process: hub."""

from __future__ import annotations

import ipaddress

from convergecast.cameras.camera import Camera
from convergecast.cameras.identity import has_key
from convergecast.errors import Forbidden
from convergecast.protocol.registration import Registration

_PREFIX = "this-hub:"


def agent_id_of(camera_id: str) -> str:
    """Return the `agent_id` under which the hub's own agent of a camera registers."""
    return f"{_PREFIX}{camera_id}"


def is_hub_agent(agent_id: str | None) -> bool:
    """Tell whether an agent says that this hub runs it."""
    return agent_id is not None and agent_id.startswith(_PREFIX)


def check_own(registration: Registration, camera: Camera | None, key_hash: str | None) -> None:
    """Raise Forbidden unless an agent is the hub's own: it proves the key and serves on loopback.

    Its registration may come from another address of this machine, where the hub listens on that.
    """
    known = camera is not None and camera.by_hub and has_key(camera, key_hash)
    if not known or not ipaddress.ip_address(registration.ipaddress).is_loopback:
        raise Forbidden("This agent says that the hub runs it, but the hub does not.")
