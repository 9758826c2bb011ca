"""The page's types match the hub's."""

from __future__ import annotations

import re
from pathlib import Path

from scripts import types_js

PAGE = Path(__file__).parents[2] / "static" / "js"


def test_the_pages_types_are_made_of_the_hubs() -> None:
    written = types_js.FILE.read_text(encoding="utf-8")
    assert written == types_js.text(), "write it again: python -m scripts.types_js"


def test_every_type_that_the_page_names_is_there() -> None:
    known = {
        name: set(re.findall(r"@typedef \{.*\} (\w+)", (PAGE / "lib" / name).read_text("utf-8")))
        for name in ("types.js", "views.js")
    }
    named = [
        (file, name)
        for path in PAGE.rglob("*.js")
        for file, name in re.findall(
            r"import\('[./a-z]*/(types\.js|views\.js)'\)\.(\w+)", path.read_text("utf-8")
        )
    ]
    assert len(named) > 50
    for file, name in named:
        assert name in known[file], f"{name} is not in {file}"
