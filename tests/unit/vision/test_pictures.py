"""JPEG to pixels, pixels onto a canvas and back, and results drawn on pictures."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergecast.errors import InvalidInput
from convergecast.vision import lettering
from convergecast.vision.decode import decode, decode_for
from convergecast.vision.detections import Bytes
from convergecast.vision.drawing import (
    PALETTE_RGB,
    annotate_jpeg,
    colour_of,
    count_line,
    draw,
    who,
)
from convergecast.vision.letterbox import STRIDE, fit
from tests.support.exif import with_orientation
from tests.support.messages import picture_result


def scene(width: int = 96, height: int = 64) -> Bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (9, 9), 4), np.uint8)


def jpeg_of(image: Bytes, *options: int) -> bytes:
    return bytes(cv2.imencode(".jpg", image, list(options))[1].tobytes())


WHOLE = jpeg_of(scene())


def test_plain_and_progressive_jpegs_give_the_same_picture() -> None:
    plain = decode(jpeg_of(scene()))
    progressive = decode(jpeg_of(scene(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1))
    assert plain.shape == (64, 96, 3)
    assert plain.dtype == np.uint8
    assert np.array_equal(plain, progressive)
    assert float(np.abs(plain.astype(int) - scene()).mean()) < 4


def test_a_grey_jpeg_gets_three_equal_channels() -> None:
    image = decode(jpeg_of(scene()[..., 0]))
    assert image.shape == (64, 96, 3)
    assert np.array_equal(image[..., 0], image[..., 2])


def test_a_picture_held_sideways_is_turned_upright() -> None:
    assert decode(with_orientation(jpeg_of(scene()), 6)).shape == (96, 64, 3)


@pytest.mark.parametrize(("width", "height"), [(68, 65), (1279, 1280), (1280, 1279), (90, 64)])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_reduced_picture_has_the_size_of_the_whole_one_however_it_was_held(
    width: int, height: int, orientation: int
) -> None:
    jpeg = with_orientation(jpeg_of(scene(width, height)), orientation)
    whole = decode(jpeg)
    for short_side in (8, 16, 32, 640):
        reduced = decode_for(jpeg, long_side=0, short_side=short_side)
        assert (reduced.width, reduced.height) == (whole.shape[1], whole.shape[0])
        assert min(reduced.image.shape[:2]) >= min(short_side, width, height)


def test_a_camera_picture_is_still_decoded_reduced() -> None:
    reduced = decode_for(jpeg_of(scene(1280, 720)), long_side=320, short_side=180)
    assert reduced.image.shape == (180, 320, 3)
    square = decode_for(jpeg_of(scene(640, 640)), long_side=320, short_side=320)
    assert square.image.shape == (320, 320, 3)


def with_preview(jpeg: bytes) -> bytes:
    """Put a smaller JPEG into a header of another, as cameras do."""
    body = b"preview" + jpeg_of(scene(16, 16))
    return jpeg[:2] + b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("kind", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
def test_what_a_telephone_appends_to_a_photograph_does_no_harm(kind: tuple[int, ...]) -> None:
    jpeg = with_preview(jpeg_of(scene(), *kind))
    assert np.array_equal(decode(jpeg + b"SEFT" + bytes(5000)), decode(jpeg))
    with pytest.raises(InvalidInput, match="cut short"):
        decode(jpeg[:-300])


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b"", "neither JPEG nor PNG"),
        (b"GIF89a", "neither JPEG nor PNG"),
        (jpeg_of(scene())[:-200], "cut short"),
        (jpeg_of(scene())[:300] + b"\xff\xd9", "damaged|no header"),
    ],
)
def test_a_broken_jpeg_is_refused_in_one_sentence(broken: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        decode(broken)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_that_lacks_only_the_mark_of_its_end_is_shown(orientation: int) -> None:
    jpeg = with_orientation(jpeg_of(scene()), orientation)
    assert np.array_equal(decode(jpeg[:-2]), decode(jpeg))
    assert decode_for(jpeg[:-2], long_side=32, short_side=8).image.shape[2] == 3
    progressive = jpeg_of(scene(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    with pytest.raises(InvalidInput, match="cut short"):
        decode(progressive[:-2])


@given(st.integers(0, len(WHOLE) - 200), st.sampled_from([0, 16]))
def test_a_jpeg_that_lacks_pixels_is_refused(end: int, side: int) -> None:
    with pytest.raises(InvalidInput):
        decode_for(WHOLE[:end], long_side=side, short_side=side)


@pytest.mark.parametrize("suffix", [".webp", ".avif", ".bmp", ".tiff"])
def test_other_formats_of_photographs_are_decoded(suffix: str) -> None:
    content = cv2.imencode(suffix, scene())[1].tobytes()
    assert decode(content).shape == decode_for(content, long_side=8, short_side=8).image.shape
    with pytest.raises(InvalidInput, match="damaged"):
        decode(content[:16])


_LIMIT = """
import os, sys
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = "5000"
from convergecast.errors import InvalidInput
from convergecast.vision.decode import decode
for path in sys.argv[1:]:
    try:
        decode(open(path, "rb").read())
    except InvalidInput as problem:
        print(problem)
