"""The model store: models by name, a user's own models, and the commands."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

from convergecast.errors import ConvergeCastError, InvalidInput, ModelError
from convergecast.model_store import store
from convergecast.model_store.catalog import MODELS, TASK_TITLES
from convergecast.model_store.lock import Progress
from convergecast.model_store.manifests import added_models
from convergecast.model_tools import commands, user_models
from convergecast.model_tools import fetch as fetching
from convergecast.model_tools.arguments import add_models_parser
from convergecast.model_tools.converters import registry
from convergecast.model_tools.converters.quantize import FLOAT_OUTPUTS
from convergecast.model_tools.fetch import fetch
from convergecast.model_tools.user_models import add_model, remove_model
from convergecast.protocol.command_line import Parser
from tests.fakes.index import FACES, PHOTOGRAPH, FakeIndex


def quiet(line: str) -> None:
    del line


class FakeDetector:
    """Stands for the classes of added models; works with what begins with "good" only."""

    def __init__(self, path: Path, *, threads: int, device: str) -> None:
        self._content = path.read_bytes()
        if self._content.startswith(b"broken"):
            raise ModelError(f"The model {path.name} cannot be loaded.")

    def warm_up(self) -> None:
        if not self._content.startswith(b"good"):
            raise ValueError("cannot reshape")


def recognise(content: bytes) -> SimpleNamespace:
    if b"yolox" in content:
        return SimpleNamespace(kind="yolox", task="objects", content=content, freed=None)
    if b"yunet" in content:
        freed = content.replace(b"freed: ", b"")
        if b"spoilt by " in content:
            freed = content.partition(b"spoilt by ")[2]
        return SimpleNamespace(kind="yunet", task="faces", content=content, freed=freed)
    raise ModelError("Not a supported model.")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (store, fetching, user_models):
        monkeypatch.setattr(module, "MODELS", (FACES,))
    for module in (store, fetching):
        monkeypatch.setattr(module, "PICTURES", (PHOTOGRAPH,))
    monkeypatch.setitem(registry.CONVERTERS, "upper", bytes.upper)
    monkeypatch.setattr(user_models, "recognise", recognise)
    for name in ("YuNet", "Yolox"):
        monkeypatch.setattr(user_models, name, FakeDetector)
    chosen = tmp_path / "models"
    monkeypatch.setenv("CONVERGECAST_MODELS", str(chosen))
    return chosen


@pytest.fixture
def yunet(tmp_path: Path) -> Path:
    path = tmp_path / "a model.onnx"
    path.write_bytes(b"good yunet")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_every_built_in_model_can_be_converted_and_quantised_as_it_says() -> None:
    assert {spec.kind for spec in MODELS} <= registry.CONVERTERS.keys()
    assert {spec.name for spec in MODELS if spec.quantization} == set(FLOAT_OUTPUTS)
    assert {spec.task for spec in MODELS} == TASK_TITLES.keys()


def test_an_added_model_is_found_listed_and_removed(folder: Path, yunet: Path) -> None:
    fetch(quiet, downloader=FakeIndex())
    before = names(folder)
    lines: list[str] = []
    manifest = add_model(yunet, "faces", lines.append, licence="Apache-2.0")
    assert lines == ["a model.onnx: recognised as yunet, loaded and run once"]
    assert user_models.configuration_line(manifest) == 'face_model = "yunet"'
    yunet.unlink()
    found = store.find("faces", "yunet")
    assert found.path.read_bytes() == b"good yunet"
    assert (found.manifest.kind, found.manifest.source) == ("yunet", "a model.onnx")
    assert store.find("faces").name == "centerface"
    last = store.list_models()[-1]
    assert (last.name, last.licence, last.state, last.added) == (
        "yunet",
        "Apache-2.0",
        "ready",
        True,
    )
    assert remove_model("yunet", quiet) == manifest
    assert names(folder) == before


def test_the_same_name_again_replaces_and_says_so(folder: Path, yunet: Path) -> None:
    add_model(yunet, "faces", quiet, name="mine")
    yunet.write_bytes(b"good yunet, newer")
    lines: list[str] = []
    add_model(yunet, "faces", lines.append, name="mine")
    assert lines[-1] == "mine: replaces the earlier model of this name"
    model = store.find("faces", "mine")
    assert model.path.read_bytes() == b"good yunet, newer"
    assert names(folder) == [model.path.name, "faces-mine.json"]


def test_a_model_that_does_not_load_leaves_the_store_as_it_was(folder: Path, yunet: Path) -> None:
    add_model(yunet, "faces", quiet)
    before = names(folder)
    yunet.write_bytes(b"broken yunet")
    with pytest.raises(ModelError, match=r"The model a model.onnx cannot be loaded"):
        add_model(yunet, "faces", quiet)
    yunet.write_bytes(b"odd yunet")
    with pytest.raises(
        ModelError, match=r"its outputs are not those of a yunet model \(cannot reshape\)"
    ):
        add_model(yunet, "faces", quiet)
    assert names(folder) == before
    assert store.find("faces", "yunet").path.read_bytes() == b"good yunet"


def test_files_that_cannot_be_added_are_refused_with_the_reason(
    tmp_path: Path, yunet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yolox = tmp_path / "yolox.onnx"
    yolox.write_bytes(b"good yolox")
    with pytest.raises(ModelError, match=r"yolox.onnx is .* kind yolox: use --task objects"):
        add_model(yolox, "faces", quiet)
    with pytest.raises(ModelError, match="There is no file"):
        add_model(tmp_path, "faces", quiet)
    add_model(yolox, "objects", quiet, name="mine")
    with pytest.raises(InvalidInput, match="mine is the name of an added model for another task"):
        add_model(yunet, "faces", quiet, name="mine")
    monkeypatch.setattr(user_models, "MAX_FILE_BYTES", 3)
    with pytest.raises(ModelError, match="is larger than"):
        add_model(yunet, "faces", quiet)


@pytest.mark.parametrize("name", ["", "A", "../x", "a" * 41, "x-int8", "a b", "-a", "é", "a\n"])
def test_names_that_cannot_be_file_names_are_refused(yunet: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="choose another with --name"):
        add_model(yunet, "faces", quiet, name=name)


@pytest.mark.parametrize("name", ["centerface", "haar", "hog"])
def test_built_in_names_are_neither_given_nor_removed(yunet: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="name of a built-in model"):
        add_model(yunet, "faces", quiet, name=name)
    with pytest.raises(ModelError, match=f"{name} is built in and cannot be removed"):
        remove_model(name, quiet)


@pytest.mark.parametrize("licence", ["", "two\nlines", "x" * 101])
def test_a_licence_that_would_break_the_table_is_refused(yunet: Path, licence: str) -> None:
    with pytest.raises(InvalidInput, match="The licence must have 1 to 100 printable characters"):
        add_model(yunet, "faces", quiet, licence=licence)


def test_an_unknown_name_says_which_are_known(yunet: Path) -> None:
    add_model(yunet, "faces", quiet, name="mine")
    with pytest.raises(ModelError, match="There is no face detector x, only centerface, m"):
        store.find("faces", "x")
    with pytest.raises(ModelError, match="The face detector mine has no int8 variant: use fp32"):
        store.find("faces", "mine", "int8")
    with pytest.raises(ModelError, match="There is no added model x; added models: mine"):
        remove_model("x", quiet)


def test_a_damaged_added_model_is_named_and_stays_until_it_is_removed(
    folder: Path, yunet: Path
) -> None:
    manifest = add_model(yunet, "faces", quiet)
    (folder / manifest.file).write_bytes(b"torn")
    with pytest.raises(ModelError, match=f"yunet is damaged or missing: use {store.ADD}"):
        store.find("faces", "yunet")
    assert store.list_models()[-1].state == "damaged"
    add_model(yunet, "faces", quiet)
    assert store.list_models()[-1].state == "ready"


@pytest.mark.parametrize(
    "change", [{"size": "1"}, {"created": None}, {"name": "other"}, {"file": "../a.onnx"}]
)
def test_a_manifest_with_a_wrong_field_counts_as_none(
    folder: Path, yunet: Path, change: dict[str, object]
) -> None:
    manifest = add_model(yunet, "faces", quiet)
    changed = {**dataclasses.asdict(manifest), **change}
    (folder / "faces-yunet.json").write_text(json.dumps(changed), encoding="utf-8")
    assert added_models() == []
    with pytest.raises(ConvergeCastError):
        store.find("faces", "yunet")


def test_a_manifest_with_a_field_of_a_later_version_still_counts(folder: Path, yunet: Path) -> None:
    manifest = add_model(yunet, "faces", quiet)
    more = {**dataclasses.asdict(manifest), "later": [1]}
    (folder / "faces-yunet.json").write_text(json.dumps(more), encoding="utf-8")
    assert added_models() == [manifest]
    assert store.find("faces", "yunet").manifest == manifest


@pytest.mark.parametrize(
    ("content", "kept"),
    [(b"freed: good yunet", b"good yunet"), (b"good freed: yunet", b"good yunet")],
)
def test_a_model_is_freed_where_that_works(yunet: Path, content: bytes, kept: bytes) -> None:
    yunet.write_bytes(content)
    add_model(yunet, "faces", quiet)
    assert store.find("faces", "yunet").path.read_bytes() == kept


@pytest.mark.parametrize("problem", ["odd", "broken"])
def test_a_model_that_does_not_work_freed_is_kept_as_it_is(yunet: Path, problem: str) -> None:
    yunet.write_bytes(b"good yunet, spoilt by " + problem.encode())
    add_model(yunet, "faces", quiet)
    assert store.find("faces", "yunet").path.read_bytes() == yunet.read_bytes()


@pytest.mark.parametrize("problem", [MemoryError("1.16 TiB"), cv2.error("resize")])
def test_a_model_that_asks_too_much_is_refused(
    yunet: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(detector: FakeDetector) -> None:
        raise problem

    monkeypatch.setattr(FakeDetector, "warm_up", fail)
    with pytest.raises(ModelError, match="outputs are not those of a yunet model"):
        add_model(yunet, "faces", quiet)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def fake_fetch(progress: Progress, *, commercial_safe: bool | None) -> None:
        fetch(progress, commercial_safe=commercial_safe, downloader=FakeIndex())

    def run_words(*words: str) -> int:
        parser = Parser()
        add_models_parser(parser.add_subparsers())
        arguments = parser.parse_args(["models", *words])
        status: int = arguments.run(arguments)
        return status

    monkeypatch.setattr(commands, "fetch", fake_fetch)
    monkeypatch.setattr(commands, "prepare_machine", lambda progress: progress("prepared"))
    return run_words


def test_the_commands_fetch_add_list_and_remove(
    run: Callable[..., int], yunet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "prepared"
    assert run("add", str(yunet), "--task", "faces", "--licence", "MIT") == 0
    assert capsys.readouterr().out.endswith('configuration: face_model = "yunet"\n')
    assert run("list") == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == list(commands.COLUMNS)
    assert [line.split()[:2] for line in table[1:]] == [
        ["faces", "centerface"],
        ["faces", "yunet"],
        ["demo", "p.png"],
    ]
    assert all(line.endswith("ready") for line in table[1:])
    assert run("remove", "yunet") == 0
    assert capsys.readouterr().out.startswith("yunet: removed")
    assert run("remove", "yunet") == 1
    assert capsys.readouterr().err == "There is no added model yunet; added models: none.\n"


def test_a_refused_file_is_exit_status_1_and_one_line(
    run: Callable[..., int], yunet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yunet.write_bytes(b"something else")
    assert run("add", str(yunet), "--task", "faces") == 1
    assert capsys.readouterr().err == "Not a supported model.\n"


def test_an_interrupted_fetch_is_not_taken_for_a_complete_one(
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(progress: Progress, *, commercial_safe: bool | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "fetch", interrupted)
    assert run("fetch") == 130
    assert "run the command again" in capsys.readouterr().err
