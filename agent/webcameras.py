"""Cameras over HTTP: a stream of JPEGs, one JPEG a request, or a video, told apart by content.

Used by the capture thread only. Process: agent.
"""

from __future__ import annotations

import http.client
import os
import select
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

import requests
import urllib3
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from requests.utils import get_environ_proxies

from convergecast.protocol import ProtocolError
from convergecast.protocol.hosts import is_loopback
from convergecast.protocol.jpeg import has_end
from convergecast.protocol.urls import Address, read_address, without_credentials

from .causes import CONNECT_S, refused, unreachable
from .encode import Picture, decode
from .errors import DamagedPicture, SourceError
from .jpegs import JPEG_START, JpegReader, Untouched
from .pace import Pace

if TYPE_CHECKING:
    from .videos import VideoFileSource

_READ_S = 30.0
_LEAST_SILENCE_S = 5.0
_CHUNK_BYTES = 64 << 10
_MOST_FETCHED_BYTES = 64 << 20
_USUAL_FPS = 1.0
_BROKEN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class WebSource:
    """The camera at an http or https address; `fps` is how often one is asked for a picture."""

    def __init__(
        self,
        text: str,
        *,
        box: tuple[int, int],
        fps: float | None = None,
        untouched: bool = False,
    ) -> None:
        """Name the address; nothing is asked yet. Raises ValueError if it cannot be read.

        `untouched` is whether JPEGs within `box`, in pixels, are to be served as they came.
        """
        self.label = without_credentials(text)
        self._text = text
        self._client = _Client(read_address(text), self.label)
        self._untouched = Untouched(box) if untouched else None
        self._asked_fps = fps or _USUAL_FPS
        self._answer: _Answer | None = None
        self._video: VideoFileSource | None = None
        self._copy: Path | None = None
        self._is_asked = self._has_ends = False
        self._jpeg: bytes | None = None

    @property
    def fps(self) -> float | None:
        """The rate of a video file, or of asking; None for a stream, which sets its own."""
        if self._video is not None:
            return self._video.fps
        return self._asked_fps if self._is_asked else None

    @property
    def scene(self) -> int:
        """How often a video file has begun again."""
        return self._video.scene if self._video is not None else 0

    def open(self) -> None:
        """Ask once, and see what comes."""
        self.close()
        answer = self._answer = _Answer(self._client.get(), self.label)
        pictures = answer.has_pictures()
        self._is_asked = answer.is_one_picture
        if not pictures:
            self._video = self._video_of(answer)
            self._end_answer()  # some cameras serve one client only
            self._video.open()

    def grab(self) -> float | None:
        """Wait for a stream's next picture; a video file and single pictures have their pace."""
        if self._video is not None:
            return self._video.grab()
        if not self._is_asked:
            self._jpeg = self._next()
        return 1.0 / self._asked_fps if self._is_asked else None

    def retrieve(self) -> Picture:
        """Return the picture, asking for it where each is an answer of its own."""
        if self._video is not None:
            return self._video.retrieve()
        jpeg, self._jpeg = self._jpeg, None
        if jpeg is None:
            jpeg = self._ask()
        ends = has_end(jpeg)
        if self._has_ends and not ends:
            raise DamagedPicture(f"{self.label} gives pictures that are cut short")
        self._has_ends = ends
        return (self._untouched and self._untouched(jpeg)) or decode(jpeg)

    def close(self) -> None:
        """End the connection."""
        if self._video is not None:
            self._video.close()
            self._video = None
        if self._copy is not None:
            self._copy.unlink(missing_ok=True)
            self._copy = None
        self._end_answer()
        self._jpeg = None

    def _video_of(self, answer: _Answer) -> VideoFileSource:
        """Return what plays the video; a small file is fetched, as FFmpeg must be free to seek."""
        if answer.is_page:
            raise SourceError(f"{self.label} is a page, not a picture or a video")
        # OpenCV, which a camera that gives JPEGs may not need.
        from .videos import StreamSource, VideoFileSource

        if answer.is_list or not 0 < answer.length <= _MOST_FETCHED_BYTES:
            return StreamSource(self._text)
        handle, name = tempfile.mkstemp(prefix="convergecast-video-")
        self._copy = Path(name)
        with os.fdopen(handle, "wb") as file:
            answer.save(file)
        return VideoFileSource(self._copy, label=self.label)

    def _end_answer(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _next(self) -> bytes | None:
        answer = self._answer
        if answer is None:
            raise SourceError(f"{self.label} is not open")
        jpeg = answer.next()
        if jpeg is None and answer.given != 1:
            raise SourceError(f"{self.label} has ended")
        self._is_asked = jpeg is None  # one picture was all: ask again for each
        return jpeg

    def _ask(self) -> bytes:
        self._end_answer()
        answer = self._answer = _Answer(self._client.get(), self.label)
        jpeg = answer.next()
        self._end_answer()
        if jpeg is None:
            raise SourceError(f"{self.label} gives no JPEG any more")
        return jpeg


class _Client:
    """Asks for one address, with the check of the password that the camera wants."""

    def __init__(self, address: Address, label: str) -> None:
        """Begin without a connection; the password is shown when it is asked for."""
        self._address = address
        self._label = label
        self._session = requests.Session()
        self._session.trust_env = False  # ~/.netrc holds passwords of other places
        self._auth: AuthBase | None = None
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # see `verify` below

    def get(self) -> requests.Response:
        """Return the answer, of status 200, with its body unread. Raises `SourceError`."""
        response = self._request()
        if response.status_code == 401 and self._address.user and self._auth is None:
            self._auth = _auth(self._address, response.headers.get("WWW-Authenticate", ""))
            response.close()
            response = self._request()
        if response.status_code == 200:
            return response
        response.close()
        if response.is_redirect:
            target = urljoin(self._address.url, response.headers["Location"])
            raise SourceError(
                f"{self._label} sends to {without_credentials(target)}: give that as the source"
            )
        self._auth = None
        raise refused(response.status_code, self._label, with_password=bool(self._address.user))

    def _request(self) -> requests.Response:
        url = self._address.url
        try:
            return self._session.get(
                url,
                auth=self._auth,
                headers={"Accept": "*/*", "Accept-Encoding": "identity"},
                timeout=(CONNECT_S, _READ_S),
                stream=True,
                allow_redirects=False,
                verify=False,
                proxies={} if is_loopback(self._address.host) else get_environ_proxies(url),
            )
        except _BROKEN as error:
            raise SourceError(unreachable(error, self._label)) from None


def _auth(address: Address, challenge: str) -> AuthBase:
    if "digest" in challenge.lower():
        return HTTPDigestAuth(address.user, address.password)
    return HTTPBasicAuth(address.user.encode(), address.password.encode())


class _Answer:
    """The pictures of one answer.

    Attributes:
        given: how many there were so far.
        length: in bytes, 0 if it is not told.
        is_page: whether it is a page for people.
        is_list: whether it lists the pieces of a video, as HLS and DASH do.
        is_one_picture: whether it is a single JPEG by its own account.
    """

    def __init__(self, response: requests.Response, label: str) -> None:
        """Begin with the body unread."""
        self._response = response
        self._label = label
        self._reader = JpegReader()
        self._pace = Pace()
        self._ended = False
        self._begun = b""
        headers = response.headers
        self._type = headers.get("Content-Type", "").lower()
        length = headers.get("Content-Length", "")
        self.length = int(length) if length.isascii() and length.isdigit() else 0
        self.is_page = self._type.startswith("text/html")
        self.given = 0
        self.is_one_picture = self.is_list = False

    def close(self) -> None:
        """End the connection, unless the answer has been read to its end."""
        self._response.close()

    def has_pictures(self) -> bool:
        """Read how the answer begins; return whether that is a JPEG or the head of a part."""
        begun = b""
        while len(begun) < len(JPEG_START) and not self._ended:
            begun = (begun + self._read()).lstrip(b"\r\n")
        self._begun = begun
        self._reader.feed(begun)
        is_jpeg = begun.startswith(JPEG_START)
        self.is_list = begun.startswith((b"#EX", b"<"))
        self.is_one_picture = is_jpeg and self.length > 0
        return (
            is_jpeg
            or begun.startswith(b"--")
            or begun[:8].lower() == b"content-"
            or self._type.startswith("multipart/")
        )

    def save(self, file: BinaryIO) -> None:
        """Write the whole body. Raises `SourceError`, also if it is longer than it has told."""
        written = file.write(self._begun)
        while data := self._read():
            written += file.write(data)
            if written > _MOST_FETCHED_BYTES:
                raise SourceError(f"{self._label} sends more than it told")

    def next(self) -> bytes | None:
        """Return the next picture; None at the end. Raises `SourceError`."""
        try:
            while (jpeg := self._reader.next()) is None:
                if self._ended:
                    jpeg = self._reader.rest()
                    break
                self._reader.feed(self._read())
        except ProtocolError as error:
            raise SourceError(f"{self._label}: {error}") from None
        if jpeg is not None:
            self.given += 1
            self._pace.came(time.monotonic())
        return jpeg

    def _read(self) -> bytes:
        """Return what has come, waiting as long as the camera's own rate asks for."""
        raw = self._response.raw
        if raw.closed:  # the answer said how long it is
            self._ended = True
            return b""
        try:
            if self.given:
                self._wait()
            data: bytes = raw.read1(_CHUNK_BYTES, decode_content=False)
        except _BROKEN as error:
            raise SourceError(_broken(error, self._label)) from None
        self._ended = not data
        return data

    def _wait(self) -> None:
        """Wait for bytes, where the socket alone has them: nothing is encrypted or in chunks."""
        raw = self._response.raw
        if self._response.url.startswith("https") or raw.chunked:
            return  # the socket's own time-out counts
        patience_s = self._pace.patience_s(time.monotonic(), least_s=_LEAST_SILENCE_S)
        if not select.select([raw.fileno()], [], [], patience_s)[0]:
            raise SourceError(f"{self._label} has sent nothing for {patience_s:.0f} s")


def _broken(error: BaseException, label: str) -> str:
    silent = isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError)
    return f"{label} has sent nothing for {_READ_S:.0f} s" if silent else f"{label} broke off"
