"""Cameras of the machine and of a Raspberry Pi, by stand-ins of the kernel and of libraries."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from agent import devices
from agent.devices import Device, linux_devices, listed
from agent.encode import Encoded
from agent.errors import DamagedPicture, SourceError
from agent.identity import _source_key
from agent.options import parse_options
from agent.pixels import decode
from agent.sources import Source, make_source
from convergecast.protocol.jpeg import is_plain

CAPTURE, META, TELLS_DEVICE = 0x1, 0x800000, 0x80000000


class Kernel:
    """Answers `ioctl` for files that stand for devices, by what is written in them.

    The files hold: name, capabilities of all, of this device, and formats.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder
        fake = ModuleType("fcntl")
        fake.ioctl = self._ioctl  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "fcntl", fake)

    def add(self, file: str, name: str, all_of_it: int, own: int, *formats: str) -> None:
        words = [name, str(all_of_it), str(own), *formats]
        (self.folder / file).write_text("\n".join(words))

    def _ioctl(self, handle: int, request: int, data: bytearray) -> None:
        name, all_of_it, own, *formats = Path(f"/proc/self/fd/{handle}").read_text().split("\n")
        if request == devices._QUERY:
            data[:] = devices._CAPABILITY.pack(
                b"uvcvideo", name.encode(), b"usb", 0, int(all_of_it), int(own)
            )
            return
        index, kind, *_ = devices._DESCRIPTION.unpack(bytes(data))
        if index >= len(formats):
            raise OSError(errno.EINVAL, "no further format")
        code = int.from_bytes(formats[index].encode(), "little")
        data[:] = devices._DESCRIPTION.pack(index, kind, 0, b"", code)


@pytest.mark.skipif(sys.platform != "linux", reason="the devices are Linux's")
def test_those_that_capture_are_listed_by_number_with_their_formats(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel = Kernel(monkeypatch, tmp_path)
    kernel.add("video10", "Old\x1b[1m camera", CAPTURE, 0)
    kernel.add("video0", "HD Webcam", CAPTURE | META | TELLS_DEVICE, CAPTURE, "MJPG", "YUYV")
    kernel.add("video1", "HD Webcam", CAPTURE | META | TELLS_DEVICE, META)
    kernel.add("video-other", "None", CAPTURE, 0)
    assert list(linux_devices(tmp_path)) == [
        Device("0", "HD Webcam", ("MJPG", "YUYV")),
        Device("10", "Old[1m camera"),
    ]


class Library(ModuleType):
    """Stands in for picamera2."""

    def __init__(self) -> None:
        super().__init__("picamera2")
        self.cameras = 1
        self.asked: dict[str, Any] = {}
        self.lent = self.open = 0
        self.Picamera2 = type("Picamera2", (PiCamera,), {"library": self})


class PiCamera:
    """A camera of the library: by its number, one picture after the other."""

    library: Library

    @classmethod
    def global_camera_info(cls) -> list[dict[str, str]]:
        return [{"Model": "imx708", "Id": "/base"}] * cls.library.cameras

    def __init__(self, number: int) -> None:
        if number >= self.library.cameras:
            raise IndexError("list index out of range")
        self.library.open += 1

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        return asked

    def configure(self, asked: dict[str, Any]) -> None:
        self.library.asked = asked

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None:
        self.library.open -= 1

    def capture_request(self) -> Any:
        if self.library.cameras == 0:
            raise RuntimeError("Camera frontend has timed out!")
        self.library.lent += 1
        return SimpleNamespace(make_array=self._array, release=self._release)

    def _array(self, name: str) -> Any:
        assert name == "main"
        width, height = self.library.asked["main"]["size"]
        return np.full((height, width, 3), (1, 2, 3), np.uint8)

    def _release(self) -> None:
        self.library.lent -= 1


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setitem(sys.modules, "picamera2", library)
    return library


def test_a_pi_camera_gives_pictures_at_the_size_and_rate_that_are_asked(pi: Library) -> None:
    source = make_source("picamera", box=(320, 240), fps=10)
    source.open()
    assert pi.asked["main"] == {"size": (320, 240), "format": "RGB888"}
    assert pi.asked["controls"] == {"FrameDurationLimits": (100_000, 100_000)}
    for _ in range(5):
        assert source.grab() is None
        assert pi.lent == 1
    pixels: Any = source.retrieve()
    assert (pixels.shape, pixels.dtype) == ((240, 320, 3), np.uint8)
    assert tuple(pixels[0, 0]) == (1, 2, 3)
    source.close()
    assert (pi.lent, pi.open) == (0, 0)
    with pytest.raises(SourceError, match="not open"):
        source.grab()


def test_a_pi_camera_that_is_lost_or_not_there_is_said_and_can_be_opened_again(
    pi: Library,
) -> None:
    with pytest.raises(SourceError, match="Pi camera 1 cannot be opened"):
        make_source("picamera:1", box=(320, 240)).open()
    source = make_source("picamera:0", box=(320, 240))
    source.open()
    source.grab()
    pi.cameras = 0
    with pytest.raises(SourceError, match="gives no picture: Camera frontend has timed out"):
        source.grab()
    pi.cameras = 1
    source.open()
    source.grab()
    assert (pi.lent, pi.open) == (1, 1)
    source.close()


def test_without_the_library_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match="apt install python3-picamera2"):
        make_source("picamera", box=(320, 240)).open()


