"""Scenes, from a real agent through a real hub: pictures that are not related share none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import hamilton
from tests.support.rig import Rig

PICTURES, FPS = 12, 4.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures that have nothing to do with each other."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        blocks = np.random.default_rng(number).integers(0, 256, (9, 12, 3), np.uint8)
        image = cv2.resize(blocks, (320, 240), interpolation=cv2.INTER_NEAREST)
        assert cv2.imwrite(str(folder / f"{number:02}.png"), image)
    return folder


@pytest.mark.usefixtures("models_ready")
def test_each_picture_of_a_folder_is_a_scene_and_a_result_is_of_its_pictures(
    rig: Rig, folder: Path
) -> None:
    rig.start_agent("--source", str(folder), "--fps", str(FPS))
    (camera,) = rig.wait_online(1)
    plain = asyncio.run(hamilton.watch(rig, camera["id"], 2))
    assert {head["scene"] for head in plain.pictures} == {None}, "no option is on"
    path = f"/api/v1/cameras/{camera['id']}"
    rig.request("PATCH", path, json={"options": ["faces"]})
    rig.wait_for(lambda: rig.request("GET", f"{path}/result").ok, "a result", 60)
    seen = asyncio.run(hamilton.watch(rig, camera["id"], 8))
    scenes = {head["seq"]: head["scene"] for head in seen.pictures}
    assert len(scenes) > 8
    assert len(set(scenes.values())) == len(scenes)
    assert list(scenes.values()) == sorted(scenes.values())
    of_results = {result["seq"]: result["scene"] for result in seen.results}
    shown = [seq for seq in of_results if seq in scenes]
    assert len(shown) > 2
    assert all(of_results[seq] == scenes[seq] for seq in shown)
