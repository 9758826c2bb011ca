"""Folders are cut into parts, joined and verified; what is missing or damaged is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.gpu.parts import MIB, MOST_PART_MIB, PART_MIB, PartsError, join, main, split

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two folders: 2.75 MiB in one file, a small file deeper down, and an empty one."""
    wheels, models = tmp_path / "wheels", tmp_path / "models"
    (models / "pictures").mkdir(parents=True)
    wheels.mkdir()
    (wheels / "large.whl").write_bytes(os.urandom(11 * MIB // 4))
    (models / "pictures" / "a b.png").write_bytes(b"picture")
    (models / "empty").write_bytes(b"")
    return [wheels, models]


@pytest.fixture
def parts(folders: list[Path], tmp_path: Path) -> Path:
    split(folders, tmp_path / "parts", part_mib=1)
    return tmp_path / "parts"


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def damage(path: Path) -> None:
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)


def test_what_is_joined_equals_what_was_cut(
    parts: Path, folders: list[Path], tmp_path: Path
) -> None:
    sizes = {path.name: path.stat().st_size for path in parts.glob("part-*")}
    assert sorted(sizes) == ["part-001", "part-002", "part-003"]
    assert max(sizes.values()) == MIB
    join(parts, tmp_path / "joined")
    for folder in folders:
        assert content(tmp_path / "joined" / folder.name) == content(folder)


def test_a_part_is_smaller_than_60_mib() -> None:
    assert PART_MIB <= MOST_PART_MIB < 60


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_damaged_part_is_named(parts: Path, tmp_path: Path, at: int) -> None:
    damage(parts / f"part-00{at}")
    with pytest.raises(PartsError, match=f"^Of 3 parts are damaged: part-00{at}; bring them"):
        join(parts, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_a_part_that_is_cut_short_is_damaged(parts: Path, tmp_path: Path) -> None:
    part = parts / "part-002"
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(PartsError, match="damaged: part-002"):
        join(parts, tmp_path / "joined")


def test_missing_parts_are_named_all_at_once(parts: Path, tmp_path: Path) -> None:
    for name in ("part-001", "part-003"):
        (parts / name).unlink()
    with pytest.raises(PartsError, match=r"^Of 3 parts are missing: part-001, part-003\.$"):
        join(parts, tmp_path / "joined")


def test_a_file_whose_own_hash_does_not_fit_is_named(parts: Path, tmp_path: Path) -> None:
    manifest = parts / "manifest.json"
    told = json.loads(manifest.read_text())
    told["files"][-1]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(told))
    with pytest.raises(PartsError, match=r"models/pictures/a b\.png is not what it was"):
        join(parts, tmp_path / "joined")
    assert "models/pictures/a b.png" not in content(tmp_path / "joined")


@pytest.mark.parametrize("name", ["../outside", "/outside", ""])
def test_a_manifest_does_not_lead_outside(parts: Path, tmp_path: Path, name: str) -> None:
    manifest = parts / "manifest.json"
    told = json.loads(manifest.read_text())
    told["files"][0]["name"] = name
    manifest.write_text(json.dumps(told))
    with pytest.raises(PartsError, match="would be outside"):
        join(parts, tmp_path / "joined")


@pytest.mark.parametrize("text", ["{", "[]", '{"files": [{}], "parts": []}', '{"files": 1}'])
def test_a_damaged_manifest_is_said(parts: Path, tmp_path: Path, text: str) -> None:
    (parts / "manifest.json").write_text(text)
    with pytest.raises(PartsError, match=r"manifest\.json is damaged"):
        join(parts, tmp_path / "joined")


def test_a_missing_manifest_is_said(tmp_path: Path) -> None:
    with pytest.raises(PartsError, match=r"manifest\.json is missing"):
        join(tmp_path, tmp_path / "joined")


def test_folders_that_cannot_be_cut_are_refused(folders: list[Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(PartsError, match="is not empty"):
        split(folders[:1], folders[1])
    with pytest.raises(PartsError, match="is no folder"):
        split([tmp_path / "none"], empty)
    with pytest.raises(PartsError, match="hold no file"):
        split([empty], tmp_path / "parts")
    with pytest.raises(PartsError, match="same name"):
        split([folders[0], folders[0]], tmp_path / "parts")


def test_what_is_wrong_is_one_sentence_and_the_status_1(
    parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["join", str(parts), str(tmp_path / "joined")]) == 0
    assert capsys.readouterr().out == "join: 3 files, 3 MiB, 3 parts\n"
    damage(parts / "part-003")
    assert main(["join", str(parts), str(tmp_path / "joined")]) == 1
    said = capsys.readouterr().err
    assert said == "gpu_parts: Of 3 parts are damaged: part-003; bring them again.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux")
def test_the_script_cuts_and_joins_from_any_folder(folders: list[Path], tmp_path: Path) -> None:
    script = ROOT / "scripts" / "gpu_parts.sh"
    for words in (("split", "wheels", "models/", "parts"), ("join", "parts", "joined")):
        subprocess.run([script, *words], cwd=tmp_path, check=True, timeout=60)
    assert content(tmp_path / "joined") == {
        f"{folder.name}/{name}": data
        for folder in folders
        for name, data in content(folder).items()
    }
