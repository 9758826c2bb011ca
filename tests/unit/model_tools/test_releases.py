"""A model of its authors' release: from a server on this machine, by address and hash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from convergecast.cli import main
from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import RELEASES, YOLOX_NANO, Release
from convergecast.model_tools.releases import fetch_release
from convergecast.protocol.folders import MODELS_VARIABLE


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Release]]:
    """A folder that is served, and the release as if it were published there."""
    folder = tmp_path / "release"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/yolox_nano.onnx"
    yield folder, replace(YOLOX_NANO, address=address)
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))


@pytest.mark.data
def test_yolox_nano_is_fetched_and_added(served: tuple[Path, Release], data_folder: Path) -> None:
    folder, release = served
    content = (data_folder / "models" / "yolox_nano.onnx").read_bytes()
    assert len(content) == release.size
    (folder / "yolox_nano.onnx").write_bytes(content)
    said: list[str] = []
    manifest = fetch_release(release, said.append)
    assert (manifest.name, manifest.kind, manifest.licence) == ("yolox-nano", "yolox", "Apache-2.0")
    assert store.find("objects", "yolox-nano").path.exists()
    assert said[0] == "yolox-nano: downloading 3.7 MB…"


@pytest.mark.parametrize("size", [10, 4_000_000])
def test_another_file_is_refused(
    served: tuple[Path, Release], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ADD", "bin/python -m convergecast models add")
    folder, release = served
    (folder / "yolox_nano.onnx").write_bytes(bytes(size))
    with pytest.raises(ModelError, match=r"not the expected file .* bin/python .* models add"):
        fetch_release(release, lambda _: None)


def test_where_it_cannot_be_reached_one_sentence_says_what_to_do(
    served: tuple[Path, Release],
) -> None:
    _, release = served
    with pytest.raises(ModelError, match=r"it answers 404\. Download it on another machine"):
        fetch_release(release, lambda _: None)
    nowhere = replace(release, address="http://127.0.0.1:9/yolox_nano.onnx")
    with pytest.raises(ModelError, match=r"cannot be reached from here\. Download it on another"):
        fetch_release(nowhere, lambda _: None)


def test_an_option_about_the_built_in_models_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = replace(YOLOX_NANO, address="http://127.0.0.1:9/yolox_nano.onnx")
    monkeypatch.setitem(RELEASES, nowhere.name, nowhere)
    for option in (store.COMMERCIAL_SAFE, store.NOT_COMMERCIAL_SAFE):
        assert main(["models", "fetch", nowhere.name, option]) == 1
        said = f"{option} is about the built-in models: leave it or {nowhere.name} out.\n"
        assert capsys.readouterr().err == said
