"""An ONVIF camera: it answers the question who is a camera, and where its stream is."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from convergecast.local_agents.discovery import GROUP

_SOAP = 'xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
_TT = 'xmlns:t="http://www.onvif.org/ver10/schema"'


class OnvifDevice:
    """What the device does.

    Attributes:
        address: where it is.
        password: of its user `admin`; None: it asks for none.
        addresses: what it says of its service; None: the truth.
        stream: what it says of its stream.
        asked: the questions who is a camera, as they came.
        wrong: how often a wrong password was shown.
        year: its clock's.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.password: str | None = None
        self.addresses: str | None = None
        self.stream = "rtsp://admin:geheim@10.9.8.7:8554/main?channel=1"
        self.answer: bytes | None = None
        self.asked: list[bytes] = []
        self.methods: list[str] = []
        self.wrong = 0
        self.port = 0

    def match(self, question: bytes) -> bytes:
        """Return the answer to a question who is a camera."""
        if self.answer is not None:
            return self.answer
        found = re.search(rb"MessageID>([^<]+)<", question)
        related = found[1].decode() if found else ""
        addresses = self.addresses or f"http://{self.address}:{self.port}/onvif/device_service"
        return (
            f'<e:Envelope {_SOAP} xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header>'
            f"<w:RelatesTo>{related}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches>"
            "<d:ProbeMatch><d:Scopes>onvif://www.onvif.org/type/video "
            "onvif://www.onvif.org/name/Gate%20Camera</d:Scopes>"
            f"<d:XAddrs>http://10.9.8.7/onvif {addresses}</d:XAddrs></d:ProbeMatch>"
            "</d:ProbeMatches></e:Body></e:Envelope>"
        ).encode()

    def admits(self, request: str) -> bool:
        """Whether a request shows the password, by the digest of WS-UsernameToken."""
        if self.password is None:
            return True
        found = {
            name: value
            for name, value in re.findall(
                r"<\w:(Username|Password|Nonce|Created)[^>]*>([^<]+)<", request
            )
        }
        if not found:
            return False
        content = base64.b64decode(found["Nonce"]) + (found["Created"] + self.password).encode()
        digest = base64.b64encode(hashlib.sha1(content).digest()).decode()
        right: bool = found["Username"] == "admin" and digest == found["Password"]
        self.wrong += not right
        return right and bool(found["Created"].startswith("2031-"))

    def reply(self, request: str) -> tuple[int, str]:
        """Return status and body of the answer to a request."""
        method = re.search(r"<e:Body><(\w+)", request)
        self.methods.append(method[1] if method else "")
        body = {
            "GetSystemDateAndTime": "<t:UTCDateTime><t:Time><t:Hour>1</t:Hour>"
            "<t:Minute>2</t:Minute><t:Second>3</t:Second></t:Time><t:Date><t:Year>2031</t:Year><t:Month>4</t:Month>"
            "<t:Day>5</t:Day></t:Date></t:UTCDateTime>",
            "GetCapabilities": "<t:Media><t:XAddr>http://10.9.8.7/onvif/media</t:XAddr></t:Media>",
            "GetProfiles": '<m:Profiles xmlns:m="http://www.onvif.org/ver10/media/wsdl" '
            'token="main&amp;1"/>',
            "GetStreamUri": f"<t:Uri>{self.stream.replace('&', '&amp;')}</t:Uri>",
        }.get(self.methods[-1], "")
        public = self.methods[-1] in ("GetSystemDateAndTime", "GetCapabilities")
        if not public and not self.admits(request):
            fault = "<e:Fault><e:Code><e:Subcode>ter:NotAuthorized</e:Subcode></e:Code></e:Fault>"
            return 400, f"<e:Envelope {_SOAP}><e:Body>{fault}</e:Body></e:Envelope>"
        return 200, f"<e:Envelope {_SOAP} {_TT}><e:Body>{body}</e:Body></e:Envelope>"


@contextmanager
def onvif_device(address: str = "127.0.0.1") -> Iterator[OnvifDevice]:
    """Run a device at an address of this machine until the end of the block."""
    device = OnvifDevice(address)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, body = device.reply(request)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    device.port = server.server_port
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((GROUP[0], GROUP[1]))
    joined = struct.pack("4s4s", socket.inet_aton(GROUP[0]), socket.inet_aton(address))
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    listening.settimeout(0.1)
    ended = threading.Event()

    def listen() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                question, sender = listening.recvfrom(65_535)
                device.asked.append(question)
                listening.sendto(device.match(question), sender)

    threads = [
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True),
        threading.Thread(target=listen, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield device
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()
        listening.close()


if __name__ == "__main__":
    with onvif_device(sys.argv[1]):
        sys.stdin.read()
