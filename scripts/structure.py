"""Figures of how the code is built, one table for one checkout or several.

    python -m scripts.structure [PATH ...] [--benches]

Only `convergecast/` and `agent/` count. `convergecast/bench/`, which older checkouts have, counts
only with `--benches`. The rows:

- *Untyped payload lines*: lines that write a mapping whose values are `Any` or `object`, such as
  `dict[str, Any]` or `Mapping[str, object]`, wherever it stands; lines that use a name given to
  such a mapping (`Message = dict[str, Any]`), in its own module or by import; and lines of
  signatures with a parameter or result that is `Any`, alone or in a union. `Callable[..., Any]`
  and `list[Any]` are not counted, nor is a variable that holds what an untyped library returned.
- *Hand-written OpenAPI lines*: all lines of the modules in `web/openapi/`.
- *Imports inside functions*, and those of them without a reason: a comment at the end of the line,
  or above the first of several imports that follow each other.
- *Public docstrings*: of modules, classes, functions and methods whose name does not begin with an
  underscore, and of magic methods and constructors. A definition inside a function is not public.
- *Import cycles*: groups of modules that import each other, also by imports inside functions. A
  module that imports its own package does not count.
- *Duplicates*: similar pieces of eight lines or more, found by pylint.

Process: command, in a checkout.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from convergecast.protocol.command_line import Parser

PACKAGES = ("convergecast", "agent")
SIMILAR_LINES = 8
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}
_UNTYPED = {"Any", "object"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Module:
    """A module of a checkout, by its dotted name."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        """The lines of its source."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @property
    def package(self) -> str:
        """The package that relative imports begin from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


class Checkout:
    """The modules below a folder and their figures."""

    def __init__(self, root: Path, *, benches: bool = False) -> None:
        self.root = root.resolve()
        self._benches = benches
        self.modules = {module.name: module for module in self._read()}

    def _read(self) -> Iterator[Module]:
        for package in PACKAGES:
            for path in sorted((self.root / package).rglob("*.py")):
                parts = path.relative_to(self.root).with_suffix("").parts
                if self._benches or parts[:2] != ("convergecast", "bench"):
                    yield Module(".".join(parts).removesuffix(".__init__"), path)

    def untyped_lines(self) -> list[str]:
        """Return the places of untyped payloads, `file:line`."""
        aliases = self._aliases()
        places: list[str] = []
        for module in self.modules.values():
            names = {local for local, origin in _names(module).items() if origin in aliases}
            found = {line for node in ast.walk(module.tree) for line in _untyped(node, names)}
            places += [self._place(module, line) for line in sorted(found)]
        return places

    def lines_of(self, hint: str) -> list[str]:
        """Return the places that contain a type, such as `dict[str, Any]`, literally."""
        return [
            self._place(module, line)
            for module in self.modules.values()
            for line in sorted(
                {
                    node.lineno
                    for node in ast.walk(module.tree)
                    if isinstance(node, ast.Subscript) and ast.unparse(node) == hint
                }
            )
        ]

    def _aliases(self) -> set[str]:
        """Return the dotted names that modules give to untyped mappings."""
        found: set[str] = set()
        for module in self.modules.values():
            for node in module.tree.body:
                target, value = _assigned(node)
                if target and value and _is_mapping(value):
                    found.add(f"{module.name}.{target}")
        return found

    def openapi_lines(self) -> int:
        """Return how many lines of OpenAPI are written by hand."""
        return sum(
            len(module.lines)
            for module in self.modules.values()
            if module.name.startswith("convergecast.web.openapi")
        )

    def function_imports(self, *, without_reason: bool = False) -> list[str]:
        """Return the places of imports inside functions: all, or those without a reason."""
        return [
            self._place(module, line)
            for module in self.modules.values()
            for line in sorted(_function_imports(module.tree))
            if not (without_reason and _has_reason(module.lines, line))
        ]

    def undocumented(self) -> list[str]:
        """Return the dotted names of public things without a docstring."""
        return [name for name, documented in self._public() if not documented]

    def documented_percent(self) -> float:
        """Return the percentage of public things with a docstring."""
        every = [documented for _, documented in self._public()]
        return 100 * sum(every) / len(every)

    def _public(self) -> Iterator[tuple[str, bool]]:
        for module in self.modules.values():
            yield module.name, ast.get_docstring(module.tree) is not None
            yield from _public_parts(module.tree, module.name)

    def import_cycles(self) -> list[list[str]]:
        """Return the groups of modules that import each other."""
        return _cycles({name: self._imported(module) for name, module in self.modules.items()})

    def _imported(self, module: Module) -> set[str]:
        found = set(_names(module, within=True).values())
        found |= {name.rpartition(".")[0] for name in found}
        return {name for name in found if name in self.modules} - {module.name, module.package}

    def duplicates(self) -> list[str]:
        """Return the duplicates that pylint finds, one line each."""
        command = [sys.executable, "-m", "pylint", "--disable=all", "--enable=duplicate-code"]
        command += [f"--min-similarity-lines={SIMILAR_LINES}", "--persistent=n", "--rcfile="]
        if not self._benches:
            command += ["--ignore-paths=convergecast/bench/.*"]
        done = subprocess.run(
            [*command, *PACKAGES], cwd=self.root, capture_output=True, text=True, check=False
        )
        if done.returncode & 33:  # it, or a module, cannot be run
            raise SystemExit(done.stdout + done.stderr)
        found = re.findall(r"R0801.*\n((?:==.*\n)+)", done.stdout)
        return [", ".join(re.findall(r"==(\S+)", group)) for group in found]

    def _place(self, module: Module, line: int) -> str:
        return f"{module.path.relative_to(self.root).as_posix()}:{line}"


ROWS: dict[str, Callable[[Checkout], float]] = {
    "untyped payload lines": lambda checkout: len(checkout.untyped_lines()),
    "… with `dict[str, Any]` itself": lambda checkout: len(checkout.lines_of("dict[str, Any]")),
    "hand-written OpenAPI lines": Checkout.openapi_lines,
    "imports inside functions": lambda checkout: len(checkout.function_imports()),
    "… without a reason": lambda checkout: len(checkout.function_imports(without_reason=True)),
    "public docstrings, %": lambda checkout: round(checkout.documented_percent(), 1),
    "import cycles": lambda checkout: len(checkout.import_cycles()),
    "duplicates of 8 lines": lambda checkout: len(checkout.duplicates()),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, in Markdown."""
    parser = Parser(description="Figures of how the code is built.")
    parser.add_argument("paths", nargs="*", type=Path, default=[Path()], metavar="PATH")
    parser.add_argument("--benches", action="store_true", help="count convergecast/bench too")
    parser.add_argument("--list", action="store_true", help="name the places of the last checkout")
    options = parser.parse_args(arguments)
    checkouts = [Checkout(path, benches=options.benches) for path in options.paths]
    print(f"| | {' | '.join(checkout.root.name for checkout in checkouts)} |")
    print(f"|---|{'---|' * len(checkouts)}")
    for name, figure in ROWS.items():
        print(f"| {name} | {' | '.join(f'{figure(checkout):,g}' for checkout in checkouts)} |")
    if options.list:
        _print_places(checkouts[-1])


