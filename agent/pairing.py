"""What this agent and its hub know of each other, and how they prove it.

The link writes registrations and reads answers with it; the server's threads ask it who may have
frames. An agent that has a token, or that has once had proofs from a hub, never sends a key again:
a stranger who answers at the hub's address learns nothing, and no key is given up for him.

Process: agent.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from dataclasses import replace

from convergecast.protocol import PROTOCOL_VERSION
from convergecast.protocol.hosts import place_text
from convergecast.protocol.proof import (
    Nonces,
    Timing,
    agreed_key,
    key_of,
    new_nonce,
    read_claim,
    stream_key_of,
)
from convergecast.protocol.registration import (
    CLOCK,
    Registration,
    RegistrationReply,
    decode_reply,
    encode_registration,
    is_proven_reply,
)

from .address import Hub
from .identity import Identity, KnownHub

_log = logging.getLogger(__name__)

_WRONG_CLOCK_S = 5.0


class Unproven(Exception):
    """The answer does not prove what it must; the text says so, and what to do."""


class NotAdmitted(Exception):
    """A request for frames does not show the key.

    Attributes:
        proof: the `X-Proof` of the refusal, where it did, but at a wrong time.
    """

    def __init__(self, message: str, proof: str | None = None) -> None:
        """Keep the proof."""
        super().__init__(message)
        self.proof = proof


class Pairing:
    """The keys of one agent and one hub.

    Args:
        identity: keeps what is known of hubs.
        hub: the hub's address.
        token: the hub's agent token, if a person gave one.
        address: the literal address that this agent announces.
        port: its port.

    Attributes:
        stream_key: what a hub of protocol 1 shows to have frames; new at every start.
    """

    def __init__(
        self, *, identity: Identity, hub: Hub, token: str | None, address: str, port: int
    ) -> None:
        """Begin with what the identity knows of the hub."""
        self._identity = identity
        self._hub = hub
        self._token = token
        self._place = place_text(address, port)
        self.stream_key = secrets.token_urlsafe(24)
        self._nonces = Nonces(time.monotonic())
        self._taking = threading.Lock()
        self._nonce = ""
        self._sent_at = 0.0
        self._is_waiting = False
        self._is_older = False

    def write(self, facts: Registration) -> bytes:
        """Return the body of the next registration, with what it shows or proves."""
        known, token = self._known, self._token
        self._sent_at = time.time()
        if known.protocol == 1 and token is None:
            self._nonce = ""
            protocol = 1 if self._is_older else PROTOCOL_VERSION
            told = replace(facts, protocol=protocol, camera_key=known.camera_key)
            return encode_registration(replace(told, stream_key=self.stream_key))
        self._nonce = new_nonce()
        offer = replace(
            facts, protocol=PROTOCOL_VERSION, nonce=self._nonce, time=max(0.0, self._hub_time())
        )
        if known.camera_key is None and token is None:
            return encode_registration(replace(offer, stream_key=self.stream_key))
        if token is not None and (known.camera_key is None or self._is_waiting):
            offer = replace(offer, token_proof=offer.proof_of(token))
        key = None if known.camera_key is None else key_of(known.camera_key)
        return encode_registration(offer, key)

    def read(self, body: bytes) -> RegistrationReply | None:
        """Return the hub's answer to the last registration; None to register again at once.

        Raises:
            ProtocolError: it is no answer of a hub.
            Unproven: it does not prove what the hub must know. Nothing is kept of it.
        """
        reply, known = decode_reply(body), self._known
        speaks_2 = (reply.protocol or 1) >= PROTOCOL_VERSION
        if not self._nonce:
            return self._read_plain(reply, protocol=0 if speaks_2 else 1)
        if not speaks_2:
            if self._token is not None or known.protocol >= PROTOCOL_VERSION:
                raise Unproven(self._doubt(reply))
            if known.camera_key is None:
                return self._read_plain(reply, protocol=1)
            self._identity.remember(self._hub.known_as, known._replace(protocol=1))
            return None
        secret = known.camera_key or self._token or reply.camera_key
        if secret is None or not is_proven_reply(body, key_of(secret), self._nonce):
            raise Unproven(self._doubt(reply))
        self._believe(reply)
        if reply.agent_id and known.camera_key is not None and reply.nonce:
            return None if self._become(reply.agent_id, known.camera_key, reply.nonce) else reply
        return None if reply.status == CLOCK else reply

    def go_back(self) -> bool:
        """Note that the hub refuses protocol 2; return whether this agent may go on with 1."""
        may = self._token is None and self._known.protocol < PROTOCOL_VERSION
        if not may or self._is_older:
            return False
        self._is_older = True
        self._identity.remember(self._hub.known_as, self._known._replace(protocol=1))
        return True

    def admit(self, authorization: str, method: str, target: str) -> str | None:
        """Return the `X-Proof` of the answer to a request; None for a hub of protocol 1.

        Raises:
            NotAdmitted: the request does not show or prove the key, or did so before.
        """
        claim, stream_key = read_claim(authorization), self.proven_key
        if claim is None or stream_key is None:
            self._admit_plain(authorization)
            return None
        if not claim.holds(stream_key, method, target, self._place):
            raise NotAdmitted(_ONLY_THE_HUB)
        with self._taking:
            timing = self._nonces.take(
                claim.nonce,
                float(claim.time),
                now_s=self._hub_time(),
                monotonic_s=time.monotonic(),
            )
        if timing is Timing.SEEN:
            raise NotAdmitted("this request came before: each counts once")
        if timing is Timing.CLOCK:
            raise NotAdmitted("the clocks of hub and agent differ", claim.answered(stream_key))
        return claim.answered(stream_key)

    @property
    def proven_key(self) -> str | None:
        """The stream key that the hub must prove; None before they have paired."""
        key = self._known.camera_key
        return None if key is None else stream_key_of(key_of(key))

    @property
    def _known(self) -> KnownHub:
        return self._identity.hub(self._hub.known_as)

    def _hub_time(self) -> float:
        return time.time() + self._known.clock_s

    def _admit_plain(self, authorization: str) -> None:
        expected = f"Bearer {self.stream_key}".encode()
        told = self._token is None and self._known.protocol < PROTOCOL_VERSION
        right = hmac.compare_digest(authorization.encode("utf-8", "replace"), expected)
        if not (told and right):
            raise NotAdmitted(_ONLY_THE_HUB)

    def _read_plain(self, reply: RegistrationReply, *, protocol: int) -> RegistrationReply:
        """Take an answer that proves nothing: a key is taken from it if there is none yet."""
        known = self._known
        if reply.camera_key and known.camera_key not in (None, reply.camera_key):
            raise Unproven(self._doubt(reply))
        key = known.camera_key or reply.camera_key
        self._identity.remember(self._hub.known_as, KnownHub(key, protocol, known.clock_s))
        return reply

    def _believe(self, reply: RegistrationReply) -> None:
        """Keep what a proven answer says: the key, if it is new, and the hub's clock."""
        known = self._known
        key = known.camera_key
        if key is None and reply.status != CLOCK:
            key = reply.camera_key
            if self._token is not None:
                agent_id = self._identity.agent_id
                key = agreed_key(key_of(self._token), self._nonce, reply.nonce or "", agent_id)
        clock_s = reply.hub_time - (self._sent_at + time.time()) / 2
        if reply.status == CLOCK or abs(clock_s - known.clock_s) > _WRONG_CLOCK_S:
            _log.info("the hub's clock differs by %+.1f s from this host's: allowed for", clock_s)
        self._is_waiting = reply.status == "pending"
        self._identity.remember(self._hub.known_as, KnownHub(key, PROTOCOL_VERSION, clock_s))

    def _become(self, agent_id: str, camera_key: str, hub_nonce: str) -> bool:
        """Take another identity, as the hub says that this one is a copy; return whether it may."""
        if self._identity.is_fixed:
            return False
        key = agreed_key(key_of(camera_key), self._nonce, hub_nonce, agent_id)
        self._identity.become(agent_id, self._hub.known_as, self._known._replace(camera_key=key))
        _log.info("this agent now has an identity of its own; the one it had was copied")
        return True

    def _doubt(self, reply: RegistrationReply) -> str:
        where = self._hub.shown
        if self._known.camera_key is not None:
            return (
                f"the program at {where} does not prove that it knows this agent's key, so it gets "
                "nothing: it is not the hub, or the hub has lost its database. If so, start the "
                "agent once with --pair-again."
            )
        if reply.status == "pending" and (reply.protocol or 1) >= PROTOCOL_VERSION:
            return (
                f"waiting for approval on the hub's page at {where}: the agent token is wrong. "
                "Start the agent with the command that “Add a camera” shows there, or without a "
                "token."
            )
        return (
            f"the program at {where} does not prove that it knows the agent token, so it gets "
            "nothing: it is not the hub, or a hub older than this agent. If so, update the hub."
        )


_ONLY_THE_HUB = "this agent serves only the hub it registered with"
