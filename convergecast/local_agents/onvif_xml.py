"""ONVIF's XML: what is sent to devices, and what is read of their answers.

SOAP 1.2, WS-Discovery (April 2005) and the parts of ONVIF's core and media services (version 1)
that lead to the address of a stream. Answers come from strangers: they are read without entities
and definitions of types. Process: hub.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from datetime import UTC, datetime
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
_NAME_SCOPE = "onvif://www.onvif.org/name/"


class NotXml(ValueError):
    """An answer is no XML that is read here."""


def parse(data: bytes) -> Element:
    """Return the root of a document. Raises NotXml."""
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotXml("an answer cannot be read") from error
    return root


def probe(message_id: str) -> bytes:
    """Return the question who is a camera."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="{_SOAP}" '
        f'xmlns:w="{_ADDRESSING}" xmlns:d="{_DISCOVERY}" '
        'xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
        f"<w:MessageID>{message_id}</w:MessageID>"
        "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
        f"<w:Action>{_DISCOVERY}/Probe</w:Action></e:Header><e:Body><d:Probe>"
        "<d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
    ).encode()


def probe_match(data: bytes, message_ids: set[str]) -> tuple[list[str], str]:
    """Return the addresses and the name that an answer to one of these questions tells.

    Raises NotXml: it is no such answer.
    """
    root = parse(data)
    if _text(root, f".//{{{_ADDRESSING}}}RelatesTo") not in message_ids:
        raise NotXml("it answers nothing that was asked")
    addresses = _text(root, f".//{{{_DISCOVERY}}}XAddrs").split()
    scopes = _text(root, f".//{{{_DISCOVERY}}}Scopes").split()
    names = [unquote(s.removeprefix(_NAME_SCOPE)) for s in scopes if s.startswith(_NAME_SCOPE)]
    return addresses, names[0] if names else ""


def request(body: str, *, user: str = "", password: str = "", ahead_s: float = 0.0) -> bytes:
    """Return a request with this body; by a user with the digest of WS-UsernameToken 1.0.

    `ahead_s` is how far the device's clock is ahead: it refuses what seems old.
    """
    header = _token(user, password, ahead_s) if user else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="{_SOAP}">'
        f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def _token(user: str, password: str, ahead_s: float) -> str:
    nonce = secrets.token_bytes(16)
    at = datetime.fromtimestamp(time.time() + ahead_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1(nonce + at.encode() + password.encode(), usedforsecurity=False).digest()
    kind = f"{_SECURITY}username-token-profile-1.0#PasswordDigest"
    coding = f"{_SECURITY}soap-message-security-1.0#Base64Binary"
    return (
        f'<s:Security xmlns:s="{_SECURITY}wssecurity-secext-1.0.xsd" '
        f'xmlns:u="{_SECURITY}wssecurity-utility-1.0.xsd"><s:UsernameToken>'
        f"<s:Username>{escape(user)}</s:Username>"
        f'<s:Password Type="{kind}">{base64.b64encode(digest).decode()}</s:Password>'
        f'<s:Nonce EncodingType="{coding}">{base64.b64encode(nonce).decode()}</s:Nonce>'
        f"<u:Created>{at}</u:Created></s:UsernameToken></s:Security>"
    )


def clock_ahead_s(root: Element) -> float:
    """Return how far a device's clock is ahead, by its answer; 0 if it does not tell."""
    utc = root.find(f".//{{{SCHEMA}}}UTCDateTime")
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        if utc is None:
            return 0.0
        parts = [int(_text(utc, f".//{{{SCHEMA}}}{name}")) for name in names]
        year, month, day, hour, minute, second = parts
        told = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return told.timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


def media_address(root: Element) -> str:
    """Return where a device has its media service; empty if it does not tell."""
    return _text(root, f".//{{{SCHEMA}}}Media/{{{SCHEMA}}}XAddr")


def first_profile(root: Element) -> str:
    """Return the token of a device's first profile, the main stream; empty if it has none."""
    profile = root.find(f".//{{{MEDIA}}}Profiles")
    return "" if profile is None else profile.get("token", "")


def stream_address(root: Element) -> str:
    """Return the address of a stream; empty if it is not told."""
    return _text(root, f".//{{{SCHEMA}}}Uri")


def stream_request(profile: str) -> str:
    """Return the body of the question where the stream of a profile is."""
    return (
        f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup>'
        f'<Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
        f"<ProfileToken>{escape(profile)}</ProfileToken></GetStreamUri>"
    )


def _text(root: Element, path: str) -> str:
    found = root.find(path)
    return (found.text or "").strip() if found is not None else ""
