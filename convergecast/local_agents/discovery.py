"""Finds cameras of the networks that the hub serves: those that speak ONVIF answer a question.

One datagram asks all (WS-Discovery); each that answers is asked where its stream is (media
service). What they say is not believed: only addresses of the machine that answered are used.

Process: hub.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree.ElementTree import Element

import requests
import urllib3

from convergecast.errors import TooMany
from convergecast.local_agents import onvif_xml as xml
from convergecast.local_agents.refusals import Refusals, credential_of
from convergecast.messages.api import FoundCamera
from convergecast.protocol.hosts import is_camera_place
from convergecast.protocol.texts import is_printable

GROUP = ("239.255.255.250", 3702)
"""Where cameras listen for questions (WS-Discovery, 2.4)."""

_ASKED_AT_S = (0.0, 0.4, 1.0)  # datagrams get lost
_LISTEN_S = 2.0
_ALL_S = 4.6
_ANSWER_S = 1.5
_MOST_CAMERAS = 64
_MOST_BYTES = 256 << 10
_MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class _Device:
    """A device that answered, and where it says that its device service is."""

    address: str
    service: str
    name: str


class _NotAllowed(Exception):
    """A device wants a user and a password, or others."""


class Discovery:
    """Looks for cameras, once at a time."""

    def __init__(self) -> None:
        """Begin without having looked."""
        self._looking = threading.Lock()
        self._refusals = Refusals()

    def look(self, addresses: Sequence[str], user: str, password: str) -> list[FoundCamera]:
        """Return the cameras that answer, within 5 seconds.

        Args:
            addresses: the literal addresses of this machine from whose networks they may be.
            user: of the cameras; empty: none is told.
            password: theirs.

        Raises:
            TooMany: it looks already.
        """
        if not self._looking.acquire(blocking=False):
            raise TooMany("Cameras are being looked for: try again in a moment.", retry_after_s=5)
        try:
            deadline = time.monotonic() + _ALL_S
            devices = ask_all(addresses)
            if not devices:
                return []
            pool = ThreadPoolExecutor(min(16, len(devices)))
            looks = [pool.submit(self._found, one, user, password, deadline) for one in devices]
            wait(looks, timeout=deadline - time.monotonic())
            pool.shutdown(wait=False, cancel_futures=True)  # a device may answer for ever
            return [
                look.result() if look.done() and not look.cancelled() else _unasked(device)
                for look, device in zip(looks, devices, strict=True)
            ]
        finally:
            self._looking.release()

    def _found(self, device: _Device, user: str, password: str, deadline: float) -> FoundCamera:
        source, needs_password = _unasked(device).source, False
        shown = f"{quote(user, safe='')}:{quote(password, safe='')}"
        credential = credential_of(f"rtsp://{shown}@{device.address}/")
        if self._refusals.left_s(credential, time.time()):
            needs_password = True
        else:
            try:
                source = _Client(device, user, password, deadline).stream() or source
            except _NotAllowed:
                needs_password = True
                if user:
                    self._refusals.refuse(credential, time.time())
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
                pass  # it is listed all the same: a person knows its address
        return FoundCamera(
            address=device.address, name=device.name, source=source, needs_password=needs_password
        )


def _unasked(device: _Device) -> FoundCamera:
    """Return a camera that has not told where its stream is: a person knows its address."""
    source = f"rtsp://{device.address}/"
    return FoundCamera(
        address=device.address, name=device.name, source=source, needs_password=False
    )


def ask_all(addresses: Sequence[str]) -> list[_Device]:
    """Ask who is a camera, from each of these addresses of this machine; return who answers."""
    sockets = [found for each in addresses if (found := _socket(each)) is not None]
    asked: set[str] = set()
    devices: dict[str, _Device] = {}
    began = time.monotonic()
    questions = list(_ASKED_AT_S)
    try:
        while sockets and (passed_s := time.monotonic() - began) < _LISTEN_S:
            if questions and passed_s >= questions[0]:
                questions.pop(0)
                asked.add(_ask(sockets))
            next_s = questions[0] if questions else _LISTEN_S
            for ready in select.select(sockets, [], [], max(0.0, next_s - passed_s))[0]:
                device = _read(ready, asked)
                if device is not None and len(devices) < _MOST_CAMERAS:
                    devices.setdefault(device.address, device)
    finally:
        for each in sockets:
            each.close()
    return sorted(devices.values(), key=lambda device: ipaddress.ip_address(device.address))


def _socket(address: str) -> socket.socket | None:
    """Return a socket that sends to the network of an IPv4 address; ONVIF cameras have one."""
    if ":" in address:
        return None
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.bind((address, 0))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        made.setblocking(False)
    except OSError:  # the network is gone
        made.close()
        return None
    return made


def _ask(sockets: Sequence[socket.socket]) -> str:
    message_id = f"urn:uuid:{uuid.uuid4()}"
    for each in sockets:
        with contextlib.suppress(OSError):
            each.sendto(xml.probe(message_id), GROUP)
    return message_id


def _read(ready: socket.socket, asked: set[str]) -> _Device | None:
    """Return who has answered; None if it is no answer."""
    try:
        data, (address, _port) = ready.recvfrom(_MOST_BYTES)
        services, name = xml.probe_match(data, asked)
    except (OSError, xml.NotXml):
        return None
    mine = [each for each in services if _is_at(each, address)]
    if not mine or not is_camera_place(address):
        return None
    shown = "".join(letter for letter in name if is_printable(letter))[:_MOST_NAME]
    return _Device(address, mine[0], shown)


def _is_at(url: str, address: str) -> bool:
    """Whether an http address is of the machine with this literal address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.hostname == address and parts.port != 0
    except ValueError:
        return False


