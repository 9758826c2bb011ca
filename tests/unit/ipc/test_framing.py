"""Messages of a header and bytes, as browsers and the engine get them: whole, or refused."""

from __future__ import annotations

import pytest

from convergecast.ipc.framing import pack, unpack


@pytest.mark.parametrize("payload", [b"", b"jpeg", bytes(range(256)) * 4096])
def test_a_message_comes_out_as_it_was_packed(payload: bytes) -> None:
    head = "Tür".encode()
    assert unpack(pack(head, payload)) == (head, payload)
    assert unpack(memoryview(pack(head, memoryview(payload)))) == (head, payload)


@pytest.mark.parametrize("message", [b"", b"\0\0\0", b"\0\0\0\x05{}"])
def test_an_invalid_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(message)
