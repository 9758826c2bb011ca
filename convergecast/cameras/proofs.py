"""What a registration shows of the hub's token and of its camera's key, and the keys agreed upon.

In protocol 1 token and key are in the registration. In protocol 2 they are proven, and what the hub
answers is proven by the same key. Process: hub.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from convergecast.auth.agent_token import agent_token, is_agent_token
from convergecast.cameras.identity import hash_of
from convergecast.clock import Clock
from convergecast.errors import ConvergeCastError, Forbidden
from convergecast.protocol.proof import (
    Nonces,
    Timing,
    agreed_key,
    key_of,
    new_nonce,
    stream_key_of,
)
from convergecast.protocol.registration import Registration
from convergecast.storage.database import Database

_MANY_KEYS = 512


class WrongClock(ConvergeCastError):
    """A proof holds, but its time is wrong; `key` is the key it is by. The agent is told."""

    def __init__(self, key: bytes) -> None:
        """Keep the key that the answer is proven by."""
        super().__init__("The agent's clock is wrong.")
        self.key = key


@dataclass(frozen=True, slots=True)
class Shown:
    """What a registration has shown.

    Attributes:
        token: whether it has shown the hub's agent token.
        wrong_token: whether it has shown another one.
        key_hash: the hash of the camera key that it has shown, if the hub knows that key.
    """

    token: bool
    wrong_token: bool
    key_hash: str | None


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a new camera, or new ones of a known camera.

    Attributes:
        key_hash: the hash of its camera key; None where none could be agreed on.
        stream_key: what the hub shows to the agent.
        told: the camera key, where the reply must tell it.
        nonce: the hub's part of the key, where both make it of what they know.
        agent_id: the identity that an agent is to take, because its own is another's too.
        proof_key: what the reply is proven by, if by anything.
    """

    key_hash: str | None = None
    stream_key: str | None = None
    told: str | None = None
    nonce: str | None = None
    agent_id: str | None = None
    proof_key: bytes | None = None


class Proofs:
    """Judges registrations; remembers which proofs it has seen. One caller at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin without nonces."""
        self._database = database
        self._clock = clock
        self._began_s = clock.monotonic()
        self._nonces: dict[bytes, Nonces] = {}

    def shown(self, registration: Registration, known: Iterable[str]) -> Shown:
        """Return what a registration shows.

        Args:
            registration: the registration.
            known: the hashes of the camera keys that it could show.

        Raises:
            WrongClock: a proof holds, but its time is too far from now.
            Forbidden: a proof holds, but came before.
        """
        if not registration.proves:
            token, key = registration.token, registration.camera_key
            right = is_agent_token(self._database, token)
            return Shown(right, token is not None and not right, hash_of(key) if key else None)
        key_hash = next((k for k in known if registration.is_proven_by(bytes.fromhex(k))), None)
        if key_hash is not None:
            self._take(bytes.fromhex(key_hash), registration)
        given, right = registration.token_proof, False
        if given is not None:
            token = agent_token(self._database)
            right = hmac.compare_digest(given.encode(), registration.proof_of(token).encode())
            if right:
                self._take(key_of(token), registration)
        return Shown(right, given is not None and not right, key_hash)

    def agree(self, registration: Registration, shown: Shown) -> Keys:
        """Return the keys of a camera that is new, or whose agent has none."""
        if not registration.proves:
            key = secrets.token_urlsafe(24)
            return Keys(key_hash=hash_of(key), stream_key=registration.stream_key, told=key)
        if shown.key_hash is not None:
            return keys_of(shown.key_hash)
        if registration.proof is not None or shown.wrong_token:
            return Keys()  # the agent would not believe this hub
        if not shown.token:
            key = secrets.token_urlsafe(24)
            return replace(keys_of(hash_of(key)), told=key)
        token, nonce = agent_token(self._database), new_nonce()
        key = agreed_key(
            key_of(token), registration.nonce or "", nonce, registration.agent_id or ""
        )
        return replace(keys_of(hash_of(key)), nonce=nonce, proof_key=key_of(token))

    def _take(self, key: bytes, registration: Registration) -> None:
        now_s, monotonic_s = self._clock.now(), self._clock.monotonic()
        if len(self._nonces) > _MANY_KEYS:
            live = {k: nonces for k, nonces in self._nonces.items() if nonces.live(monotonic_s)}
            self._nonces = live
        nonces = self._nonces.setdefault(key, Nonces(self._began_s))
        given = registration.nonce or "", registration.time or 0.0
        timing = nonces.take(*given, now_s=now_s, monotonic_s=monotonic_s)
        if timing is Timing.CLOCK:
            raise WrongClock(key)
        if timing is Timing.SEEN:
            raise Forbidden("This registration came before: each counts once.")


def keys_of(key_hash: str) -> Keys:
    """Return the keys of an agent that has, or is told, the camera key of this hash."""
    key = bytes.fromhex(key_hash)
    return Keys(key_hash=key_hash, stream_key=stream_key_of(key), proof_key=key)
