"""Says in words why a camera at an address cannot be shown.

FFmpeg tells OpenCV, and OpenCV nobody, so the camera is asked. Used by the capture thread only.

Process: agent.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from base64 import b64encode

import requests

from convergecast.protocol.urls import Address

from .errors import PasswordRefused, SourceError, system_error

CONNECT_S = 5.0
_ANSWER_S = 10.0
_MOST_BYTES = 64 << 10
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
_NO_VIDEO = "{label} sends no video that can be decoded"


def place_of(address: Address) -> tuple[str, int] | None:
    """Return host and TCP port of an address; None if nothing can be asked there."""
    port = address.port or _PORTS.get(address.url.partition(":")[0].lower())
    connects = not address.url.lower().startswith("udp")
    return (address.host, port) if connects and address.host and port else None


def reach(place: tuple[str, int], label: str) -> socket.socket:
    """Return a connection to the camera at `place`. Raises `SourceError` with the cause."""
    try:
        return socket.create_connection(place, CONNECT_S)
    except OSError as error:
        raise SourceError(unreachable(error, label)) from error


def unreachable(error: BaseException, label: str) -> str:
    """Return the cause of a failed connection, as a sentence."""
    cause = system_error(error)
    if isinstance(error, UnicodeEncodeError) and error.encoding == "latin-1":
        return f"{label} takes no user or password with such letters: give it another user"
    if isinstance(cause, socket.gaierror) or isinstance(error, UnicodeError):
        return f"the name of the host in {label} is not found"
    if isinstance(cause, ConnectionRefusedError):
        return f"nothing answers at {label}: the connection is refused"
    if isinstance(error, TimeoutError | requests.Timeout):
        return f"nothing answers at {label}"
    if cause is not None and cause.strerror:
        return f"{label} cannot be reached: {cause.strerror.lower()}"
    return f"{label} does not answer as a camera does"


def refused(status: int, label: str, *, with_password: bool) -> SourceError:
    """Return the error that a status of HTTP or RTSP stands for."""
    if status == 401 and with_password:
        return PasswordRefused(f"{label} refuses this password")
    causes = {
        401: f"{label} asks for a password",
        403: f"{label} forbids this user to look",
        404: f"{label}: the camera has no such path",
    }
    return SourceError(causes.get(status, f"{label} answers with status {status}"))


def video_cause(address: Address, label: str) -> SourceError:
    """Return why FFmpeg cannot open an address; an RTSP camera is asked (RFC 2326, 10.2)."""
    place = place_of(address)
    if place is None or not address.url.lower().startswith("rtsp"):
        return SourceError(_NO_VIDEO.format(label=label))
    try:
        with _connect(place, label, address) as connection:
            status, text = _describe(connection, address.url, "")
            challenge = _challenge(text) if status == 401 and address.user else ""
            if challenge:
                status, text = _describe(connection, address.url, _answer(challenge, address))
    except SourceError as error:
        return error
    except (OSError, ValueError):
        return SourceError(f"{label} does not answer like an RTSP camera")
    if status != 200:
        return refused(status, label, with_password=bool(address.user))
    codecs = dict.fromkeys(re.findall(r"a=rtpmap:\d+ ([A-Za-z0-9.-]{1,20})", text))
    named = f": it sends {', '.join(codecs)}" if codecs else ""
    return SourceError(_NO_VIDEO.format(label=label) + named)


def _connect(place: tuple[str, int], label: str, address: Address) -> socket.socket:
    plain = reach(place, label)
    plain.settimeout(_ANSWER_S)
    return _encrypted(plain) if address.url.lower().startswith("rtsps") else plain


def _encrypted(plain: socket.socket) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # as FFmpeg does: cameras sign their own certificates
    return context.wrap_socket(plain)


def _describe(connection: socket.socket, url: str, authorization: str) -> tuple[int, str]:
    """Ask what is at an address; return status, and header and body."""
    lines = [f"DESCRIBE {url} RTSP/1.0", f"CSeq: {2 if authorization else 1}"]
    lines += ["Accept: application/sdp"]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    data, wanted = b"", 0
    while not wanted or len(data) < wanted:
        more = connection.recv(4096)
        data += more
        if not more or len(data) > _MOST_BYTES:
            break
        head, found, _ = data.partition(b"\r\n\r\n")
        if found:
            length = re.search(rb"\ncontent-length: *(\d{1,5})", head, re.IGNORECASE)
            wanted = len(head) + 4 + (int(length[1]) if length else 0)
    text = data.decode("utf-8", "replace")
    status = re.match(r"RTSP/1\.\d (\d{3})", text)
    if status is None:
        raise ValueError("no RTSP")
    return int(status[1]), text


def _challenge(text: str) -> str:
    found = re.findall(r"(?im)^www-authenticate: *((?:digest|basic).*?)\r?$", text)
    return min(found, key=lambda line: not line.lower().startswith("digest"), default="")


def _answer(challenge: str, address: Address) -> str:
    """Return the `Authorization` for a challenge: Digest with MD5 (RFC 2069), or Basic."""
    if not challenge.lower().startswith("digest"):
        return "Basic " + b64encode(f"{address.user}:{address.password}".encode()).decode()
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    response = _md5(
        f"{_md5(f'{address.user}:{realm}:{address.password}')}:{nonce}:"
        f"{_md5(f'DESCRIBE:{address.url}')}"
    )
    return (
        f'Digest username="{address.user}", realm="{realm}", nonce="{nonce}", '
        f'uri="{address.url}", response="{response}"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
