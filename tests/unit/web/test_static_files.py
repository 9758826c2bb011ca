"""Static files: compressed, kept by browsers, and new addresses with new contents."""

from __future__ import annotations

import gzip
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from flask import Flask, render_template_string

from convergecast.web import static_files
from convergecast.web.static_files import asset, serve_static

SCRIPT = "export const words = 'a script that is long enough';\n" * 40


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    folder = tmp_path / "static"
    (folder / "js").mkdir(parents=True)
    (folder / "js" / "page.js").write_text(SCRIPT)
    (folder / "picture.png").write_bytes(b"\x89PNG" + bytes(2000))
    app = Flask("sample", static_folder=str(folder))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0
    app.view_functions["static"] = serve_static
    app.context_processor(lambda: {"asset": asset})
    return app


def address(app: Flask, filename: str = "js/page.js") -> str:
    with app.test_request_context():
        return render_template_string("{{ asset(name) }}", name=filename)


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now_s = time.monotonic() + seconds
    monkeypatch.setattr(static_files, "time", SimpleNamespace(monotonic=lambda: now_s))


def test_a_file_at_todays_address_is_kept_for_ever_and_compressed(app: Flask) -> None:
    where = address(app)
    assert re.fullmatch(r"/static/=[0-9a-f]{16}/js/page\.js", where)
    answer = app.test_client().get(where, headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).decode() == SCRIPT
    assert len(answer.data) < len(SCRIPT) / 5
    assert "immutable" in answer.headers["Cache-Control"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "javascript" in answer.content_type


def test_who_takes_no_gzip_gets_the_file_as_it_is(app: Flask) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": "br"}):
        answer = app.test_client().get(address(app), headers=headers)
        assert "Content-Encoding" not in answer.headers
        assert answer.text == SCRIPT
        answer.close()


def test_a_picture_is_not_compressed_again(app: Flask) -> None:
    where = address(app, "picture.png")
    answer = app.test_client().get(where, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"\x89PNG")
    answer.close()


def test_a_changed_file_has_another_address_and_an_old_address_is_not_kept(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = address(app)
    later(monkeypatch, 1)
    (tmp_path / "static" / "js" / "page.js").write_text(SCRIPT + "// more\n")
    assert address(app) != before
    for old in (before, "/static/js/page.js"):
        answer = app.test_client().get(old, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(answer.data).decode().endswith("// more\n")
        assert "immutable" not in answer.headers["Cache-Control"]


def test_the_files_are_looked_at_once_a_second(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, 1)
    looks = Mock(wraps=os.scandir)
    monkeypatch.setattr(os, "scandir", looks)
    for name in ("js/page.js", "picture.png"):
        app.test_client().get(address(app, name)).close()
    assert looks.call_count == 2, "the folder, and that of the scripts"
    later(monkeypatch, 2)
    address(app)
    assert looks.call_count == 4


@pytest.mark.parametrize("filename", ["gone.js", "=1/gone.js", "=1/../page.js", "../app.py", "=1"])
def test_what_is_not_there_is_not_found(app: Flask, filename: str) -> None:
    headers = {"Accept-Encoding": "gzip"}
    assert app.test_client().get(f"/static/{filename}", headers=headers).status_code == 404
