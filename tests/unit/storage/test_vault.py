"""What is encrypted in the database, and the file with its key."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from convergecast.errors import Unavailable
from convergecast.storage.vault import KEY_NAME, Vault

SECRET = "rtsp://admin:p%40ss@camera/live"


def test_what_was_encrypted_is_read_again_by_the_same_key_for_the_same_purpose(
    tmp_path: Path,
) -> None:
    sealed = Vault(tmp_path).seal(SECRET, "camera 1")
    assert b"p%40ss" not in sealed and b"admin" not in sealed
    assert Vault(tmp_path).open(sealed, "camera 1") == SECRET
    assert Vault(tmp_path).seal(SECRET, "camera 1") != sealed
    with pytest.raises(Unavailable, match="set the camera's address again"):
        Vault(tmp_path).open(sealed, "camera 2")
    with pytest.raises(Unavailable):
        Vault(tmp_path).open(sealed[:-1] + b"\0", "camera 1")
    with pytest.raises(Unavailable):
        Vault(tmp_path).open(b"", "camera 1")


@pytest.mark.skipif(os.name == "nt", reason="Windows protects the user's folder")
def test_only_this_user_may_read_the_key(tmp_path: Path) -> None:
    Vault(tmp_path).seal(SECRET, "camera 1")
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_NAME]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (None, "The file camera-sources.key is missing: put it back"),
        (b"not base64!", "The file camera-sources.key is damaged"),
        (base64.b64encode(b"short"), "The file camera-sources.key is damaged"),
        (base64.b64encode(bytes(32)), "is not the one that this address was stored with"),
    ],
)
def test_a_key_that_is_gone_damaged_or_another_is_one_sentence(
    tmp_path: Path, key: bytes | None, sentence: str
) -> None:
    sealed = Vault(tmp_path).seal(SECRET, "camera 1")
    path = tmp_path / KEY_NAME
    path.unlink()
    if key is not None:
        path.write_bytes(key)
    with pytest.raises(Unavailable, match=sentence):
        Vault(tmp_path).open(sealed, "camera 1")


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).write_bytes(b"damaged")
    with pytest.raises(Unavailable, match="damaged"):
        Vault(tmp_path).seal(SECRET, "camera 1")
    assert (tmp_path / KEY_NAME).read_bytes() == b"damaged"
