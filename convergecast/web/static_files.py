"""Style sheets, scripts and icons: compressed, and at addresses that change with any of them.

A page names them as `/static/=VERSION/…`. What stands there never changes, so that browsers keep it
and ask no more; modules import each other by relative addresses, and stay below the version.
Process: hub.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Response, current_app, request, url_for

_MARK = "="
_FOREVER_S = 365 * 86_400
_COMPRESSED = (".css", ".js", ".svg")
_LEAST_BYTES = 512  # less is not worth it
_MOST_KEPT = 512


def asset(filename: str) -> str:
    """Return the address of a static file as it is now."""
    return url_for("static", filename=f"{_MARK}{_version()}/{filename}")


def serve_static(filename: str) -> Response:
    """Return a static file; one that is named with today's version may be kept for ever."""
    version, _, rest = filename.partition("/") if filename.startswith(_MARK) else ("", "", filename)
    response = current_app.send_static_file(rest)
    if version == f"{_MARK}{_version()}":
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.max_age = _FOREVER_S
    return _compressed(response, rest) if rest.endswith(_COMPRESSED) else response


def _compressed(response: Response, filename: str) -> Response:
    response.vary.add("Accept-Encoding")
    size = response.content_length or 0
    wanted = request.accept_encodings.quality("gzip") > 0 and "Range" not in request.headers
    if response.status_code != 200 or not wanted or size < _LEAST_BYTES:
        return response
    path = Path(str(current_app.static_folder), filename)
    response.close()  # the file
    response.direct_passthrough = False
    response.set_data(_packed(path, path.stat().st_mtime_ns))
    response.content_encoding = "gzip"
    return response


@functools.lru_cache(maxsize=_MOST_KEPT)
def _packed(path: Path, _changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9)


def _version() -> str:
    """Return a name of all static files; a second after a file has changed it is another one."""
    return _version_in(str(current_app.static_folder), int(time.monotonic()))


@functools.lru_cache(maxsize=1)  # a page names many files, and asks for all of them
def _version_in(folder: str, _second: int) -> str:
    found = hashlib.blake2b(digest_size=8)
    for path, changed_ns in sorted(_files(folder)):
        found.update(f"{path} {changed_ns}\n".encode())
    return found.hexdigest()


def _files(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                yield entry.path, entry.stat().st_mtime_ns
