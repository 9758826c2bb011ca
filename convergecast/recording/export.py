"""Writes recorded JPEGs as a video: as they are into Matroska, or as H.264 into MP4.

`python -m convergecast.recording.export OUT` reads JSON from standard input, `{"frames": [[path,
offset, length, at_ms], …]}`. It is a process of its own with low priority, so that a clip that is
made slows nothing else down. Where the disk has no room, it leaves nothing and exits with ENOSPC.
Process: command.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

_MS = Fraction(1, 1000)
_LAST_MS = 100
"""How long the last frame is shown."""

Frame = Sequence[str | int]
"""A file, the offset and length of a JPEG in it, and UNIX time in milliseconds."""


def main() -> None:
    """Write the video that the arguments name."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    out = Path(sys.argv[1])
    frames: list[Frame] = json.load(sys.stdin)["frames"]
    part = out.with_name(out.name + ".part")
    try:
        (write_mkv if out.suffix == ".mkv" else write_mp4)(part, frames)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            sys.exit(errno.ENOSPC)
        raise


def write_mkv(path: Path, frames: Sequence[Frame]) -> None:
    """Write the JPEGs as they are."""
    times = _times(frames)
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height = _size(frames)
        stream.pix_fmt = "yuvj420p"
        stream.time_base = _MS
        for number, jpeg in enumerate(_jpegs(frames)):
            packet = av.Packet(jpeg)
            packet.stream, packet.time_base = stream, _MS
            packet.pts = packet.dts = times[number]
            packet.duration = times[number + 1] - times[number]
            packet.is_keyframe = True
            container.mux(packet)


def write_mp4(path: Path, frames: Sequence[Frame]) -> None:
    """Write H.264 that every browser plays, with its index at the begin."""
    times = _times(frames)
    width, height = (side - side % 2 for side in _size(frames))
    options = {"movflags": "faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = _MS
        stream.options = {"preset": "veryfast", "crf": "23"}
        decoder = av.CodecContext.create("mjpeg", "r")
        for number, jpeg in enumerate(_jpegs(frames)):
            for picture in decoder.decode(av.Packet(jpeg)):
                shown = picture.reformat(width=width, height=height, format="yuv420p")
                shown.pts, shown.time_base = times[number], _MS
                container.mux(stream.encode(shown))
        container.mux(stream.encode())


def _times(frames: Sequence[Frame]) -> list[int]:
    """Return when each frame is shown, in milliseconds, rising; one more: the end."""
    first, times = int(frames[0][3]), [0]
    for frame in frames[1:]:
        times.append(max(times[-1] + 1, int(frame[3]) - first))
    return [*times, times[-1] + _LAST_MS]


def _jpegs(frames: Sequence[Frame]) -> Iterator[bytes]:
    for path, offset, length, _ in frames:
        with Path(str(path)).open("rb") as file:
            file.seek(int(offset))
            yield file.read(int(length))


def _size(frames: Sequence[Frame]) -> tuple[int, int]:
    """Return width and height of the first frame, in pixels."""
    decoder = av.CodecContext.create("mjpeg", "r")
    picture = decoder.decode(av.Packet(next(_jpegs(frames))))[0]
    return picture.width, picture.height


if __name__ == "__main__":
    main()
