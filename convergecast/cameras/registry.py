"""The cameras that the hub knows: registration, approval, names, options.

They are stored in SQLite. A copy in memory serves all reads.

Process: hub.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypedDict, TypeVar, Unpack

from msgspec import UNSET, UnsetType

from convergecast.cameras import store
from convergecast.cameras.addresses import check_address
from convergecast.cameras.camera import Approval, Camera, Waits
from convergecast.cameras.copies import Copies
from convergecast.cameras.hub_agents import agent_id_of, check_own, is_hub_agent
from convergecast.cameras.identity import (
    has_key,
    hash_of,
    identity_of,
    is_same_place,
    is_unpaired,
    place_of,
    without_figures,
)
from convergecast.cameras.network_sources import NetworkSources
from convergecast.cameras.proofs import Keys, Proofs, Shown, WrongClock, keys_of
from convergecast.cameras.room import (
    check_room_to_approve,
    check_room_to_wait,
    has_its_share,
    has_room_to_wait,
    has_waited_too_long,
)
from convergecast.cameras.settings import (
    checked_zones,
    known_labels,
    known_options,
    told_change,
)
from convergecast.clock import Clock
from convergecast.config import HubConfig
from convergecast.errors import (
    Conflict,
    ConvergeCastError,
    Forbidden,
    NotFound,
    Unavailable,
)
from convergecast.faces.settings import SettingsStore
from convergecast.messages.api import ObjectChange
from convergecast.messages.recording import Recording, RecordingChange
from convergecast.messages.zones import CameraZones
from convergecast.names import shown_name
from convergecast.options import identifying
from convergecast.protocol import MASKS, PROTOCOL_VERSION
from convergecast.protocol.command_line import PROGRAM
from convergecast.protocol.masks import Masks
from convergecast.protocol.proof import agreed_key, new_nonce
from convergecast.protocol.registration import CLOCK, Registration, RegistrationReply
from convergecast.protocol.urls import without_credentials
from convergecast.storage.audit import THE_HUB, Actor, AuditKind, Change
from convergecast.storage.database import Database
from convergecast.storage.vault import Vault

_WRITE_LAST_SEEN_EVERY_S = 60.0
_COPY_SEEN_S = 60.0
_WRONG_TOKEN = (
    f"the agent token is wrong. Start the agent with the token that `{PROGRAM} token` "
    "prints on the hub's machine, or approve the camera on the hub's page."
)

_NEVER_BACK = (
    "This camera's agent has proven its key before, and keys in plain text are refused since: use "
    "the newer version of the agent."
)

_COPIED = (
    "two agents have this one's identity and key, as after copying a memory card. Approve the "
    "second camera on the hub's page, and it becomes a camera of its own."
)

Listener = Callable[[str], None]
T = TypeVar("T")


log = logging.getLogger("hub")

NO_SUCH_CAMERA = "There is no such camera: it may have been forgotten."


class Changes(TypedDict, total=False):
    """What may be changed of a camera; what is left out or `UNSET` stays."""

    source: str | UnsetType  # with user and password, if the hub runs its agent
    name: str | UnsetType
    options: Sequence[str] | UnsetType  # all that are on
    approved: bool | UnsetType  # False rejects it
    objects: ObjectChange | UnsetType  # None as `labels` means all
    recording: RecordingChange | UnsetType
    zones: Callable[[CameraZones], CameraZones] | UnsetType  # what becomes of those there are


class CameraRegistry:
    """All cameras, by id. Any thread may call the methods.

    Listeners are called with a camera's id after it was added, changed or removed. Reading never
    waits for a change. It returns the old state until the change is written.
    """

    def __init__(
        self, *, database: Database, config: HubConfig, clock: Clock, faces: SettingsStore
    ) -> None:
        """Read the stored cameras."""
        self._database = database
        self._faces = faces
        self._config = config
        self._clock = clock
        self._lock = threading.RLock()
        self._proofs = Proofs(database, clock)
        self._sources = NetworkSources(database, Vault(config.data_dir))
        self._copies = Copies()
        self._divided: dict[str, str] = {}
        self._cameras = {camera.id: camera for camera in store.load_cameras(database)}
        self._written_at = {camera.id: camera.last_seen for camera in self._cameras.values()}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener(camera_id)` after every change, from the thread that made it."""
        self._listeners.append(listener)

    def all(self) -> list[Camera]:
        """Return every camera, oldest first."""
        return sorted(self._cameras.values(), key=lambda camera: camera.registered_at)

    def get(self, camera_id: str) -> Camera:
        """Return a camera. Raises NotFound."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            raise NotFound(NO_SUCH_CAMERA)
        return camera

    def register(self, registration: Registration, sender: str) -> RegistrationReply:
        """Handle a registration or heartbeat from the address `sender`.

        Raises:
            Forbidden: the hub may not fetch from the address, or the camera was rejected.
            TooMany: too many cameras wait for approval, or the hub knows too many.
        """
        own = is_hub_agent(registration.agent_id)
        if not own:
            check_address(registration.ipaddress, sender, self._config.networks())
        with self._lock:
            try:
                shown = self._proofs.shown(registration, self._known_keys(registration))
            except WrongClock as wrong:
                return self._reply(registration, Keys(proof_key=wrong.key), status=CLOCK)
            camera = self._find(registration, shown)
            if own:
                check_own(registration, camera, shown.key_hash)
            if camera is None:
                camera, keys = self._add(registration, sender, shown)
            elif self._is_copy(camera, registration, shown):
                camera, keys = self._divide(camera, registration, sender)
            else:
                camera, keys = self._renew(camera, registration, sender, shown)
            if camera.wrong_token is not shown.wrong_token:
                camera = replace(camera, wrong_token=shown.wrong_token)
                self._cameras = {**self._cameras, camera.id: camera}
        self._notify(camera.id)
        waits = camera.approval is not Approval.APPROVED
        return self._reply(
            registration,
            keys,
            status="pending" if waits else "online",
            camera_id=camera.id,
            message=self._message(camera, waits=waits, shown=shown),
            masks=None if waits else camera.zones.privacy,
        )

    def add_by_hub(self, camera_id: str, source: str, *, name: str, by: Actor) -> Camera:
        """Add a camera without a computer of its own: the hub runs its agent.

        Args:
            camera_id: a new id.
            source: its address, with user and password.
            name: its name for people.
            by: who asks for it.

        Raises:
            InvalidInput: the name cannot be shown.
            Conflict: there is a camera with this source.
            TooMany: the hub already has its cameras.
            Unavailable: the address cannot be encrypted, or nothing can be stored.
        """
        label, now = without_credentials(source), self._clock.now()
        with self._lock:
            self.check_source(source)
            check_room_to_approve(self._cameras.values(), self._config)
            camera = Camera(
                id=camera_id,
                agent_id=agent_id_of(camera_id),
                key_hash=None,
                key_used=True,
                name=shown_name(name),
                named_by_user=True,
                address="127.0.0.1",
                port=1,
                stream_key=None,
                width=None,
                height=None,
                fps=None,
                source=label,
                version=None,
                capabilities=(),
                approval=Approval.APPROVED,
                options=(),
                registered_at=now,
                last_seen=now,
                protocol=2,
                by_hub=True,
            )
            change = self._change(by, "added", label, camera_id)
            self._save_all([camera], change, self._sources.sealed(camera_id, source))
        self._notify(camera_id)
        return camera

    def check_source(self, source: str, *, but: str | None = None) -> None:
        """Raise Conflict if a camera other than `but` has this source."""
        ids = [c.id for c in self._cameras.values() if c.by_hub and c.id != but]
        found = self._sources.same(source, ids)
        if found is not None:
            raise Conflict(f"The hub shows this camera already: {self.get(found).name}.")

    def check_new_source(self, camera_id: str, source: str) -> None:
        """Raise Conflict unless a camera may get this source."""
        if not self.get(camera_id).by_hub:
            raise Conflict("This camera's agent runs on another machine: set the source there.")
        self.check_source(source, but=camera_id)

    def source_of(self, camera_id: str) -> str:
        """Return the address of a camera that the hub looks after. Raises Unavailable."""
        return self._sources.read(camera_id)

    def refused_at(self) -> dict[str, float]:
        """Return when cameras refused the password in their address, in UNIX seconds."""
        return store.load_refused_at(self._database)

    def note_refused(self, camera_id: str, at: float) -> None:
        """Note that a camera refused the password in its address, at a UNIX time."""
        with contextlib.suppress(Unavailable):  # it is known in memory
            store.submit_refused(self._database, camera_id, at)

    def pair(self, camera_id: str, camera_key: str) -> None:
        """Give a camera the key by which the hub's own agent registers as it."""
        keys = keys_of(hash_of(camera_key))
        with self._lock:
            camera = self.get(camera_id)
            renewed = replace(camera, key_hash=keys.key_hash, stream_key=keys.stream_key, port=1)
            self._save(renewed)
        self._notify(camera_id)

    def change(self, camera_id: str, *, by: Actor = THE_HUB, **changes: Unpack[Changes]) -> Camera:
        """Make all given changes, or none of them.

        Args:
            camera_id: the id of the camera.
            by: who asks for it.
            changes: see `Changes`.

        Raises:
            InvalidInput: the name cannot be shown, a zone is wrong, or an option or a label does
                not exist.
            Conflict: options for a camera that is not approved, or recognition while it is off; a
                source that another camera has, or for a camera with an agent host.
            Forbidden: recognition, but the configuration does not allow it.
            TooMany: the hub already has its cameras, so no further one can be approved.
        """
        source, approved = changes.get("source", UNSET), changes.get("approved", UNSET)
        with self._lock:
            before = self.get(camera_id)
            camera = self._changed(before, changes)
            sealed = None
            if source is not UNSET:
                self.check_new_source(camera_id, source)
                camera = replace(camera, source=without_credentials(source))
                sealed = self._sources.sealed(camera_id, source)
            told = told_change(before, camera, new_source=sealed is not None)
            change = self._change(by, *told, camera_id) if told else None
            if sealed is None:
                self._save(camera, change)
            else:
                self._save_all([camera], change, sealed)
            if approved is True:
                store.remember(self._database, identity_of(camera))
        if approved is False:
            self._forget_oldest_rejected(by)
        self._notify(camera_id)
        return camera

    def _changed(self, camera: Camera, changes: Changes) -> Camera:
        """Return a camera with all changes but that of its source."""
        if (name := changes.get("name", UNSET)) is not UNSET:
            camera = replace(camera, name=shown_name(name), named_by_user=True)
        if (approved := changes.get("approved", UNSET)) is not UNSET:
            if approved and camera.approval is not Approval.APPROVED:
                check_room_to_approve(self._cameras.values(), self._config)
            approval = Approval.APPROVED if approved else Approval.REJECTED
            camera = replace(camera, approval=approval, waits=None)
        if (objects := changes.get("objects", UNSET)) is not UNSET:
            camera = _with_objects(camera, objects)
        if (recording := changes.get("recording", UNSET)) is not UNSET:
            camera = _with_recording(camera, recording)
        if (zones := changes.get("zones", UNSET)) is not UNSET:
            camera = replace(camera, zones=checked_zones(zones(camera.zones)))
        if (options := changes.get("options", UNSET)) is not UNSET:
            camera = self._with_options(camera, options)
        return camera

    def switch_option(
        self, camera_ids: Sequence[str], option: str, *, on: bool, by: Actor = THE_HUB
    ) -> dict[str, Camera | ConvergeCastError]:
        """Switch one option on or off and keep the others; return each camera, or why not.

        Args:
            camera_ids: all are written together.
            option: its name.
            on: whether it is on from now on.
            by: who asks for it.

        Raises:
            InvalidInput: there is no such option.
        """
        known_options([option])
        with self._lock:
            found = {each: self._switched(each, option, on=on) for each in camera_ids}
            cameras = [each for each in found.values() if isinstance(each, Camera)]
            changed = [each for each in cameras if each != self._cameras[each.id]]
            if changed:
                words = f"{option} {'on' if on else 'off'}"
                change = self._change(by, "changed", words, *(camera.id for camera in changed))
                try:
                    self._save_all(changed, change)
                except Unavailable as error:
                    found |= {camera.id: error for camera in changed}
        for camera in changed:
            self._notify(camera.id)
        return found

    def switch_off(self, option: str) -> None:
        """Switch an option off for all cameras, also for those that wait for approval."""
        for camera in self.all():
            with self._lock, contextlib.suppress(NotFound):
                now = self.get(camera.id)
                if option in now.options:
                    others = tuple(each for each in now.options if each != option)
                    self._save(replace(now, options=others))
            self._notify(camera.id)

    def forget(self, camera_id: str, by: Actor = THE_HUB, why: str = "") -> None:
        """Remove a camera and everything stored about it. If it registers again it is pending."""
        with self._lock:
            camera = self.get(camera_id)
            change = self._change(by, "forgotten", why, camera_id)
            identity = None if camera.by_hub else identity_of(camera)
            store.delete_camera(self._database, camera_id, identity, change)
            self._drop(camera_id)
        self._notify(camera_id)

    def remove_silent(self) -> None:
        """Remove pending cameras whose agents have been silent for `PENDING_FOR_S`."""
        now = self._clock.now()
        with self._lock:
            silent = [c.id for c in self._cameras.values() if has_waited_too_long(c, now)]
            for camera_id in silent:
                store.delete_pending(self._database, camera_id, now)
                self._drop(camera_id)
        for camera_id in silent:
            self._notify(camera_id)

    def _reply(
        self,
        registration: Registration,
        keys: Keys,
        *,
        status: str,
        camera_id: str = "",
        message: str | None = None,
        masks: Masks | None = None,
    ) -> RegistrationReply:
        offered = registration.protocol >= PROTOCOL_VERSION
        return RegistrationReply(
            status=status,
            camera_id=camera_id,
            heartbeat_s=self._config.heartbeat_s,
            hub_time=self._clock.now(),
            camera_key=keys.told,
            message=message,
            protocol=PROTOCOL_VERSION if offered else None,
            nonce=keys.nonce,
            agent_id=keys.agent_id,
            masks=masks if MASKS in registration.capabilities else None,
            proof_key=keys.proof_key,
        )

    def _message(self, camera: Camera, *, waits: bool, shown: Shown) -> str | None:
        """Return what the person at an agent has to know."""
        if waits and shown.wrong_token:
            return _WRONG_TOKEN
        copies = (c for c in self._cameras.values() if c.copied and c.agent_id == camera.agent_id)
        recent_s = self._clock.now() - _COPY_SEEN_S
        return _COPIED if any(copy.last_seen >= recent_s for copy in copies) else None

    def _known_keys(self, registration: Registration) -> Iterator[str]:
        """Yield the hashes of the keys that an agent may prove, those of its cameras first."""
        agent_id = registration.agent_id
        if agent_id is not None:
            same = (c.key_hash for c in self._cameras.values() if c.agent_id == agent_id)
            yield from (key_hash for key_hash in same if key_hash is not None)
            yield from store.former_keys(self._database, agent_id)

    def _find(self, registration: Registration, shown: Shown) -> Camera | None:
        """Return the camera that this registration belongs to, or None for a new one.

        Raises Forbidden for a camera that has proven its key before, and now sends it.
        """
        if registration.agent_id is None:
            return next((c for c in self._cameras.values() if is_same_place(c, registration)), None)
        same = [c for c in self._cameras.values() if c.agent_id == registration.agent_id]
        for camera in same:
            if has_key(camera, shown.key_hash):
                if camera.protocol >= 2 and not registration.proves:
                    raise Forbidden(_NEVER_BACK)
                return camera
        for camera in same:  # from the same place, and its key never arrived: the agent retries
            if camera.protocol >= 2 and not registration.proves:
                continue
            waiting = camera.approval is not Approval.APPROVED or is_unpaired(camera)
            retry = waiting or (shown.token and not camera.key_used)
            if retry and (camera.address, camera.port) == place_of(registration):
                return camera
        return None

    def _add(self, registration: Registration, sender: str, shown: Shown) -> tuple[Camera, Keys]:
        waits = self._waits(registration, sender, shown)
        if waits is None:
            check_room_to_approve(self._cameras.values(), self._config)
        else:
            check_room_to_wait(
                self._cameras.values(), self._config, sender=sender, token_shown=shown.token
            )
        keys = Keys()
        if registration.agent_id is not None:
            keys = self._proofs.agree(registration, shown)
        camera = self._new(registration, sender, keys, waits)
        camera = replace(
            camera,
            key_used=registration.proves and shown.key_hash is not None,
            token_shown=shown.token and waits is not None,
        )
        self._save(camera)
        return camera, keys

    def _new(
        self, registration: Registration, sender: str, keys: Keys, waits: Waits | None
    ) -> Camera:
        now = self._clock.now()
        return Camera(
            id=secrets.token_hex(6),
            agent_id=registration.agent_id,
            key_hash=keys.key_hash,
            key_used=False,
            name=registration.name or f"Camera at {registration.ipaddress}",
            named_by_user=False,
            address=registration.ipaddress,
            port=registration.ports,
            stream_key=keys.stream_key if registration.agent_id else registration.stream_key,
            width=registration.width,
            height=registration.height,
            fps=registration.fps,
            source=registration.source,
            version=registration.version,
            capabilities=registration.capabilities,
            approval=Approval.APPROVED if waits is None else Approval.PENDING,
            options=(),
            registered_at=now,
            last_seen=now,
            waits=waits,
            sender=sender,
            protocol=2 if registration.proves else 1,
        )

    def _is_copy(self, camera: Camera, registration: Registration, shown: Shown) -> bool:
        """Whether this is by a second agent that has the identity and the key of a camera's."""
        run = registration.epoch
        proven = registration.proves and has_key(camera, shown.key_hash)
        if run is None or camera.by_hub or not proven:
            return False
        return self._copies.is_copy(camera.id, run)

    def _divide(
        self, original: Camera, registration: Registration, sender: str
    ) -> tuple[Camera, Keys]:
        """Let a copy wait as a camera beside the original; once approved, give it an identity."""
        run, key = registration.epoch or "", bytes.fromhex(original.key_hash or "")
        copy = self._cameras.get(self._divided.get(run, ""))
        if copy is None or copy.key_used:
            copy = next(
                (
                    camera
                    for camera in self._cameras.values()
                    if camera.agent_id == original.agent_id
                    and camera.key_hash is None
                    and place_of(camera) == place_of(registration)
                ),
                None,
            )
        if copy is None:
            check_room_to_wait(
                self._cameras.values(), self._config, sender=sender, token_shown=False
            )
            copy = self._new(registration, sender, Keys(), Waits.KEY)
            log.warning(
                "camera %s (%s): a second agent at %s has its identity and key, as after copying a "
                "memory card; it waits for approval, which makes it a camera of its own",
                *(original.id, original.name, copy.netloc),
            )
        if copy.approval is Approval.REJECTED:
            raise Forbidden("This camera was rejected: allow it again on the hub's page.")
        copy = replace(copy, last_seen=self._clock.now())
        if copy.approval is Approval.PENDING:
            copy = replace(copy, copied=True)
            self._save(copy)
            return copy, Keys(proof_key=key)
        agent_id, nonce = secrets.token_hex(16), new_nonce()
        own = keys_of(hash_of(agreed_key(key, registration.nonce or "", nonce, agent_id)))
        copy = replace(
            copy,
            agent_id=agent_id,
            key_hash=own.key_hash,
            stream_key=own.stream_key,
            copied=False,
        )
        self._save(copy)
        self._divided = {**self._divided, run: copy.id}
        return copy, Keys(nonce=nonce, agent_id=agent_id, proof_key=key)

    def _waits(
        self, registration: Registration, sender: str, shown: Shown, *, but: Camera | None = None
    ) -> Waits | None:
        """Return what a new camera has to wait for; None where it is let in.

        `but` is a camera that is not counted, because it is to be the new one.
        """
        others = [camera for camera in self._cameras.values() if camera is not but]
        agent_id = registration.agent_id
        if agent_id is not None and any(c.agent_id == agent_id for c in others):
            return Waits.KEY
        if registration.proves and registration.proof is not None and shown.key_hash is None:
            return Waits.KEY
        if not shown.token:
            return Waits.TOKEN
        if store.is_forgotten(self._database, identity_of(registration)):
            return Waits.FORGOTTEN
        if has_its_share(others, self._config, sender):
            return Waits.ADDRESS
        return None

    def _renew(
        self, camera: Camera, registration: Registration, sender: str, shown: Shown
    ) -> tuple[Camera, Keys]:
        if camera.approval is Approval.REJECTED:
            raise Forbidden("This camera was rejected: allow it again on the hub's page.")
        proven = has_key(camera, shown.key_hash)
        keys = Keys()
        renewed = replace(camera, last_seen=self._clock.now())
        if camera.approval is Approval.APPROVED:
            renewed = replace(renewed, sender=sender)
        elif shown.token and not camera.token_shown:
            counted_at = camera.sender or sender
            room = has_room_to_wait(
                self._cameras.values(), self._config, sender=counted_at, token_shown=True
            )
            renewed = replace(renewed, token_shown=room)
        if proven or (camera.agent_id is None and shown.token):
            stream_key = registration.stream_key
            if registration.proves:
                keys = self._proofs.agree(registration, shown)
                renewed, stream_key = replace(renewed, protocol=2), keys.stream_key
            renewed = replace(
                renewed,
                address=registration.ipaddress,
                port=registration.ports,
                key_used=camera.key_used or proven,
                name=camera.name if camera.named_by_user else registration.name or camera.name,
                stream_key=_newer(stream_key, camera.stream_key),
                width=_newer(registration.width, camera.width),
                height=_newer(registration.height, camera.height),
                fps=_newer(registration.fps, camera.fps),
                source=_newer(registration.source, camera.source),
                version=_newer(registration.version, camera.version),
                capabilities=registration.capabilities,
            )
            if shown.token and camera.approval is Approval.PENDING:
                renewed = self._let_in(renewed, sender)
        elif camera.agent_id is not None:  # the agent has lost its key, or never got it
            keys = self._proofs.agree(registration, shown)
            renewed = replace(renewed, key_hash=keys.key_hash, stream_key=keys.stream_key)
            if registration.proves:
                renewed = self._paired(camera, renewed, registration, sender, shown)
        self._save(renewed)
        return renewed, keys

    def _paired(
        self,
        before: Camera,
        renewed: Camera,
        registration: Registration,
        sender: str,
        shown: Shown,
    ) -> Camera:
        """Return a camera after its agent has tried to pair: let in where that is due."""
        if renewed.key_hash is None:
            return replace(renewed, key_hash=before.key_hash, stream_key=before.stream_key)
        renewed = replace(renewed, protocol=2, key_used=shown.key_hash is not None)
        if before.approval is Approval.PENDING and is_unpaired(before):
            waits = self._waits(registration, sender, shown, but=before)
            if waits is None:
                check_room_to_approve(self._cameras.values(), self._config)
                return replace(renewed, approval=Approval.APPROVED, waits=None, sender=sender)
            return replace(renewed, waits=waits)
        if before.approval is Approval.PENDING and shown.token:
            return self._let_in(renewed, sender)
        return renewed

    def _let_in(self, camera: Camera, sender: str) -> Camera:
        """Approve a pending camera whose agent has shown a valid token, unless a person must."""
        waits = camera.waits or Waits.TOKEN
        if store.is_forgotten(self._database, identity_of(camera)):
            waits = Waits.FORGOTTEN
        elif waits is Waits.TOKEN and has_its_share(self._cameras.values(), self._config, sender):
            waits = Waits.ADDRESS
        if waits is not Waits.TOKEN:
            return replace(camera, waits=waits)
        check_room_to_approve(self._cameras.values(), self._config)
        return replace(camera, approval=Approval.APPROVED, waits=None, sender=sender)

    def _with_options(self, camera: Camera, options: Sequence[str]) -> Camera:
        """Return a camera with other options; raises as `change` does."""
        options = known_options(options)
        if camera.approval is not Approval.APPROVED:
            raise Conflict("This camera waits for approval: approve it first.")
        if identifying(options):
            self._faces.need_recognition()
        return replace(camera, options=options)

    def _switched(self, camera_id: str, option: str, *, on: bool) -> Camera | ConvergeCastError:
        try:
            camera = self.get(camera_id)
            others = [each for each in camera.options if each != option]
            return self._with_options(camera, [*others, option] if on else others)
        except ConvergeCastError as error:
            return error

    def _change(self, by: Actor, action: str, detail: str, *camera_ids: str) -> Change:
        """Return what is noted of one camera, or of several."""
        one = camera_ids[0] if len(camera_ids) == 1 else None
        if one is None:
            detail = f"{detail}: {', '.join(camera_ids)}"
        return Change(
            by=by,
            at=self._clock.now(),
            action=action,
            kind=AuditKind.CAMERA,
            subject=one,
            detail=detail,
        )

    def _forget_oldest_rejected(self, by: Actor) -> None:
        """Forget the oldest rejected cameras beyond as many as may be approved."""
        rejected = [c for c in self.all() if c.approval is Approval.REJECTED]
        for camera in rejected[: -self._config.max_cameras]:
            self.forget(camera.id, by, "too many were rejected")

    def _drop(self, camera_id: str) -> None:
        self._cameras = {c.id: c for c in self._cameras.values() if c.id != camera_id}
        self._written_at.pop(camera_id, None)
        self._copies.forget(camera_id)
        self._divided = {run: each for run, each in self._divided.items() if each != camera_id}

    def _save_all(
        self, cameras: Sequence[Camera], change: Change | None, sealed: bytes | None = None
    ) -> None:
        """Save cameras and the change that was made to them, on the disk first."""
        store.save_cameras(self._database, cameras, change, sealed)
        self._written_at |= {camera.id: camera.last_seen for camera in cameras}
        self._cameras = {**self._cameras, **{camera.id: camera for camera in cameras}}

    def _save(self, camera: Camera, change: Change | None = None) -> None:
        """Save a camera, on the disk first. A mere heartbeat is written once a minute only.

        Raises:
            Unavailable: it cannot be written, and nothing has changed.
        """
        old = self._cameras.get(camera.id)
        heartbeat = old is not None and without_figures(old) == without_figures(camera)
        age_s = camera.last_seen - self._written_at.get(camera.id, 0.0)
        if not heartbeat:
            self._save_all([camera], change)
            return
        if age_s >= _WRITE_LAST_SEEN_EVERY_S:
            self._written_at[camera.id] = camera.last_seen
            with contextlib.suppress(Unavailable):  # a full disk must not cost a camera
                store.submit_camera(self._database, camera)
        self._cameras = {**self._cameras, camera.id: camera}

    def _notify(self, camera_id: str) -> None:
        for listener in self._listeners:
            listener(camera_id)


def _newer(announced: T | None, known: T | None) -> T | None:
    return known if announced is None else announced


def _with_objects(camera: Camera, objects: ObjectChange) -> Camera:
    if objects.min_score is not UNSET:
        camera = replace(camera, object_min_score=objects.min_score)
    if objects.labels is not UNSET:
        labels = None if objects.labels is None else known_labels(objects.labels)
        camera = replace(camera, object_labels=labels)
    return camera


def _with_recording(camera: Camera, change: RecordingChange) -> Camera:
    now = camera.recording
    mode = now.mode if change.mode is UNSET else change.mode
    fps = now.fps if change.fps is UNSET else change.fps
    return replace(camera, recording=Recording(mode=mode, fps=fps))
