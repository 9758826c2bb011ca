"""The rows of a benchmark's table: figure, baseline and aim."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from convergecast.errors import ConvergeCastError
from scripts.bench.timing import Machine

_WIDE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line.

    Attributes:
        part: of the benchmark, such as `faces`.
        what: the measured quantity.
        value: the figure; None if it could not be measured, and `note` says why.
        unit: such as `ms`.
        ratio: how many times as good as the baseline, or the figure of `aim`; None without.
        aim: the goal for `ratio`, or else for `value`, in words.
        note: a remark.
    """

    part: str
    what: str
    value: float | None
    unit: str
    ratio: float | None = None
    aim: str = ""
    note: str = ""


def machine_line(machine: Machine) -> str:
    """Describe the machine, for the line above the table."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    vnni = machine.vnni or "no VNNI"
    return f"{machine.cpu} ({vnni}), {machine.processors} processors, {machine.system}; {versions}"


def table(rows: Sequence[Row]) -> str:
    """Return rows as lines of text, each part under its name."""
    grid = _grid("left", "right", "right", "left", "left")
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            grid.add_row()
            grid.add_row(f"[bold]{escape(part)}[/bold]")
        cells = (f"  {row.what}", _figure(row), _ratio(row), row.aim, row.note)
        grid.add_row(*map(escape, cells))
    return _text(grid)


def columns(*lines: Sequence[str]) -> str:
    """Return rows of cells as text: the first column left-aligned, the others right-aligned."""
    others: list[JustifyMethod] = ["right"] * (len(lines[0]) - 1)
    grid = _grid("left", *others)
    for line in lines:
        grid.add_row(*map(escape, line))
    return _text(grid)


def _grid(*justify: JustifyMethod) -> Table:
    grid = Table.grid(padding=(0, 2))
    for side in justify:
        grid.add_column(justify=side)
    return grid


def _text(grid: Table) -> str:
    """Return a table that fits the terminal; in a file nothing is wrapped or coloured."""
    to_terminal = sys.stdout.isatty()
    console = Console(
        file=io.StringIO(),
        force_terminal=to_terminal,
        width=shutil.get_terminal_size().columns if to_terminal else _WIDE,
    )
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def write_json(
    path: Path,
    machine: Machine,
    rows: Sequence[Row],
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Write the table as JSON, `{"machine": {…}, "rows": [{…}]}`, with the fields of `more`."""
    content = {"machine": asdict(machine), "rows": [asdict(row) for row in rows], **more}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


@contextmanager
def written(
    path: Path | None, machine: Machine, more: Mapping[str, object] = MappingProxyType({})
) -> Iterator[list[Row]]:
    """Yield a list for rows, which is written at the end, also after an error."""
    rows: list[Row] = []
    try:
        yield rows
    finally:
        if path:
            write_json(path, machine, rows, more)


def unmeasured(part: str, what: str, problem: ConvergeCastError) -> Row:
    """Return the row of a failed measurement, with the reason."""
    return Row(part=part, what=what, value=None, unit="", note=str(problem))


def _figure(row: Row) -> str:
    return "–" if row.value is None else f"{_short(row.value)} {row.unit}".rstrip()


def _short(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else f"×{row.ratio:.2f}"
