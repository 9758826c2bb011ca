"""Asks the engine what is in a picture; imports nothing heavy. Process: worker, hub."""

from __future__ import annotations

from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any

from msgspec import DecodeError

from convergecast.errors import EngineError, InvalidInput
from convergecast.ipc.framing import pack, unpack
from convergecast.messages.engine import Answer, Findings, Request, Wanted, read_reply
from convergecast.messages.values import encode

# A hung engine is found and killed by the hub much sooner; this is for one that is overloaded.
TIMEOUT_S = 30.0


class EngineClient:
    """A connection to the engine with one request outstanding at a time.

    Every reply is matched with its request by number. After a time-out the connection is dropped,
    so that a late reply can never be taken for another's.
    """

    def __init__(self, address: str, key: bytes) -> None:
        """Begin without a connection."""
        self.address = address
        self._key = key
        self._connection: Connection[Any, Any] | None = None
        self._request_id = 0

    def analyze(self, picture: bytes, wanted: Wanted) -> Findings:
        """Return what the engine finds in a picture, JPEG or PNG.

        Raises:
            EngineError: the engine is gone, too slow, or cannot do it; the text says which.
            InvalidInput: the picture cannot be decoded.
        """
        self._request_id += 1
        request = Request(id=self._request_id, wanted=wanted)
        try:
            connection = self._connect()
            connection.send_bytes(pack(encode(request), picture))
            if not connection.poll(TIMEOUT_S):
                raise EngineError(f"the engine gave no answer within {TIMEOUT_S:g} s")
            reply = read_reply(unpack(connection.recv_bytes())[0])
        except (OSError, EOFError, ValueError, DecodeError, AuthenticationError) as error:
            self.close()
            raise EngineError("the engine is not running; it is started again by itself") from error
        except EngineError:
            self.close()
            raise
        if reply.id != self._request_id:
            self.close()
            raise EngineError("the engine answered another request")
        if isinstance(reply, Answer):
            return reply.findings
        if reply.error == InvalidInput.kind:
            raise InvalidInput(reply.message)
        raise EngineError(reply.message)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection[Any, Any]:
        if self._connection is None:
            self._connection = Client(self.address, authkey=self._key)
        return self._connection
