"""Messages of a header and bytes, as browsers and the engine get them: whole, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from convergecast.ipc.framing import decode, frame_head, pack, unpack


@pytest.mark.parametrize("payload", [b"", b"jpeg", bytes(range(256)) * 4096])
def test_a_message_comes_out_as_it_was_packed(payload: bytes) -> None:
    header = {"seq": 1, "name": "Tür"}
    assert unpack(pack(header, payload)) == (header, payload)
    assert unpack(memoryview(pack(header, memoryview(payload)))) == (header, payload)


def test_the_header_of_a_frame_is_that_of_jsons_encoder() -> None:
    fields: dict[str, Any] = {
        "seq": 7,
        "captured_at": 1760000000.1234567,
        "width": 640,
        "height": 480,
    }
    assert decode(frame_head(**fields)) == {"kind": "frame", **fields}


@pytest.mark.parametrize("message", [b"", b"\0\0\0\x05{}", b"\0\0\0\x02[]", b"\0\0\0\x01{"])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(message)


@pytest.mark.parametrize("head", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_header_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(head)
