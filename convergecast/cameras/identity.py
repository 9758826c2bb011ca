"""Who a camera is: its identity, place and key. Process: hub."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac

from convergecast.cameras.camera import Camera
from convergecast.protocol.registration import Registration


def without_figures(camera: Camera) -> Camera:
    """Return a camera without what changes from heartbeat to heartbeat."""
    return dataclasses.replace(camera, last_seen=0.0, fps=None)


def identity_of(camera: Camera | Registration) -> str:
    """Return what a forgotten camera is remembered by."""
    if camera.agent_id is not None:
        return f"agent {camera.agent_id}"
    address, port = place_of(camera)
    return f"place {address} {port}"


def place_of(camera: Camera | Registration) -> tuple[str, int]:
    """Return address and port."""
    if isinstance(camera, Camera):
        return camera.address, camera.port
    return camera.ipaddress, camera.ports


def is_same_place(camera: Camera, registration: Registration) -> bool:
    """Whether a camera without identity stands where the registration comes from."""
    return camera.agent_id is None and place_of(camera) == place_of(registration)


def has_key(camera: Camera, key: str) -> bool:
    """Whether `key` is the one the hub gave this camera; compared in constant time."""
    return camera.key_hash is not None and hmac.compare_digest(camera.key_hash, hash_of(key))


def hash_of(key: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
