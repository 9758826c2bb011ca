"""The engine's client. Importing it loads nothing heavy. Process: worker, hub."""

from __future__ import annotations

from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any

from msgspec import DecodeError

from convergecast.errors import EngineError, InvalidInput
from convergecast.ipc.framing import pack, unpack
from convergecast.messages.engine import Answer, Findings, Request, Wanted, read_reply
from convergecast.messages.values import encode

# For an overloaded engine. The hub finds and kills a hung engine much sooner.
TIMEOUT_S = 30.0


class EngineClient:
    """A connection to the engine with one outstanding request at a time.

    A reply is matched with its request by number. After a timeout the client closes the connection,
    so a late reply can never be taken for the reply to another request.
    """

    def __init__(self, address: str, key: bytes) -> None:
        """Start without a connection; the first request connects."""
        self.address = address
        self._key = key
        self._connection: Connection[Any, Any] | None = None
        self._request_id = 0

    def analyze(self, picture: bytes, wanted: Wanted) -> Findings:
        """Return the engine's findings in a picture.

        Raises:
            EngineError: the engine is not running, too slow, or failed. The message says which.
            InvalidInput: the picture cannot be decoded.
        """
        self._request_id += 1
        request = Request(id=self._request_id, wanted=wanted)
        try:
            connection = self._connect()
            connection.send_bytes(pack(encode(request), picture))
            if not connection.poll(TIMEOUT_S):
                raise EngineError(f"the engine did not answer within {TIMEOUT_S:g} s")
            reply = read_reply(unpack(connection.recv_bytes())[0])
        except (OSError, EOFError, ValueError, DecodeError, AuthenticationError) as error:
            self.close()
            raise EngineError("the engine is not running; it restarts automatically") from error
        except EngineError:
            self.close()
            raise
        if reply.id != self._request_id:
            self.close()
            raise EngineError("the engine's reply belongs to another request")
        if isinstance(reply, Answer):
            return reply.findings
        if reply.error == InvalidInput.kind:
            raise InvalidInput(reply.message)
        raise EngineError(reply.message)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection[Any, Any]:
        if self._connection is None:
            self._connection = Client(self.address, authkey=self._key)
        return self._connection