"""


def test_opencv_refuses_other_formats_beyond_its_limit_in_one_sentence(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"picture{suffix}") for suffix in (".webp", ".avif", ".bmp", ".tiff")]
    assert all(cv2.imwrite(path, scene()) for path in paths)
    told = subprocess.run(
        [sys.executable, "-c", _LIMIT, *paths], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == ["The picture cannot be used: it has too many pixels."] * 4


def test_at_home_a_picture_may_be_larger() -> None:
    jpeg = jpeg_of(np.zeros((600, 900, 3), np.uint8))
    with pytest.raises(InvalidInput, match="900×600, more than 100"):
        decode(jpeg, max_pixels=100_000)
    assert decode(jpeg, max_pixels=1 << 30).shape == (600, 900, 3)


def test_a_huge_jpeg_is_refused_by_its_header() -> None:
    jpeg = jpeg_of(scene())
    at = jpeg.index(b"\xff\xc0") + 5
    with pytest.raises(InvalidInput, match="65000×65000"):
        decode(jpeg[:at] + struct.pack(">HH", 65000, 65000) + jpeg[at + 4 :])


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([64, 160, 320]))
def test_the_letterbox_and_back_is_the_same_point(width: int, height: int, side: int) -> None:
    box = fit(np.zeros((height, width, 3), np.uint8), side)
    rows, columns = box.canvas.shape[:2]
    assert rows % STRIDE == 0
    assert columns % STRIDE == 0
    assert max(round(width * box.scale_x), round(height * box.scale_y)) == side
    corner = np.array([[width * box.scale_x, height * box.scale_y]], np.float32)
    assert box.back(corner)[0] == pytest.approx([width, height], abs=1e-3)
    assert box.back(corner * 9)[0].tolist() == [width, height]
    assert box.back(-corner)[0].tolist() == [0, 0]


def test_the_canvas_is_padded_right_and_below_in_black() -> None:
    box = fit(np.full((270, 480, 3), 200, np.uint8), 640)
    assert box.canvas.shape == (384, 640, 3)
    assert (box.canvas[:360] == 200).all()
    assert (box.canvas[360:] == 0).all()


def test_a_picture_that_fits_is_not_copied() -> None:
    image = scene(640, 480)
    assert fit(image, 640).canvas is image


ZOE = {"id": "z", "name": "Zoë", "distance": 0.3}
RESULT = picture_result(
    faces=[
        {"box": [20.0, 15.5, 60.2, 70.9], "score": 0.92, "track_id": 3, "person": ZOE},
        {"box": [90, 5, 120, 40], "score": 0.5, "landmarks": [[100.1, 20.2]], "person": None},
    ],
    objects=[{"box": [5, 10, 118, 110], "score": 0.6, "label": "person", "label_id": 1}],
    people=1,
)


def test_drawing_leaves_the_picture_alone_and_colours_the_box() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    drawn = draw(image, RESULT)
    assert not image.any()
    assert drawn.shape == image.shape
    assert tuple(drawn[50, 20]) == colour_of(3)


def test_one_label_has_one_colour_and_another_has_another() -> None:
    boxes = ([100, 100, 200, 200], [300, 100, 400, 200], [500, 100, 600, 200])
    things = [
        {"box": box, "score": 0.9, "label": label, "label_id": number, "track_id": None}
        for box, label, number in zip(boxes, ("cat", "dog", "cat"), (17, 18, 17), strict=True)
    ]
    drawn = draw(np.zeros((480, 640, 3), np.uint8), picture_result(objects=things))
    first, other, second = (tuple(drawn[150, box[0]]) for box in boxes)
    assert first == second == colour_of(17)
    assert other == colour_of(18)


def test_drawing_stays_at_the_box_its_label_and_the_counts() -> None:
    image = scene(640, 480)
    box = [200, 200, 300, 320]
    face = {"box": box, "score": 0.9, "landmarks": [[230, 240], [270, 240], [250, 270]]}
    changed = (draw(image, picture_result(faces=[face])) != image).any(axis=2)
    assert changed[240, 230]
    assert changed[200:320, 200].all()
    assert changed[170:200, 200:300].any(), "no label"
    assert changed[440:, :100].any(), "no counts"
    changed[165:330, 190:310] = False
    changed[440:, :100] = False
    assert not changed.any()


@pytest.mark.parametrize(("side", "most"), [(40, 0.3), (200, 0.15)])
def test_68_landmarks_do_not_cover_the_face(side: int, most: float) -> None:
    grid = np.stack(np.meshgrid(np.linspace(0.1, 0.9, 9), np.linspace(0.1, 0.9, 8)), -1)
    points = 100 + side * grid.reshape(-1, 2)[:68]
    face = {"box": [100, 100, 100 + side, 100 + side], "score": 0.9}
    image = np.full((480, 640, 3), 255, np.uint8)
    without = draw(image, picture_result(faces=[face]))
    drawn = draw(image, picture_result(faces=[{**face, "landmarks": points.tolist()}]))
    changed = (drawn != without).any(axis=2)
    for x, y in points:
        assert changed[round(y), round(x)]
    assert changed.sum() < most * side * side
    changed[100 : 100 + side, 100 : 100 + side] = False
    assert not changed.any()


def drawn_name(name: str, **identity: str) -> Bytes:
    face = {"box": [40, 60, 140, 160], "score": 0.9, "identity": {"name": name, **identity}}
    return draw(np.full((200, 400, 3), 128, np.uint8), picture_result(faces=[face]))


@pytest.mark.parametrize("name", ["Женщина", "Zoë", "Ελένη", "Őry"])
def test_names_in_other_scripts_are_not_question_marks(name: str) -> None:
    if not any(lettering._has(font, name[0]) for font in lettering.FONTS):
        pytest.skip("no font of this machine has this script")
    asked = drawn_name("?" * len(name), state="known")
    shown = drawn_name(name, state="known")
    assert (shown != asked).any()
    assert (shown != drawn_name(name[::-1], state="known")).any()


@pytest.mark.parametrize("fonts", [(), ("no such font.ttf",)])
def test_without_fonts_the_name_is_still_written(
    fonts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "FONTS", fonts)
    lettering.letter.cache_clear()
    own = drawn_name("ローズ", state="known")
    assert (own[20:56, 40:] != 128).any()
    monkeypatch.setattr(lettering, "_font", lambda name, size_px: None)
    lettering.letter.cache_clear()
    assert (drawn_name("ローズ", state="known") == drawn_name("???", state="known")).all()
    lettering.letter.cache_clear()


@pytest.mark.parametrize(
    ("face", "words"),
    [
        ({"person": ZOE}, "Zoë"),
        ({"identity": {"state": "known", "name": "Zoë"}}, "Zoë"),
        ({"identity": {"state": "perhaps", "name": "Zoë"}, "person": None}, "Zoë?"),
        ({"identity": {"state": "unknown", "name": None}, "person": None}, "unknown"),
        ({"identity": {"state": "undecided", "name": None}, "person": None}, ""),
        ({"identity": {"state": "known", "name": "x" * 80}}, "x" * 24 + "..."),
        ({}, ""),
    ],
)
def test_a_face_is_named_as_on_the_page(face: dict[str, Any], words: str) -> None:
    faces = picture_result(faces=[face]).faces
    assert faces is not None and who(faces[0]) == words


@pytest.mark.parametrize("at", [(-30, -9), (630, 475), (9999, 5), (-9999, 5)])
def test_a_name_at_the_edge_stays_in_the_picture(at: tuple[int, int]) -> None:
    canvas = np.zeros((480, 640, 3), np.uint8)
    drawn = lettering.letter("Zoë", 20)
    assert drawn is not None
    lettering.stamp(canvas, drawn, *at, (255, 255, 255))
    assert canvas.any() == (abs(at[0]) < 1000)


@pytest.mark.parametrize("side", [8, 64, 4000])
def test_any_size_can_be_drawn_on(side: int) -> None:
    drawn = draw(np.zeros((side, side, 3), np.uint8), RESULT)
    assert drawn.shape == (side, side, 3)


def test_the_count_line_names_what_was_asked_for() -> None:
    assert count_line(picture_result(faces=[], objects=None, people=None)) == "nothing found"
    assert count_line(picture_result(faces=None)) == ""
    assert count_line(picture_result(faces=[{"box": [1, 1, 9, 9], "score": 0.9}])) == "1 face"


def test_a_person_is_counted_once_whatever_found_them() -> None:
    assert count_line(RESULT) == "1 person"
    a_face = [{"box": [1, 1, 9, 9], "score": 0.9}]
    assert count_line(picture_result(faces=a_face, people=0)) == "1 face"
    labels = ["person", "bus", "bus", "cat", "person", "sheep", "sheep"]
    blank = {"box": [1, 1, 9, 9], "score": 0.9, "label_id": 1}
    things = [{**blank, "label": label} for label in labels]
    assert count_line(picture_result(faces=None, objects=things)) == (
        "2 people, 2 sheep, 2 buses, 1 cat"
    )
    assert count_line(picture_result(faces=None, objects=things, people=3))[:8] == "3 people"


def test_a_jpeg_is_annotated() -> None:
    jpeg = jpeg_of(scene(640, 480))
    changed = decode(annotate_jpeg(jpeg, RESULT)).astype(int) - decode(jpeg)
    assert np.abs(changed).max() > 100


def test_twelve_different_colours() -> None:
    assert len(set(PALETTE_RGB)) == 12
    assert colour_of(0) == colour_of(12)
