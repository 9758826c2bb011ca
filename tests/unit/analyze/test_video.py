"""A video's frames: followed within a scene, and not beyond a cut."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from convergecast.analyze.media import Item
from convergecast.analyze.video import Video
from convergecast.vision.detections import Bytes
from tests.integration.agent_support import write_video
from tests.support.messages import findings

PERSON = {"box": [10.0, 10.0, 40.0, 90.0], "score": 0.8, "label": "person", "label_id": 1}


def view(seed: int) -> Bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return np.asarray(cv2.resize(blocks, (320, 240), interpolation=cv2.INTER_NEAREST))


def test_at_a_cut_all_tracks_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", frames=3, fps=10)
    video = Video(Item(path, path.name, Path(path.name)), 0.5, None)
    results = []
    for number in range(20):
        video.see(view(number // 10))
        results.append(video.follow(number, findings(objects=[PERSON]), ("objects", "people")))
    assert [result.scene for result in results] == [0] * 10 + [1] * 10
    assert [result.people for result in results] == [1] * 20
    ids = [thing.track_id for result in results for thing in result.objects or ()]
    assert ids[9] is not None and ids[10] is None
    assert ids[19] is not None and ids[19] > ids[9]
