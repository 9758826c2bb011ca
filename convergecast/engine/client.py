"""Asks the engine what is in a picture. Camera worker; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any

from convergecast.errors import EngineError
from convergecast.packing import pack, unpack

# A hung engine is found and killed by the hub much sooner; this is for one that is overloaded.
TIMEOUT_S = 30.0


class EngineClient:
    """A connection to the engine with one request outstanding at a time.

    Every reply is matched with its request by number. After a time-out the connection is dropped,
    so that a late reply can never be taken for another's.
    """

    def __init__(self, address: str, key: bytes) -> None:
        self.address = address
        self._key = key
        self._connection: Connection[Any, Any] | None = None
        self._request_id = 0

    def analyze(self, jpeg: bytes, options: Sequence[str], camera_id: str) -> dict[str, Any]:
        """Return what the engine finds in a picture.

        Returns:
            `{"faces": [{"box", "score", "points"}], "width", "height"}`, lists only for what was
            asked; boxes and points in pixels of the picture.

        Raises:
            EngineError: the engine is gone, too slow, or cannot do it; the text says which.
        """
        self._request_id += 1
        request = {"id": self._request_id, "options": list(options), "camera": camera_id}
        try:
            connection = self._connect()
            connection.send_bytes(pack(request, jpeg))
            if not connection.poll(TIMEOUT_S):
                raise EngineError(f"the engine gave no answer within {TIMEOUT_S:g} s")
            reply, _ = unpack(connection.recv_bytes())
        except (OSError, EOFError, ValueError, AuthenticationError) as error:
            self.close()
            raise EngineError("the engine is not running; it is started again by itself") from error
        except EngineError:
            self.close()
            raise
        if reply.get("id") != self._request_id:
            self.close()
            raise EngineError("the engine answered another request")
        if "error" in reply:
            raise EngineError(str(reply["error"]))
        return reply

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection[Any, Any]:
        if self._connection is None:
            self._connection = Client(self.address, authkey=self._key)
        return self._connection
