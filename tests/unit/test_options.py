"""Options are defined in one place, and no other module has a list of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convergecast.options import OPTIONS, added_by, brought_by, identifying, tasks_of

ROOT = Path(__file__).parents[2]
NAMES = "|".join(option.name for option in OPTIONS)


def test_what_options_need_and_bring_adds_up() -> None:
    assert tasks_of([]) == brought_by([]) == added_by([]) == frozenset()
    assert tasks_of(["landmarks", "people"]) == {"faces", "landmarks", "objects"}
    assert brought_by(["landmarks", "recognition", "people"]) == {"faces", "people"}
    assert added_by(["faces", "landmarks"]) == {"landmarks"}
    assert added_by(["recognition"]) == {"person", "identity"}
    assert identifying(["faces", "recognition", "people"]) == ("recognition",)
    assert identifying(["faces", "landmarks"]) == ()
    with pytest.raises(KeyError):
        tasks_of(["cars"])


def test_the_first_model_of_an_option_is_enough_for_what_it_brings() -> None:
    for option in OPTIONS:
        alone = [other.tasks for other in OPTIONS if other.brings == option.brings]
        assert {tasks[0] for tasks in alone} == {option.tasks[0]}


@pytest.mark.parametrize("folder", ["convergecast", "static/js"])
def test_nobody_asks_by_name_whether_an_option_is_on(folder: str) -> None:
    asks = re.compile(
        rf"""["'](?:{NAMES})["'] (?:not )?in [\w.]*options\b"""  # Python
        rf"""|\.(?:includes|has)\(["'](?:{NAMES})["']\)"""  # JavaScript
        r"""|\boption(?:\.name)? ={2,3} ["']"""  # both
    )
    files = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.js")]
    assert len(files) > 30
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        for match in asks.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
