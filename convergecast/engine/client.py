"""Asks the engine what is in a picture. Camera worker; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any

from convergecast.errors import EngineError, InvalidInput
from convergecast.ipc.framing import pack, unpack

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

    def analyze(
        self,
        picture: bytes,
        options: Sequence[str],
        *,
        object_min_score: float | None = None,
        object_labels: Sequence[str] | None = None,
        complete: bool = False,
        settled: Sequence[Sequence[float]] | None = None,
        crops: bool = False,
    ) -> dict[str, Any]:
        """Return what the engine finds in a picture.

        Args:
            picture: JPEG or PNG.
            options: names of `options.OPTIONS`.
            object_min_score: the lowest score of objects; None for the default.
            object_labels: the only objects to be told of; None for all.
            complete: wait for models that are being loaded, instead of doing without them.
            settled: for recognition, where in the picture only a face of better quality than
                known is to be embedded: `x1, y1, x2, y2, quality` each; None for a picture that
                stands alone, of which every usable face is.
            crops: whether faces that are embedded are to come with their pictures.

        Returns:
            `{"faces": [{"box", "score", "landmarks"}], "objects": [{"box", "score", "label",
            "label_id"}], "width", "height", "problems"}`: lists only for what was asked and could
            be done, `problems` why something could not, by task. Boxes and points are in pixels
            of the picture. With recognition a face also has `quality` (0 to 1), `flaws` (words),
            `usable`, `vector` (128 float32, lowest byte first, in base64, or None) and `crop` (a
            JPEG in base64, or None), and `embedding` is `{"model", "precision", "alignment"}`.

        Raises:
            EngineError: the engine is gone, too slow, or cannot do it; the text says which.
            InvalidInput: the picture cannot be decoded.
        """
        self._request_id += 1
        request = {
            "id": self._request_id,
            "options": list(options),
            "object_min_score": object_min_score,
            "object_labels": None if object_labels is None else list(object_labels),
            "complete": complete,
            "settled": None if settled is None else [list(place) for place in settled],
            "crops": crops,
        }
        try:
            connection = self._connect()
            connection.send_bytes(pack(request, picture))
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
        if reply.get("kind") == InvalidInput.kind:
            raise InvalidInput(str(reply["error"]))
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
