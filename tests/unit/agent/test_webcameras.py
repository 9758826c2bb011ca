"""Every odd camera over HTTP is shown: soon, at its size and rate, or with the cause in words.

All are watched at the same time, each by a capture of its own.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from agent.capture import Capture
from agent.encode import Encoded, Encoder
from agent.errors import CameraOffline, SourceError
from agent.slot import FrameSlot
from agent.sources import make_source
from agent.webcameras import WebSource
from tests.integration.agent_support import write_video
from tests.support.odd_cameras import ESCAPED, SIZE, odd_cameras

WATCHED_S = 10.0
SOON_S = 5.0  # for thirty cameras at once on a busy machine; alone each takes a tenth of a second
TURNED = (SIZE, SIZE[::-1])

# kind: rate and sizes
SHOWN: dict[str, tuple[float, tuple[tuple[int, int], ...]]] = {
    "plain": (10, (SIZE,)),
    "unstarted": (10, (SIZE,)),
    "dashes": (10, (SIZE,)),
    "quoted": (10, (SIZE,)),
    "linefeeds": (10, (SIZE,)),
    "unmeasured": (10, (SIZE,)),
    "headless": (10, (SIZE,)),
    "untyped": (10, (SIZE,)),
    "stamped": (10, (SIZE,)),
    "chunked": (10, (SIZE,)),
    "raw": (10, (SIZE,)),
    "unended": (10, (SIZE,)),
    "unended-unmeasured": (10, (SIZE,)),
    "cut": (20 / 3, (SIZE,)),
    "cut-unmeasured": (20 / 3, (SIZE,)),
    "toolong": (10, (SIZE,)),
    "tooshort": (10, (SIZE,)),
    "turned": (10, TURNED),
    "resized": (10, (SIZE, (192, 144))),
    "every3s": (1 / 3, (SIZE,)),
    "every8s": (1 / 8, (SIZE,)),
    "burst": (1, (SIZE,)),
    "snap.jpg": (4, (SIZE,)),
    "snap.jpg?channel=1": (4, (SIZE,)),
    "snap-untyped": (4, (SIZE,)),
    "snap-endless": (4, (SIZE,)),
    "single": (4, (SIZE,)),
    f"{ESCAPED}plain-basic": (10, (SIZE,)),
    f"{ESCAPED}plain-digest": (10, (SIZE,)),
    f"{ESCAPED}snap-basic": (4, (SIZE,)),
    f"{ESCAPED}snap-digest": (4, (SIZE,)),
    "film.ts": (20, ((64, 48),)),
    "list.m3u8": (20, ((64, 48),)),
}
UNTOUCHED = " untouched"
# The same again, their pictures served as they came.
SHOWN |= {
    kind + UNTOUCHED: SHOWN[kind]
    for kind in ("plain", "unended", "cut", "toolong", "turned", "resized", "snap.jpg")
}
CAUSES = {
    "missing": "has no such path",
    "forbidden": "forbids this user",
    "page": "is a page, not a picture",
    "plain-basic": "asks for a password",
    "admin:geheim@plain-basic": "refuses this password",
    "admin:geheim@plain-digest": "refuses this password",
    "moved": "sends to http://127.0.0.1:9/plain: give that",
    "huge": "a picture has more than 8 MB",
}


@dataclass
class Seen:
    """What the capture of one camera gave."""

    first_s: float | None = None
    sizes: list[tuple[int, int]] = field(default_factory=list)
    changes: int = 0
    fps: float = 0.0
    reasons: set[str] = field(default_factory=set)
    scene: int = 0
    wrong_passwords: int = 0
    untouched: int = 0
    pictures: int = 0


def watch(source_text: str, seen: Seen, captures: list[Capture]) -> None:
    slot = FrameSlot(encoder=Encoder())
    asked = any(kind in source_text for kind in ("snap", "single"))
    untouched = source_text.endswith(UNTOUCHED)
    source = make_source(
        source_text.removesuffix(UNTOUCHED),
        box=(640, 480),
        fps=4 if asked else None,
        untouched=untouched,
    )
    capture = Capture(source=source, slot=slot)
    began, online, seq = time.monotonic(), False, 0
    capture.start()
    while time.monotonic() - began < WATCHED_S:
        state = slot.state()
        if state.online != online:
            online, seen.changes = state.online, seen.changes + 1
            seen.first_s = seen.first_s or time.monotonic() - began
        if not online:
            seen.reasons.add(state.reason)
        try:
            frame = slot.newer_than(seq, timeout_s=0.1)
        except CameraOffline:
            time.sleep(0.05)
            continue
        if frame is not None:
            seq, seen.scene = frame.seq, frame.scene
            seen.untouched += isinstance(frame.picture, Encoded)
            seen.pictures += 1
            if (frame.width, frame.height) not in seen.sizes:
                seen.sizes.append((frame.width, frame.height))
    seen.fps = slot.state().fps
    capture.stop(0.0)  # one that waits for a slow camera ends with that
    captures.append(capture)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """Watch every camera for some seconds, and print what is seen as a table."""
    folder = tmp_path_factory.mktemp("film")
    film = write_video(folder / "film.ts", frames=30, fps=20, codec="mp4v")
    found = {kind: Seen() for kind in (*SHOWN, *CAUSES)}
    captures: list[Capture] = []
    with odd_cameras(film) as server:
        place = f"127.0.0.1:{server.server_address[1]}"
        threads = []
        for kind, one in found.items():
            user, at, path = kind.rpartition("@")
            text = f"http://{user}{at}{place}/{path}"
            threads.append(threading.Thread(target=watch, args=(text, one, captures)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found["admin:geheim@plain-basic"].wrong_passwords = server.wrong
    print(
        "\n| camera | shown after | sizes | pictures a second | or why not |\n|---|---|---|---|---|"
    )
    for kind, one in found.items():
        after = f"{one.first_s:.2f} s" if one.first_s else "never"
        sizes = ", ".join(f"{width}×{height}" for width, height in one.sizes)
        why = "; ".join(one.reasons - {"the camera is being opened"})
        print(f"| {kind.rpartition('@')[2]} | {after} | {sizes} | {one.fps:.2f} | {why} |")
    yield found


@pytest.mark.parametrize("kind", SHOWN)
def test_it_is_shown_soon_at_its_size_and_rate(kind: str, seen: dict[str, Seen]) -> None:
    fps, sizes = SHOWN[kind]
    one = seen[kind]
    assert one.first_s is not None, one.reasons
    assert one.first_s < SOON_S
    assert tuple(one.sizes) == sizes
    assert one.fps == pytest.approx(fps, rel=0.15)
    assert one.changes == 1, one.reasons  # online, and never off again


@pytest.mark.parametrize("kind", SHOWN)
def test_only_whole_pictures_are_served_as_they_came(kind: str, seen: dict[str, Seen]) -> None:
    one = seen[kind]
    kept = kind.endswith(UNTOUCHED) and not kind.startswith("unended")
    assert one.pictures
    assert one.untouched == (one.pictures if kept else 0)


@pytest.mark.parametrize("kind", CAUSES)
def test_it_is_not_shown_and_the_cause_is_told(kind: str, seen: dict[str, Seen]) -> None:
    one = seen[kind]
    assert one.first_s is None
    told = " ".join(one.reasons)
    assert CAUSES[kind] in told
    for secret in ("geheim", "secret", "admin"):
        assert secret not in told


def test_a_refused_password_is_not_shown_again_and_again(seen: dict[str, Seen]) -> None:
    """Cameras lock out who does that."""
    assert seen["admin:geheim@plain-basic"].wrong_passwords == 1


@pytest.mark.parametrize("kind", ["film.ts", "list.m3u8"])
def test_a_video_begins_again_at_its_end_without_a_break(kind: str, seen: dict[str, Seen]) -> None:
    assert seen[kind].scene >= 4


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_nothing_answers_and_an_unknown_name_are_told_apart(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = f"{scheme}://127.0.0.1:9/live"
    camera = make_source(f"{scheme}://user:secret@127.0.0.1:9/live", box=(640, 480))
    with pytest.raises(SourceError, match=f"nothing answers at {shown}: the connection is refused"):
        camera.open()

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(SourceError, match=f"the name of the host in {shown} is not found"):
        camera.open()


def test_a_body_that_is_longer_than_it_told_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.webcameras._MOST_FETCHED_BYTES", 200_000)
    head = b"Content-Type: video/mp4\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"10000\r\n" + bytes(0x10000) + b"\r\n"] * 16
    with (
        says(b"HTTP/1.1 200 OK\r\n" + head, *chunks) as url,
        pytest.raises(SourceError, match="sends more than it told"),
    ):
        WebSource(url, box=(640, 480)).open()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"302 Found\r\nLocation: http://[\r\n", "does not answer as a camera does"),
        (
            b'401 Unauthorized\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n',
            "takes no user or password with such letters",
        ),
    ],
)
def test_odd_answers_have_a_cause_in_words(answer: bytes, cause: str) -> None:
    with says(b"HTTP/1.1 " + answer + b"Content-Length: 0\r\n\r\n") as url:
        source = url.replace("://", "://%D0%B6:x@")
        with pytest.raises(SourceError, match=cause):
            WebSource(source, box=(640, 480)).open()


@contextmanager
def says(*parts: bytes) -> Iterator[str]:
    """A server that answers every request with these bytes; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        while connection.recv(65536):
                            for part in parts:
                                connection.sendall(part)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/camera"
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