def _print_places(checkout: Checkout) -> None:
    for title, places in (
        ("untyped payloads", checkout.untyped_lines()),
        ("imports without a reason", checkout.function_imports(without_reason=True)),
        ("without a docstring", checkout.undocumented()),
        ("cycles", [" ↔ ".join(cycle) for cycle in checkout.import_cycles()]),
        ("duplicates", checkout.duplicates()),
    ):
        print(f"\n{title}", *places, sep="\n  ")


def _names(module: Module, *, within: bool = False) -> dict[str, str]:
    """Return the dotted names that names of a module stand for, by imports and assignments.

    Args:
        module: the module.
        within: follow imports inside functions too, and those only for the type checker.
    """
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _origin(module, node)
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
            if within:  # the same name may be imported in two functions
                found |= {f"{base}.{a.name}": f"{base}.{a.name}" for a in node.names}
    if not within:
        for statement in module.tree.body:
            if target := _assigned(statement)[0]:
                found[target] = f"{module.name}.{target}"
    return found


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.package.split(".")
    base = ".".join(parts[: len(parts) - node.level + 1])
    return f"{base}.{node.module}" if node.module else base


def _assigned(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """Return name and value of `NAME = VALUE`, annotated or not, and of `type NAME = VALUE`."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    name = getattr(node, "name", None)
    if type(node).__name__ == "TypeAlias" and isinstance(name, ast.Name):
        return name.id, getattr(node, "value", None)
    return None, None


def _untyped(node: ast.AST, aliases: set[str]) -> Iterator[int]:
    """Yield the lines on which a node writes or names an untyped payload."""
    if isinstance(node, (ast.Name, ast.Subscript)):
        used = isinstance(node, ast.Name) and node.id in aliases and isinstance(node.ctx, ast.Load)
        if used or _is_mapping(node):
            yield node.lineno
    elif isinstance(node, _FUNCTIONS):
        args = node.args
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        for hint in [*(arg.annotation for arg in every if arg), node.returns]:
            if hint and any(_last(part) == "Any" for part in _alternatives(hint)):
                yield hint.lineno


def _is_mapping(node: ast.expr) -> bool:
    """Whether this is `dict[str, Any]` or the like."""
    if not (isinstance(node, ast.Subscript) and _last(node.value) in _MAPPINGS):
        return False
    inside = node.slice
    return (
        isinstance(inside, ast.Tuple)
        and len(inside.elts) == 2
        and _last(inside.elts[1]) in _UNTYPED
    )


def _alternatives(hint: ast.expr) -> Iterator[ast.expr]:
    if isinstance(hint, ast.BinOp):
        yield from _alternatives(hint.left)
        yield from _alternatives(hint.right)
    else:
        yield hint


def _last(node: ast.expr) -> str:
    """Return `Any` of both `Any` and `typing.Any`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _function_imports(tree: ast.Module) -> set[int]:
    return {
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, _FUNCTIONS)
        for node in ast.walk(function)
        if isinstance(node, _IMPORTS)
    }


def _has_reason(lines: list[str], line: int) -> bool:
    def is_import(text: str) -> bool:
        return text.startswith(("import ", "from "))

    while not re.search(r"#(?! (noqa|type:))", lines[line - 1]):
        line -= 1
        above = lines[line - 1].strip()
        if above.startswith("#"):
            return True
        if not is_import(above):
            return False
    return True


def _public_parts(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, bool]]:
    for part in node.body:
        if not isinstance(part, (ast.ClassDef, *_FUNCTIONS)):
            continue
        name = f"{prefix}.{part.name}"
        if not part.name.startswith("_") or part.name.endswith("__"):
            yield name, ast.get_docstring(part) is not None
        if isinstance(part, ast.ClassDef):
            yield from _public_parts(part, name)


def _cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected groups of more than one (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = stack.index(name)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    for name in graph:
        if name not in order:
            visit(name)
    return found


if __name__ == "__main__":
    main()
