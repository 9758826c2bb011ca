"""What hostile or broken agents and clients may send, as hypothesis strategies."""

from __future__ import annotations

import datetime
import json
from typing import Any

import bson
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.objectid import ObjectId
from bson.regex import Regex
from hypothesis import strategies as st

CAMERAS = "/api/v1/cameras"
PEOPLE, UNKNOWN = "/api/v1/people", "/api/v1/unknown-faces"
JSON = "application/json"

# What agents send.

texts = st.text(max_size=12) | st.sampled_from(["x" * 300, "\x00", "\u202e", "a\nb", "% ", "ä門🎥"])
times = st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(9999, 1, 1))
odd_values = st.sampled_from(
    [
        ObjectId(b"x" * 12),
        Regex("(a+)+$"),
        Decimal128("NaN"),
        MaxKey(),
        Int64(-(2**63)),
        "x" * 50_000,
    ]
)
bson_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | texts
    | st.binary(max_size=20)
    | times
    | odd_values,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$ref", "$id", "$db", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]) | st.sampled_from(
    [
        *("127.0.0.1", "::1", "::ffff:127.0.0.1", "2001:db8::1", "fe80::1"),
        *("0.0.0.0", "224.0.0.1", "169.254.0.1", "2001:db8::1%]@127.0.0.1/", "localhost", "10/8"),
    ]
)
FIELDS = (
    *("ipaddress", "ports", "agent_id", "camera_key", "name", "version", "protocol", "token"),
    *("stream_key", "width", "height", "fps", "source", "capabilities"),
    *("nonce", "time", "token_proof", "proof"),
)
sound_values: dict[str, st.SearchStrategy[Any]] = {
    "ipaddress": addresses,
    "ports": st.integers(1, 4),
    "agent_id": st.sampled_from(["a", "b", "c", "d", "e"]),
    "camera_key": st.just("guess"),
    "protocol": st.sampled_from([1] * 6 + [2] * 6 + [0, 3, 0.5]),
    "nonce": st.sampled_from(["one", "two", "x" * 64]),
    "time": st.sampled_from([0, 1_760_000_000.5, 99_999_999_999]),
    "token_proof": st.sampled_from(["", "0" * 64]),
    "proof": st.sampled_from(["", "0" * 64]),
    "token": st.sampled_from(["the agents' token", "guess"]),
    "width": st.sampled_from([640, 1, 65_535] * 3 + [0.5]),
    "fps": st.sampled_from([25, 0.01, 1000] * 3 + [5e-324]),
    "source": st.sampled_from(["demo", "rtsp://u:p@10.0.0.1/", "http://[", "http://h:99999/"]),
    "capabilities": st.just(["long-poll", "stream"]),
}
sound = st.fixed_dictionaries(
    {name: sound_values[name] for name in ("ipaddress", "ports")},
    optional={name: values for name, values in sound_values.items() if name not in FIELDS[:2]},
)
hostile = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), bson_values, max_size=6)
documents = st.builds(lambda a, b: a | b, sound, st.just({}) | hostile) | hostile


def encoded(fields: dict[str, Any]) -> bytes:
    try:
        return bson.encode(fields)
    except (bson.errors.InvalidDocument, ValueError, OverflowError, TypeError):
        return b"\x05\x00\x00\x00\x00"  # what BSON cannot hold: names with a zero


def damaged(body: bytes, at: int, value: int, cut: int) -> bytes:
    """Return a document with one byte changed and its end cut off, its length made right again."""
    changed = bytearray(body)
    changed[at % len(body)] = value
    changed = changed[: len(changed) - cut] if cut < len(changed) - 5 else changed
    changed[:4] = len(changed).to_bytes(4, "little")
    return bytes(changed)


def nested(depth: int) -> bytes:
    """Return a document within a document, `depth` times."""
    head, tail = b"", b""
    for level in range(depth):
        size = 5 + 8 * (depth - level)
        head, tail = head + size.to_bytes(4, "little") + b"\x03a\x00", tail + b"\x00"
    return head + b"\x05\x00\x00\x00\x00" + tail


sound_bodies = sound.map(encoded)
bodies = (
    documents.map(encoded)
    | sound_bodies
    | st.builds(damaged, sound_bodies, st.integers(0, 400), st.integers(0, 255), st.integers(0, 8))
    | st.binary(max_size=300)
    | st.integers(0, 8_000).map(nested)
    | st.integers(65_000, 70_000).map(bytes)
)
senders = st.sampled_from(["10.0.0.1", "10.0.0.1", "127.0.0.1", "::1"])


