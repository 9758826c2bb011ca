"""A process that serves many cameras through the real agent code, from frames encoded beforehand.

It only serves, so one feeder can stand for many machines in a benchmark.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.support.agent_code import agent_module

PICTURES = 50
WIDTH, HEIGHT = 640, 480
_QUALITY = 45


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
    arguments = parser.parse_args()
    pictures = make_pictures(photograph=arguments.photograph)
    services = [_agent(arguments, pictures, number) for number in range(arguments.cameras)]
    for service in services:
        service.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    if arguments.key_file:
        while services[0].pairing.proven_key is None and not ended.wait(0.02):
            pass
        written = arguments.key_file.with_suffix(".new")
        written.write_text(services[0].pairing.proven_key or "")
        written.replace(arguments.key_file)
    ended.wait()
    for service in services:
        service.stop()


def _agent(arguments: argparse.Namespace, pictures: list[bytes], number: int) -> Any:
    encode, sources, options = (agent_module(n) for n in ("encode", "sources", "options"))
    address, identity, service = (agent_module(n) for n in ("address", "identity", "service"))
    name = f"Feeder {number + 1:02d}"
    chosen = options.parse_options(
        ["--hub", arguments.hub, "--token", arguments.token, "--name", name]
    )
    encoded = [encode.Encoded(jpeg, WIDTH, HEIGHT) for jpeg in pictures]
    return service.AgentService(
        options=chosen,
        source=sources.EncodedSource(encoded, fps=arguments.fps),
        identity=identity.Identity.temporary(f"bench-feeder-{number}"),
        listener=address.open_listener(hub=chosen.hub),
    )


if __name__ == "__main__":
    main()