def test_a_pi_camera_is_the_same_camera_whatever_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = _source_key("picamera")
    monkeypatch.chdir(tmp_path)
    assert _source_key("picamera") == before != _source_key("picamera:1")


def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("cv2_enumerate_cameras")

    def enumerate_cameras(backend: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(index=backend + 1, name="Integrated Camera")]

    fake.enumerate_cameras = enumerate_cameras  # type: ignore[attr-defined]
    monkeypatch.setattr("agent.devices.sys.platform", "win32")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", fake)


def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.devices.sys.platform", "win32")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    monkeypatch.setitem(sys.modules, "picamera2", None)


@pytest.mark.parametrize(
    ("machine", "lines"),
    [
        (windows, ["--source 1         Integrated Camera", "--source picamera  imx708"]),
        (nothing, ["No camera is found on this machine. --source demo shows sample pictures."]),
    ],
)
def test_the_list_says_what_to_type(
    machine: Callable[[pytest.MonkeyPatch], None],
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    pi: Library,
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine(monkeypatch)
    assert listed().split("\n") == lines
    with pytest.raises(SystemExit) as end:
        parse_options(["--list"], {})
    assert end.value.code == 0
    assert capsys.readouterr().out.split("\n") == [*lines, ""]


class Webcam:
    """Stands in for OpenCV's capture of a V4L2 device that gives JPEGs, or does not."""

    def __init__(self, *, gives: bytes, converts: Any) -> None:
        self.gives, self.converts = gives, converts
        self.set_to: dict[int, float] = {}

    def isOpened(self) -> bool:
        return True

    def release(self) -> None: ...

    def grab(self) -> bool:
        return True

    def set(self, name: int, value: float) -> bool:
        self.set_to[name] = value
        return True

    def get(self, name: int) -> float:
        return self.set_to.get(name, 30.0)

    def retrieve(self) -> tuple[bool, Any]:
        if self.set_to.get(cv2.CAP_PROP_CONVERT_RGB, 1):
            return True, self.converts
        return True, np.frombuffer(self.gives, np.uint8)[np.newaxis]


def webcam(
    monkeypatch: pytest.MonkeyPatch,
    gives: bytes,
    *,
    box: tuple[int, int] = (1280, 720),
    untouched: bool = True,
) -> tuple[Source, Any]:
    pixels = np.full((720, 1280, 3), 7, np.uint8)
    monkeypatch.setattr("agent.videos._why_no_device", lambda device: "")
    monkeypatch.setattr(
        "agent.videos.cv2.VideoCapture", lambda *_: Webcam(gives=gives, converts=pixels)
    )
    source = make_source("0", box=box, untouched=untouched)
    source.open()
    source.grab()
    return source, pixels


@pytest.mark.parametrize("padding", [0, 5000])
def test_a_webcams_own_jpeg_is_served_with_the_tables_it_left_out(
    padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cv2.imencode(".jpg", np.full((720, 1280, 3), (20, 90, 200), np.uint8))[1].tobytes()
    bare = whole
    while (at := bare.find(b"\xff\xc4")) >= 0:
        bare = bare[:at] + bare[at + 2 + int.from_bytes(bare[at + 2 : at + 4], "big") :]
    for given in (whole, bare):
        source, _ = webcam(monkeypatch, given + bytes(padding))
        picture = source.retrieve()
        assert isinstance(picture, Encoded)
        assert (picture.width, picture.height) == (1280, 720)
        assert is_plain(picture.jpeg)
        assert np.array_equal(decode(picture.jpeg), decode(whole))
        assert (picture.jpeg == whole) is (given is whole)


def test_a_webcams_jpeg_without_its_end_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cv2.imencode(".jpg", np.full((720, 1280, 3), (20, 90, 200), np.uint8))[1].tobytes()
    source, _ = webcam(monkeypatch, whole.removesuffix(b"\xff\xd9"))
    picture: Any = source.retrieve()
    assert np.array_equal(picture, decode(whole))


def test_a_webcams_jpeg_that_opencv_refuses_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Webcam) -> None:
        raise cv2.error("a broken buffer")

    source, _ = webcam(monkeypatch, b"")
    monkeypatch.setattr(Webcam, "retrieve", refuse)
    with pytest.raises(DamagedPicture):
        source.retrieve()


def test_a_webcam_whose_pictures_have_to_change_gives_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = cv2.imencode(".jpg", np.zeros((1080, 1920, 3), np.uint8))[1].tobytes()
    source, _ = webcam(monkeypatch, large)
    assert not isinstance(source.retrieve(), Encoded)
    for box, untouched in (((1280, 720), False), ((640, 480), True)):
        source, pixels = webcam(monkeypatch, large, box=box, untouched=untouched)
        assert source.retrieve() is pixels


def test_a_webcam_that_gives_no_jpegs_after_all_is_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, pixels = webcam(monkeypatch, b"\x10\x80" * 1280)
    with pytest.raises(DamagedPicture):
        source.retrieve()
    source.grab()
    assert source.retrieve() is pixels
