"""A program that announces itself as a hub and is none: it keeps what it is sent, in a file.

`python -m tests.fakes.stranger ADDRESS FILE`; the end of standard input ends it.
"""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agent.hubs import find_hubs
from convergecast.mdns import Announcement
from convergecast.protocol.registration import RegistrationReply, encode_reply

FIRST = "0" * 16  # agents try it first


class _Handler(BaseHTTPRequestHandler):
    """Answers every registration as a hub would that does not know the token."""

    kept: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.kept.open("ab") as file:
            file.write(bytes(self.headers) + body)
        answer = encode_reply(
            RegistrationReply(
                status="online", camera_id="c", heartbeat_s=1.0, hub_time=time.time(), protocol=2
            )
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    address, file = sys.argv[1:]
    _Handler.kept = Path(file)
    server = ThreadingHTTPServer((address, 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announcement = Announcement(host=address, port=server.server_address[1], hub_id=FIRST)
    announcement.start()
    never, found = threading.Event(), f"found {FIRST}"
    while found not in [hub.found_as for hub in find_hubs(never, look_s=0.3, interfaces=[address])]:
        pass
    Path(f"{file}.announced").touch()
    sys.stdin.read()
    announcement.stop()


if __name__ == "__main__":
    main()