class _Client:
    """Asks one device; a wrong password is shown to it once."""

    def __init__(self, device: _Device, user: str, password: str, deadline: float) -> None:
        """Begin without a connection; `deadline` is monotonic."""
        self._device = device
        self._user = user
        self._password = password
        self._deadline = deadline
        self._ahead_s = 0.0
        self._session = requests.Session()
        self._session.trust_env = False

    def stream(self) -> str:
        """Return the address of its main stream, without a user; empty if it does not tell."""
        service = self._device.service
        with self._session:
            clock = self._ask(
                service, f'<GetSystemDateAndTime xmlns="{xml.DEVICE}"/>', signed=False
            )
            self._ahead_s = xml.clock_ahead_s(clock)
            wanted = f'<GetCapabilities xmlns="{xml.DEVICE}"><Category>Media</Category>'
            media = xml.media_address(self._ask(service, f"{wanted}</GetCapabilities>"))
            media = media if _is_at(media, self._device.address) else service
            profile = xml.first_profile(self._ask(media, f'<GetProfiles xmlns="{xml.MEDIA}"/>'))
            return self._own(xml.stream_address(self._ask(media, xml.stream_request(profile))))

    def _ask(self, url: str, body: str, *, signed: bool = True) -> Element:
        """Return the root of an answer. Raises _NotAllowed, ValueError and those of requests."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise ValueError("no time is left")
        user = self._user if signed else ""
        data = xml.request(body, user=user, password=self._password, ahead_s=self._ahead_s)
        with self._session.post(
            url,
            data=data,
            headers={
                "Content-Type": "application/soap+xml; charset=utf-8",
                "Accept-Encoding": "identity",
            },
            timeout=min(left_s, _ANSWER_S),
            allow_redirects=False,
            verify=False,
            stream=True,
        ) as response:
            answer = self._body(response)
        if response.status_code in (401, 403) or b"NotAuthorized" in answer:
            raise _NotAllowed
        if response.status_code != 200:
            raise ValueError(f"it answers with status {response.status_code}")
        return xml.parse(answer)

    def _body(self, response: requests.Response) -> bytes:
        """Return how an answer begins. Raises ValueError if it takes too long."""
        answer = b""
        # Unlike `read`, `read1` does not wait for more than has come.
        while part := response.raw.read1(16 << 10, decode_content=False):
            answer += part
            if time.monotonic() > self._deadline:
                raise ValueError("no time is left")
            if len(answer) >= _MOST_BYTES:
                break
        return answer[:_MOST_BYTES]

    def _own(self, source: str) -> str:
        """Return an address at the device itself, whatever it calls itself."""
        parts = urlsplit(source)
        if parts.scheme not in ("rtsp", "rtsps", "http", "https") or not is_printable(source):
            return ""
        address = self._device.address
        place = f"{address}:{parts.port}" if parts.port else address
        return urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