# What clients of the API send.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = st.just("Hall") | st.sampled_from([" Hall ", "", "x" * 81, "\ud800", "\u202e"]) | texts
option_names = st.sampled_from(["faces", "landmarks", "objects"])
options = st.lists(option_names, max_size=4) | st.lists(st.just("wings") | texts, max_size=3)
ids = st.integers(0, 3)  # approved, pending, rejected, not there
labels = st.lists(st.sampled_from(["person", "hair drier"]), max_size=3) | st.lists(
    st.sampled_from(["hat", "griffin"]) | texts, max_size=2
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "min_score": st.floats(0.05, 0.95) | st.floats() | st.booleans(),
        "labels": st.none() | labels | json_values,
    },
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "options": options,
        "approved": st.booleans(),
        "objects": objects | st.dictionaries(texts, json_values, max_size=2),
    },
)
ids_or_junk = st.lists(ids.map(lambda number: f"camera {number}") | texts, max_size=5)
orders = st.fixed_dictionaries(
    {
        "cameras": ids_or_junk,
        "option": option_names | st.sampled_from(["wings", "\ud800", ""]),
        "on": st.booleans(),
    }
)
json_fields = st.sampled_from(
    ["name", "options", "approved", "objects", "labels", "cameras", "option", "on", "id"]
)
junk = st.dictionaries(json_fields, json_values, max_size=3)
deep = st.builds(
    lambda part, depth: part * depth,
    st.sampled_from(["[", '{"a":', '{"name":[', "[1,"]),
    st.sampled_from([10, 990, 1100, 50_000]),
)
raw = (
    st.binary(max_size=200)
    | deep.map(str.encode)
    | st.sampled_from([b"", b"1" * 5000, b"-" * 9, b'"\xff"', b"\xff\xfe", b"NaN", b"1e999"])
    | st.just(b'{"name": "' + b"x" * (1 << 20) + b'"}')
)
content_types = st.sampled_from(
    [JSON, JSON, JSON, f"{JSON}; charset=utf-16", "text/plain", "", "application/x+json"]
)


def sent_as_json(order: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[bytes, str]]:
    """Return bodies and their content types: what is asked for, spoiled, and something else."""
    spoiled = st.builds(lambda a, b: a | b, order, junk)
    texts = st.one_of(order, order, spoiled, json_values).map(json.dumps).map(str.encode)
    return st.one_of(*[st.tuples(texts, st.just(JSON))] * 2, st.tuples(raw, content_types))


change_bodies, order_bodies = sent_as_json(changes), sent_as_json(orders)
face_settings = st.fixed_dictionaries(
    {},
    optional={
        "recognition": st.booleans(),
        "keep_unknown": st.booleans() | json_values,
        "unknown_hours": st.integers(1, 48) | st.floats() | json_values,
        "known_below": st.floats(0.3, 0.6) | st.floats(),
        "perhaps_below": st.floats(0.5, 0.8) | json_values,
        "sightings_days": st.integers(0, 30) | st.integers(),
    },
)
setting_bodies = sent_as_json(face_settings)
words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20)
form_names = st.sampled_from(["name", "camera", "track_id", "unknown", "consent_by", "pictures"])
form_parts = st.tuples(
    form_names | texts,
    st.none() | st.sampled_from(["a.jpg", ""]) | words,
    texts.map(lambda text: text.encode()),
)


def form_of(parts: list[tuple[str, str | None, bytes]], boundary: str) -> bytes:
    """Return the body of a form; a part with a file name is a file."""
    pieces = []
    for name, file, content in parts:
        file_words = "" if file is None else f'; filename="{file}"'
        head = f'Content-Disposition: form-data; name="{name}"{file_words}\r\n\r\n'
        pieces.append(head.encode("utf-8", "replace") + content + b"\r\n")
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + piece for piece in pieces) + mark + b"--\r\n"


enrolment_bodies = st.tuples(
    st.lists(form_parts, max_size=6).map(lambda parts: form_of(parts, "x")) | raw,
    st.sampled_from(["multipart/form-data; boundary=x"] * 4 + ["multipart/form-data", JSON, "x"]),
)


# Everything else.

known_paths = [
    *("/", "/login", "/logout", "/server", "/healthz", "/metrics", "/static/x.css", "/static/../x"),
    *(
        "/api/openapi.json",
        "/api/v1/agent-command",
        "/api/v1/labels",
        CAMERAS,
        f"{CAMERAS}/rejected",
    ),
    *(f"{CAMERAS}/0/{name}" for name in ("result", "snapshot.jpg", "stream.mjpg")),
    f"{CAMERAS}/gone",
    *(
        "/faces",
        "/accounts",
        "/api/v1/settings",
        "/api/v1/audit",
        "/api/v1/sightings",
        PEOPLE,
        UNKNOWN,
    ),
    *(f"{PEOPLE}/{name}" for name in ("distances", "gone", "gone/faces", "gone/merge", "gone/not")),
    *(f"{PEOPLE}/gone/faces/{name}" for name in ("gone", "gone.jpg", ".jpg", "..jpg")),
    *(f"{UNKNOWN}/{name}" for name in ("gone", "gone.jpg")),
]
# The test client takes what follows two slashes for a host, and looks that up.
any_path = st.text(st.characters(exclude_characters="?#"), max_size=30).map(
    lambda text: "/" + text.lstrip("/")
)
paths = st.sampled_from(known_paths) | any_path
queries = (
    st.sampled_from(["", "annotated=1", "token=%ed%a0%80", "token=%ff&token", "%=&&a"]) | words
)
methods = st.sampled_from(["GET", "GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "X"])
header_names = st.sampled_from(
    [
        *("Accept", "Authorization", "Cookie", "Origin", "Host", "Range", "If-Modified-Since"),
        *("If-None-Match", "Content-Type", "X-Forwarded-For", "Accept-Encoding"),
    ]
)
header_values = words | st.sampled_from(
    [
        *("text/html", "*/*;q=x", "Bearer", "Bearer é", "bytes=9-2", "bytes=0-,5", "Mon, 99"),
        *("http://[", "[::1", "a:99999999", "multipart/form-data; boundary="),
        "application/x-www-form-urlencoded",
    ]
)
headers = st.dictionaries(header_names, header_values, max_size=4)
requests = st.fixed_dictionaries(
    {"method": methods, "path": paths, "query_string": queries, "headers": headers}
)
