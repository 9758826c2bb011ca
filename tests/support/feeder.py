"""A process that serves many cameras through the real agent code, from frames encoded beforehand.

It only serves, so one feeder can stand for many machines in a benchmark. A number on its standard
input is how many cameras there are from then on: the last ones go, or come again as the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convergecast.protocol.jpeg import read_size
from tests.support.agent_code import agent_module

PICTURES = 50
WIDTH, HEIGHT = 640, 480
_QUALITY = 45
_SHAPES = ((160, 120), (120, 160), (192, 108), (128, 128), (60, 180))


def make_pictures(
    width: int = WIDTH, height: int = HEIGHT, *, photograph: Path | None = None
) -> list[bytes]:
    """Return JPEG pictures of 40 to 60 KB: a scene that moves, of texture or a photograph."""
    noise = np.random.default_rng(1).integers(0, 255, (height // 3, width // 3, 3), np.uint8)
    scene = cv2.GaussianBlur(cv2.resize(noise, (width * 2, height)), (3, 3), 0)
    if photograph is not None:
        image = cv2.imread(str(photograph))
        if image is None:
            raise RuntimeError(f"{photograph} cannot be read as a picture")
        side = height * 4 // 5  # the texture around it keeps the size of the JPEG
        scene[height - side :, :side] = cv2.resize(image, (side, side))

    def way(number: int) -> int:
        """A photograph goes to and fro in view; texture passes by."""
        return -number * 8 if photograph is None else 8 * min(number, PICTURES - number)

    pictures = []
    for number in range(PICTURES):
        view = np.roll(scene, way(number), axis=1)[:, :width]
        done, jpeg = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise RuntimeError("OpenCV cannot encode a JPEG")
        pictures.append(jpeg.tobytes())
    return pictures


def pictures_of_mixed_shapes() -> list[bytes]:
    """Return small JPEG pictures, each of another shape than the one before."""
    pictures = []
    for number, (width, height) in enumerate(_SHAPES * 4):
        view = np.full((height, width, 3), 40 + 8 * number, np.uint8)
        pictures.append(cv2.imencode(".jpg", view)[1].tobytes())
    return pictures


class Feeder:
    """The cameras of this process; one that went keeps its identity."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Begin without a camera."""
        self._arguments = arguments
        mixed = arguments.mixed_shapes
        self._pictures = (
            pictures_of_mixed_shapes() if mixed else make_pictures(photograph=arguments.photograph)
        )
        self._identities: list[Any] = []
        self.services: list[Any] = []

    def feed(self, cameras: int) -> None:
        """Start or end the last cameras, until there are so many."""
        while len(self.services) < cameras:
            self.services.append(self._service(len(self.services)))
            self.services[-1].start()
        while len(self.services) > cameras:
            self.services.pop().stop()

    def _service(self, number: int) -> Any:
        encode, sources, options = (agent_module(n) for n in ("encode", "sources", "options"))
        address, identity, service = (agent_module(n) for n in ("address", "identity", "service"))
        if number == len(self._identities):
            self._identities.append(identity.Identity.temporary(f"bench-feeder-{number}"))
        given = self._arguments
        chosen = options.parse_options(
            ["--hub", given.hub, "--token", given.token, "--name", f"Feeder {number + 1:02d}"]
        )
        encoded = [encode.Encoded(jpeg, *read_size(jpeg)) for jpeg in self._pictures]
        return service.AgentService(
            options=chosen,
            source=sources.EncodedSource(encoded, fps=given.fps),
            identity=self._identities[number],
            listener=address.open_listener(hub=chosen.hub),
        )


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hub", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--cameras", type=int, required=True)
    parser.add_argument("--fps", type=float, required=True)
    parser.add_argument(
        "--key-file", type=Path, help="write the first agent's stream key there, once it has paired"
    )
    parser.add_argument("--photograph", type=Path, help="what the frames show; else texture")
    parser.add_argument(
        "--mixed-shapes", action="store_true", help="small frames, each of another shape"
    )
    arguments = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    feeder = Feeder(arguments)
    feeder.feed(arguments.cameras)
    if arguments.key_file:
        pairing = feeder.services[0].pairing
        while pairing.proven_key is None and not ended.wait(0.02):
            pass
        written = arguments.key_file.with_suffix(".new")
        written.write_text(pairing.proven_key or "")
        written.replace(arguments.key_file)
    threading.Thread(target=_obey, args=(feeder,), daemon=True).start()
    ended.wait()
    feeder.feed(0)


def _obey(feeder: Feeder) -> None:
    for line in sys.stdin:
        feeder.feed(int(line))


if __name__ == "__main__":
    main()
