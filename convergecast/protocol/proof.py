"""Proofs that a key is known, without the key: HMAC-SHA256 over a nonce, a time and what is said.

Agent and hub pair once. Afterwards each proves to the other that it has the same key, so a stranger
at either's address learns nothing and can repeat nothing. docs/protocol.md has the bytes.

Process: agent, hub, worker.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import deque
from enum import Enum
from typing import NamedTuple

WINDOW_S = 120.0
"""A proof whose time differs by more is refused."""
SCHEME = "ConvergeCast"
PROOF_HEADER = "X-Proof"
NO_PROOF = "0" * 64
"""Stands where a proof is put in; as long as one."""

_VERSION = "ConvergeCast 2"
_MOST_NONCES = 16_384
_ROUNDING_S = 0.001
_CLAIM = re.compile(
    SCHEME + r" nonce=([A-Za-z0-9_-]{16,64}), time=([0-9]{1,11}\.[0-9]{3}), proof=([0-9a-f]{64})"
)


def key_of(secret: str) -> bytes:
    """Return the HMAC key of a token or key: its SHA-256, so the hub need not store the secret."""
    return hashlib.sha256(secret.encode()).digest()


def prove(key: bytes, purpose: str, *parts: str | bytes) -> str:
    """Return the proof for these parts, as 64 hexadecimal digits.

    Each part, and before them the protocol's name and the purpose, is preceded by its length in
    four bytes. So no two lists of parts give the same bytes, and a proof for one purpose is none
    for another.
    """
    said = bytearray()
    for part in (_VERSION, purpose, *parts):
        data = part.encode() if isinstance(part, str) else part
        said += len(data).to_bytes(4, "big") + data
    return hmac.digest(key, said, "sha256").hex()


def is_proof(given: str | None, key: bytes, purpose: str, *parts: str | bytes) -> bool:
    """Whether `given` is the proof for these parts, by a comparison in constant time."""
    expected = prove(key, purpose, *parts).encode()
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), expected)


def agreed_key(key: bytes, agent_nonce: str, hub_nonce: str, agent: str) -> str:
    """Return the camera key that two make of their nonces and of what both know; it is not sent.

    `key` is `key_of` the token, or of the key of another camera whose agent was copied.
    """
    return prove(key, "camera key", agent_nonce, hub_nonce, agent)


def stream_key_of(camera_key: bytes) -> str:
    """Return the stream key that belongs to a camera key, given as `key_of` returns it."""
    return prove(camera_key, "stream key")


def new_nonce() -> str:
    """Return a word that is never used twice."""
    return secrets.token_urlsafe(16)


def time_text(time_s: float) -> str:
    """Return UNIX seconds as they are proven: with three decimals."""
    return f"{max(0.0, time_s):.3f}"


class Claim(NamedTuple):
    """What an `Authorization: ConvergeCast …` says: a nonce, UNIX seconds as text, and a proof."""

    nonce: str
    time: str
    proof: str

    def holds(self, stream_key: str, method: str, target: str, place: str) -> bool:
        """Whether the proof is by this key, for this request to the agent at this place."""
        parts = (method, target, place, self.nonce, self.time)
        return is_proof(self.proof, key_of(stream_key), "request", *parts)

    def answered(self, stream_key: str) -> str:
        """Return the `X-Proof` of the answer."""
        return prove(key_of(stream_key), "response", self.nonce)

    def is_answered_by(self, given: str | None, stream_key: str) -> bool:
        """Whether an answer's `X-Proof` is by the same key."""
        return is_proof(given, key_of(stream_key), "response", self.nonce)

    def __str__(self) -> str:
        """Return the header's value."""
        return f"{SCHEME} nonce={self.nonce}, time={self.time}, proof={self.proof}"


def claim(stream_key: str, method: str, target: str, place: str, now_s: float) -> Claim:
    """Return what a request must say.

    Args:
        stream_key: the key of hub and agent.
        method: `GET`.
        target: path and query, as they are sent.
        place: the agent's address and port, from `hosts.place_text`.
        now_s: UNIX seconds by the hub's clock.
    """
    nonce, time = new_nonce(), time_text(now_s)
    proof = prove(key_of(stream_key), "request", method, target, place, nonce, time)
    return Claim(nonce, time, proof)


def read_claim(authorization: str) -> Claim | None:
    """Return what such a header says; None for any other text."""
    found = _CLAIM.fullmatch(authorization)
    return Claim(*found.groups()) if found else None


class Timing(Enum):
    """Whether a proof that holds is also new."""

    FRESH = "fresh"
    CLOCK = "clock"
    SEEN = "seen"


class Nonces:
    """The nonces by which one key was proven to this process, for as long as they could be reused.

    For one thread at a time.

    What was proven before the process began is refused too, because it may have been seen then.
    When very many came within the window, further ones are refused.
    """

    def __init__(self, began_s: float, *, most: int = _MOST_NONCES) -> None:
        """Begin at a time of the monotonic clock, without nonces."""
        self._began_s = began_s
        self._most = most
        self._kept: set[str] = set()
        self._until: deque[tuple[float, str]] = deque()

    def live(self, monotonic_s: float) -> int:
        """Return how many are kept at a time of the monotonic clock."""
        while self._until and self._until[0][0] <= monotonic_s:
            self._kept.discard(self._until.popleft()[1])
        return len(self._kept)

    def take(self, nonce: str, time_s: float, *, now_s: float, monotonic_s: float) -> Timing:
        """Judge a nonce whose proof holds, and keep it if it is fresh.

        Args:
            nonce: of the proof.
            time_s: the proof's UNIX seconds.
            now_s: UNIX seconds by the clock that the other side should have.
            monotonic_s: the monotonic clock.
        """
        if self.live(monotonic_s) >= self._most or nonce in self._kept:
            return Timing.SEEN
        age_s, up_s = now_s - time_s, monotonic_s - self._began_s
        if not -WINDOW_S <= age_s <= min(WINDOW_S, up_s + _ROUNDING_S):
            return Timing.CLOCK
        self._kept.add(nonce)
        self._until.append((monotonic_s + 2 * WINDOW_S, nonce))
        return Timing.FRESH
