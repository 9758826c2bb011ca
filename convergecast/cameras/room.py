"""How many cameras may be approved and may wait, by address, and for how long they wait.

Cameras are counted by where their registrations come from, not by what they announce: one host may
announce many addresses. Process: hub.
"""

from __future__ import annotations

from collections.abc import Iterable

from convergecast.cameras.camera import Approval, Camera
from convergecast.config import HubConfig
from convergecast.errors import TooMany
from convergecast.protocol.places import network_of

PENDING_FOR_S = 24 * 3600.0
"""A pending camera is removed so long after its newest registration."""


def check_room_to_approve(cameras: Iterable[Camera], config: HubConfig) -> None:
    """Raise TooMany when no further camera may be approved."""
    if sum(camera.approval is Approval.APPROVED for camera in cameras) >= config.max_cameras:
        raise TooMany(
            f"The hub already has its {config.max_cameras} cameras: forget one on its page."
        )


def check_room_to_wait(
    cameras: Iterable[Camera], config: HubConfig, *, sender: str, token_shown: bool
) -> None:
    """Raise TooMany when no further camera from `sender` may wait."""
    if not has_room_to_wait(cameras, config, sender=sender, token_shown=token_shown):
        raise TooMany("Too many cameras wait for approval: approve or reject some first.")


def has_room_to_wait(
    cameras: Iterable[Camera], config: HubConfig, *, sender: str, token_shown: bool
) -> bool:
    """Whether a further camera from `sender` may wait.

    Cameras whose agent has shown the hub's token are counted on their own, so that nobody without
    it keeps them out.
    """
    pending = [
        camera
        for camera in cameras
        if camera.approval is Approval.PENDING and camera.token_shown is token_shown
    ]
    if not token_shown and len(pending) >= config.max_pending:
        return False
    return _of_sender(pending, sender) < config.max_pending_per_address


def has_its_share(cameras: Iterable[Camera], config: HubConfig, sender: str) -> bool:
    """Whether the token has let in as many cameras from `sender` as it may."""
    approved = [c for c in cameras if c.approval is Approval.APPROVED and not c.by_hub]
    return _of_sender(approved, sender) >= config.max_cameras_per_address


def has_waited_too_long(camera: Camera, now: float) -> bool:
    """Whether a camera is pending and its agent has been silent for too long."""
    return camera.approval is Approval.PENDING and now - camera.last_seen > PENDING_FOR_S


def _of_sender(cameras: Iterable[Camera], sender: str) -> int:
    network = network_of(sender)
    return sum(network_of(camera.sender or camera.address) == network for camera in cameras)
