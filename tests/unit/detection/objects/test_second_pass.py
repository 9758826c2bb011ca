"""The closer look: where the tile is placed, what it adds, and that it finds small objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convergecast.detection.objects.second_pass import CloserLook, merge, tile_for
from convergecast.detection.objects.ssd import Prepared as SsdPrepared
from convergecast.detection.objects.ssd import Ssd
from convergecast.messages.engine import Focus
from convergecast.model_store.catalog import SSD_GRAPH
from convergecast.model_tools.converters.ssd_graph import convert_ssd
from convergecast.model_tools.reference_files import original
from convergecast.vision.boxes import iou
from convergecast.vision.detections import Bytes, Objects

PERSON = 1


class CountingSsd(Ssd):
    runs = 0

    def detect(self, batch: Sequence[SsdPrepared], min_score: float = 0.5) -> list[Objects]:
        self.runs += len(batch)
        return super().detect(batch, min_score)


class Told:
    """A detector that finds what it is told in whole pictures, 700 wide, and in tiles."""

    device, device_reason, least_size = "CPU", "", (0, 0)

    def __init__(self, whole: Objects, tile: Objects) -> None:
        self._whole, self._tile = whole, tile

    def prepare(self, image: Bytes) -> Bytes:
        return image

    def detect(self, batch: Sequence[Bytes], min_score: float = 0.5) -> list[Objects]:
        return [self._whole if image.shape[1] == 700 else self._tile for image in batch]

    def warm_up(self) -> None:
        pass


@pytest.fixture(scope="module")
def ssd(models_ready: None, tmp_path_factory: pytest.TempPathFactory) -> CountingSsd:
    path = tmp_path_factory.mktemp("ssd") / "ssd.onnx"
    path.write_bytes(convert_ssd(original(SSD_GRAPH).read_bytes()))
    return CountingSsd(path, threads=2, device="cpu")


def less(*, closer: bool) -> Focus:
    return Focus(whole=False, closer=closer, faces=())


def objects(*found: tuple[float, float, float, float, float, int]) -> Objects:
    rows = np.array(found, np.float32).reshape(-1, 6)
    return Objects(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int32))


def scene(photograph: Bytes) -> Bytes:
    """A photograph of 70 × 70 pixels at the lower right of an even wall of 700 × 525."""
    wall = np.full((525, 700, 3), 140, np.uint8)
    wall[430:500, 560:630] = cv2.resize(photograph, (70, 70), interpolation=cv2.INTER_AREA)
    return wall


def test_a_person_too_small_for_the_whole_picture_is_found_in_the_tile(
    ssd: CountingSsd, astronaut: Bytes
) -> None:
    picture = scene(astronaut)
    closer = CloserLook(ssd)
    (whole,) = ssd.detect([ssd.prepare(picture)])
    ssd.runs = 0
    (found,) = closer.detect([closer.prepare(picture)])
    assert len(whole) == 0
    assert found.label_ids.tolist() == [PERSON]
    assert iou(found.boxes, np.array([[560, 430, 630, 500]], np.float32))[0, 0] > 0.6
    assert ssd.runs == 2


def test_a_frame_that_needs_no_closer_look_costs_one_run(
    ssd: CountingSsd, astronaut: Bytes
) -> None:
    picture, closer = scene(astronaut), CloserLook(ssd)
    ssd.runs = 0
    closer.detect([closer.prepare(picture, less(closer=False))], 0.2)
    assert ssd.runs == 1
    closer.detect([closer.prepare(picture, less(closer=True))], 0.2)
    assert ssd.runs == 3


def test_the_closer_look_was_needed_where_it_alone_shows_something_clearly() -> None:
    tile, size = (0, 50, 400, 350), (700, 525)
    near, far = (10, 60, 40, 110, 0.3, PERSON), (200, 60, 240, 120, 0.3, PERSON)
    in_tile = (10, 10, 40, 60, 0.8, PERSON)
    needed = merge(objects(far), objects(in_tile), tile, *size)
    assert needed.closer_needed and needed.best(1).closer_needed
    assert not merge(objects(near), objects(in_tile), tile, *size).closer_needed
    assert not merge(objects(far), objects((*in_tile[:4], 0.4, PERSON)), tile, *size).closer_needed
    assert not merge(objects(far), Objects.empty(), tile, *size).closer_needed


@pytest.mark.parametrize(
    ("shown_from", "needed"), [(1.0, False), (0.5, False), (0.35, True), (0.05, True)]
)
def test_what_a_camera_shows_from_a_low_score_is_clear_enough(
    shown_from: float, needed: bool
) -> None:
    told = Told(objects((200, 60, 240, 120, 0.3, PERSON)), objects((300, 99, 330, 150, 0.4, 1)))
    closer = CloserLook(told)
    focus = Focus(whole=True, closer=True, faces=(), shown_from=shown_from)
    (found,) = closer.detect([closer.prepare(np.zeros((525, 700, 3), np.uint8), focus)], 0.05)
    assert len(found) == 2
    assert (found.closer, found.closer_needed) == (True, needed)


def test_what_the_first_look_shows_needs_no_closer_one_however_low_its_score() -> None:
    tile, near = (0, 50, 400, 350), (10, 60, 40, 110, 0.15, PERSON)
    in_tile = objects((10, 10, 40, 60, 0.8, PERSON))
    assert merge(objects(near), in_tile, tile, 700, 525).closer_needed
    assert not merge(objects(near), in_tile, tile, 700, 525, 0.1).closer_needed


def test_a_picture_without_doubt_costs_one_run_and_is_left_as_it_is(
    ssd: CountingSsd, chelsea: Bytes, astronaut: Bytes
) -> None:
    closer = CloserLook(ssd)
    empty = np.full((480, 640, 3), 90, np.uint8)
    pictures = [empty, chelsea, scene(astronaut), chelsea[:9]]
    expected = ssd.detect([ssd.prepare(picture) for picture in pictures[:2]])
    ssd.runs = 0
    found = closer.detect([closer.prepare(picture) for picture in pictures])
    assert len(pictures) < ssd.runs < 2 * len(pictures)
    for one, other in zip(found[:2], expected, strict=True):
        assert one.boxes.tolist() == other.boxes.tolist()
        assert one.label_ids.tolist() == other.label_ids.tolist()
    assert closer.detect([]) == []


def test_the_detectors_device_and_sizes_are_passed_on(ssd: CountingSsd) -> None:
    closer = CloserLook(ssd)
    closer.warm_up()
    assert (closer.device, closer.device_reason) == (ssd.device, ssd.device_reason)
    assert closer.least_size == (0, 525)


def test_the_tile_is_laid_where_most_small_things_are_in_doubt() -> None:
    lonely = (10, 10, 40, 60, 0.4, 1)
    crowd = [(x, 400, x + 30, 460, 0.3, 1) for x in (500, 540, 580)]
    tile = tile_for(objects(lonely, *crowd), 700, 525)
    assert tile is not None
    x1, y1, x2, y2 = tile
    assert (x2 - x1, y2 - y1) == (400, 300)
    assert (x1 <= 500, y1 <= 400, x2 >= 610, y2 >= 460) == (True,) * 4
    assert (x1 >= 0, y1 >= 0, x2 <= 700, y2 <= 525) == (True,) * 4


@pytest.mark.parametrize(
    "found",
    [
        [],
        [(500, 400, 530, 460, 0.9, 1)],
        [(500, 400, 530, 460, 0.1, 1)],
        [(100, 100, 400, 400, 0.4, 1)],
    ],
)
def test_sure_or_unlikely_or_large_objects_need_no_tile(found: list[Any]) -> None:
    assert tile_for(objects(*found), 700, 525) is None


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 900), (900, 2)])
def test_a_tile_of_a_picture_of_any_shape_has_pixels(width: int, height: int) -> None:
    x, y = width / 2, height / 2
    tile = tile_for(objects((x, y, x, y, 0.4, 1)), width, height)
    assert tile is not None
    x1, y1, x2, y2 = tile
    assert 0 <= x1 < x2 <= width
    assert 0 <= y1 < y2 <= height


def test_the_tile_adds_small_whole_things_once() -> None:
    whole = objects((100, 100, 140, 180, 0.3, 1))
    tile = (50, 50, 450, 350)
    closer = objects(
        (50, 50, 90, 130, 0.8, 1),  # seen in both: the better score stays
        (200, 100, 230, 160, 0.7, 1),
        (300, 1, 330, 60, 0.9, 1),  # cut by the upper border of the tile
        (10, 20, 390, 280, 0.95, 1),  # large
        (200, 100, 230, 160, 0.6, 2),  # another label at the same place
    )
    merged = merge(whole, closer, tile, 700, 525)
    assert merged.boxes.tolist() == [
        [100, 100, 140, 180],
        [250, 150, 280, 210],
        [250, 150, 280, 210],
    ]
    assert merged.label_ids.tolist() == [1, 1, 2]
    assert merged.scores == pytest.approx([0.8, 0.7, 0.6])


def test_an_object_at_the_border_of_the_picture_is_not_cut_by_the_tile() -> None:
    merged = merge(Objects.empty(), objects((0, 40, 30, 100, 0.8, 1)), (0, 50, 400, 350), 700, 525)
    assert merged.boxes.tolist() == [[0, 90, 30, 150]]


@pytest.mark.data
def test_more_people_are_found_from_afar(ssd: CountingSsd, data_folder: Path) -> None:
    """In frames 22 to 40, of which every third is looked at, five people walk."""
    video = cv2.VideoCapture(str(data_folder / "videos" / "vtest_480x360.avi"))
    closer = CloserLook(ssd)
    plain_error = error = 0
    for number in range(1, 41):
        frame = np.asarray(video.read()[1], np.uint8)
        if number >= 22 and number % 3 == 0:
            plain_error += abs(people(ssd.detect([ssd.prepare(frame)])) - 5)
            error += abs(people(closer.detect([closer.prepare(frame)])) - 5)
    video.release()
    assert error < plain_error


def people(found: list[Objects]) -> int:
    return sum(int((one.label_ids == PERSON).sum()) for one in found)
