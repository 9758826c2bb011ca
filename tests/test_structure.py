"""How the code is built, in figures: the script that counts them, and what they must not exceed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.structure import ROWS, Checkout, main

ROOT = Path(__file__).parents[1]

SAMPLE = {
    "convergecast/__init__.py": '"""The product."""\n',
    "convergecast/kinds.py": (
        '"""Names."""\nfrom typing import Any\nMessage = dict[str, Any]\nOther = dict[str, int]\n'
    ),
    "convergecast/uses.py": '''"""Uses them."""
from collections.abc import Callable, Mapping
from typing import Any
from convergecast.kinds import Message, Other

def one(message: Message, other: Other) -> Mapping[str, object]:
    from convergecast import there
    # Loaded late: it is large.
    import json
    import csv
    import re  # also large
    return {}

class Two:
    """Has a part that nobody explains."""

    def __init__(self, call: Callable[..., Any], values: list[Any]) -> None:
        def within(value: Any | None) -> None: ...

    def part(self) -> Message | None:
        """It is explained."""
''',
    "convergecast/there.py": '"""Looks back."""\nimport convergecast.uses\n',
    "convergecast/bench/__init__.py": "def bench(value: dict[str, Any]) -> None: ...\n",
    "convergecast/web/openapi/__init__.py": '"""Paths."""\n\nPATHS = {}\n',
    "agent/__init__.py": "",
    "agent/a.py": '"""A."""\nfrom . import b\n',
    "agent/b.py": '"""B."""\nfrom .c import C\n',
    "agent/c.py": '"""C."""\ndef c():\n    from . import a\n',
    "tests/test_it.py": "def test(value: dict[str, Any]) -> None: ...\n",
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    for name, text in SAMPLE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_untyped_payloads_are_found_under_every_name(sample: Path) -> None:
    uses = "convergecast/uses.py"
    expected = ["convergecast/kinds.py:3", f"{uses}:6", f"{uses}:18", f"{uses}:20"]
    assert Checkout(sample).untyped_lines() == expected
    assert Checkout(sample).lines_of("dict[str, Any]") == ["convergecast/kinds.py:3"]
    with_benches = Checkout(sample, benches=True).untyped_lines()
    assert with_benches == ["convergecast/bench/__init__.py:1", *expected]


def test_imports_inside_functions_and_their_reasons(sample: Path) -> None:
    checkout = Checkout(sample)
    assert len(checkout.function_imports()) == 5
    assert checkout.function_imports(without_reason=True) == [
        "convergecast/uses.py:7",
        "agent/c.py:3",
    ]


def test_what_is_public_and_not_explained(sample: Path) -> None:
    missing = ["convergecast.uses.one", "convergecast.uses.Two.__init__", "agent", "agent.c.c"]
    checkout = Checkout(sample)
    assert checkout.undocumented() == missing
    assert checkout.documented_percent() == pytest.approx(100 * 10 / 14)


def test_cycles_are_found_wherever_the_imports_stand(sample: Path) -> None:
    assert Checkout(sample).import_cycles() == [
        ["convergecast.there", "convergecast.uses"],
        ["agent.a", "agent.b", "agent.c"],
    ]


def test_lines_written_twice_are_found(sample: Path) -> None:
    assert Checkout(sample).duplicates() == []
    text = '"""Copied."""\n' + "".join(f"VALUE_{number} = {number}\n" for number in range(12))
    for name in ("one", "two"):
        (sample / "agent" / f"{name}.py").write_text(text)
    assert len(Checkout(sample).duplicates()) == 1


def test_the_table_has_a_column_for_each_checkout(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(sample), str(sample)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"| | {sample.name} | {sample.name} |"
    assert "| hand-written OpenAPI lines | 3 | 3 |" in lines


@pytest.mark.parametrize(
    ("row", "most"),
    [
        ("untyped payload lines", 40),
        ("hand-written OpenAPI lines", 450),
        ("imports inside functions", 40),
        ("… without a reason", 0),
        ("import cycles", 0),
        ("duplicates of 8 lines", 0),
    ],
)
def test_the_code_keeps_to_its_figures(row: str, most: float) -> None:
    assert ROWS[row](Checkout(ROOT)) <= most


def test_everything_public_is_explained() -> None:
    assert Checkout(ROOT).undocumented() == []
