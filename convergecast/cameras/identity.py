"""The identity, place and key of a camera. Process: hub."""

from __future__ import annotations

import dataclasses
import hmac

from convergecast.cameras.camera import Camera
from convergecast.protocol.proof import key_of
from convergecast.protocol.registration import Registration


def without_figures(camera: Camera) -> Camera:
    """Return a camera without the values that change with every heartbeat."""
    return dataclasses.replace(camera, last_seen=0.0, fps=None)


def identity_of(camera: Camera | Registration) -> str:
    """Return the text by which the hub remembers that a camera was forgotten."""
    if camera.agent_id is not None:
        return f"agent {camera.agent_id}"
    address, port = place_of(camera)
    return f"place {address} {port}"


def place_of(camera: Camera | Registration) -> tuple[str, int]:
    """Return the address and the port."""
    if isinstance(camera, Camera):
        return camera.address, camera.port
    return camera.ipaddress, camera.ports


def is_same_place(camera: Camera, registration: Registration) -> bool:
    """Tell whether a camera without identity has the address and port of a registration."""
    return camera.agent_id is None and place_of(camera) == place_of(registration)


def has_key(camera: Camera, key_hash: str | None) -> bool:
    """Tell whether this is the hash of the camera's key, by a comparison in constant time."""
    if camera.key_hash is None or key_hash is None:
        return False
    return hmac.compare_digest(camera.key_hash, key_hash)


def is_unpaired(camera: Camera) -> bool:
    """Tell whether an agent of protocol 2 and the hub have no key yet, so nothing is fetched."""
    return camera.protocol >= 2 and camera.key_hash is None


def hash_of(key: str) -> str:
    """Return the hash that is stored in place of a key."""
    return key_of(key).hex()
