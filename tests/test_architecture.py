"""The layers: who may import whom, no cycles, and what a worker must not load."""

from __future__ import annotations

import ast
import contextlib
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Every part may import the parts that stand after it, and itself.
ORDER = [
    "__main__",
    "cli",
    "demo",
    "doctor",
    "analyze",
    "hub",
    "mdns",
    "web",
    "model_tools",
    "local_agents",
    "cameras",
    "live",
    "auth",
    "engine",
    "faces",
    "recording",
    "events",
    "tracking",
    "detection",
    "model_store",
    "vision",
    "messages",
    "storage",
    "ipc",
    "logs",
    "config",
    "names",
    "networks",
    "protocol",
    "assets",
    "options",
    "labels",
    "checks",
    "clock",
    "durable",
    "errors",
]
HEAVY = {"flask", "sqlite3", "onnxruntime", "onnx", "numba", "numpy", "cv2", "uvicorn", "requests"}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_parts_import_only_what_stands_after_them() -> None:
    wrong = []
    for module, path in modules("convergecast"):
        here = part(module)
        for name in imports(path):
            there = part(name) if name.startswith("convergecast.") else ""
            if not here or there in ("", "__version__"):
                continue
            assert there in ORDER, f"{there!r} has no place: put it into ORDER"
            if ORDER.index(there) < ORDER.index(here):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_no_import_cycles() -> None:
    graph = {}
    names = {name for name, _ in modules("convergecast")}
    for module, path in modules("convergecast"):
        graph[module] = {name for name in imports(path) if name in names and name != module}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in graph[name]:
                if other != name.rpartition(".")[0]:
                    walk(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def test_the_agent_knows_nothing_of_the_hub_but_the_protocol() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in modules("agent")
        for name in imports(path)
        if name.split(".")[0] == "convergecast"
        and not name.startswith("convergecast.protocol")
        and name not in ("convergecast", "convergecast.__version__")
    ]
    assert wrong == []


def test_the_protocol_knows_nothing_of_either_side() -> None:
    for module, path in modules("convergecast/protocol"):
        for name in imports(path):
            if name.startswith("convergecast."):
                assert name.startswith("convergecast.protocol"), f"{module} imports {name}"


def test_what_a_child_process_runs_is_named_and_imported_by_nobody() -> None:
    children = {"convergecast.cameras.worker", "convergecast.engine.process"}
    wrong = [
        f"{module} imports {name}"
        for module, path in modules("convergecast")
        for name in imports(path) & children
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("convergecast.cameras.worker", HEAVY),
        ("convergecast.cli", HEAVY | {"bson"}),
        ("convergecast.hub", {"onnxruntime", "onnx", "cv2", "numpy"}),
    ],
)
def test_importing_a_module_loads_no_more_than_it_needs(module: str, absent: set[str]) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & absent == set()


def test_every_module_says_what_it_is_for_and_where_it_runs() -> None:
    for package in ("convergecast", "agent"):
        for module, path in modules(package):
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            assert text and re.search(r"\bProcess: .+\.$", text), module


def statements(path: Path) -> Iterator[str]:
    """Yield the strings of a module that are SQL; what is put in shows as `?`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        text = ""
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(getattr(part, "value", "?")) for part in node.values)
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE) ", text):
            yield text


def tables() -> set[str]:
    """Return the tables of both databases, as the migrations leave them."""
    found: set[str] = set()
    for folder in ("hub", "events"):
        scripts = (ROOT / "convergecast" / "storage" / "migrations" / folder).glob("*.sql")
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            for path in sorted(scripts):
                connection.executescript(path.read_text(encoding="utf-8"))
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found |= {name for (name,) in rows if not name.startswith("sqlite_")}
    return found


def test_every_table_is_written_and_read_by_one_module() -> None:
    owners: dict[str, set[str]] = {}
    for module, path in modules("convergecast"):
        for statement in statements(path):
            named = re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(?!SET\b)([a-z_?]+)", statement)
            assert "?" not in named, f"{module}: the table's name stands in the statement"
            for table in named:
                owners.setdefault(table, set()).add(module)
    assert set(owners) == tables()
    assert {table: found for table, found in owners.items() if len(found) != 1} == {}
