"""Writes docs/gpu.md from the JSON of a trial. Process: command."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from convergecast.protocol.command_line import Parser
from scripts.gpu.figures import what_it_says
from scripts.gpu.lines import Line, read_lines
from scripts.gpu.runner import FAILED, SKIPPED, SUMMARY
from scripts.gpu.tables import machine, tables
from scripts.gpu.trial import BEGINNING, ROOT

KEPT = ROOT / "docs" / "gpu.jsonl"
TEMPLATE = Path(__file__).with_name("page.md")
NO_RUN = (
    "**No GPU has run this**, nor "
    "[one session per batch size](adr/0013-one-shape-per-session-on-a-gpu.md)."
)


def page(lines: Sequence[Line]) -> str:
    """Return the page of a trial; without lines, the page that says that there is no run."""
    template = TEMPLATE.read_text(encoding="utf-8")
    state = _state(lines) if lines else NO_RUN
    figures = "\n\n".join(_sections(lines)) if lines else ""
    filled = template.replace("{{state}}", state).replace("{{figures}}", figures)
    return filled.rstrip() + "\n"


def _state(lines: Sequence[Line]) -> str:
    begun = next((line for line in lines if line["step"] == BEGINNING), {})
    day = begun.get("began", "an unknown day")[:10]
    version = f"version {begun.get('version')}"
    version += f", commit {begun['commit']}" if begun.get("commit") else ""
    where = f"The trial ran on {day} on {machine(lines)}; {version}."
    return f"**A dry run: no figure below is a GPU's.** {where}" if begun.get("no_gpu") else where


def _sections(lines: Sequence[Line]) -> Iterable[str]:
    yield "## What ran\n\n" + "\n".join(_outcomes(lines))
    said = what_it_says(lines)
    if said:
        yield "## What it says\n\n" + "\n".join(f"- {sentence}" for sentence in said)
    yield from tables(lines)


def _outcomes(lines: Sequence[Line]) -> Iterable[str]:
    summary = next((line for line in lines if line["step"] == SUMMARY), None)
    if summary is None:
        yield "- The trial was cut off: what follows is what it wrote until then."
    else:
        yield f"- {len(summary['ran'])} steps ran, in {summary['seconds']:.0f} s altogether."
    for line in lines:
        if line.get("state") in (FAILED, SKIPPED):
            yield f"- **{line['step']}** {line['state']}: {line.get('error') or line.get('reason')}"


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; after an error, print it on standard error and return 1."""
    parser = Parser(description=__doc__)
    parser.add_argument(
        "file", nargs="?", type=Path, help="trial.jsonl; docs/gpu.jsonl, if any, without it"
    )
    file = parser.parse_args(words).file or (KEPT if KEPT.exists() else None)
    try:
        sys.stdout.write(page(list(read_lines(file)) if file else []))
    except (OSError, ValueError) as problem:
        print(f"report: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
