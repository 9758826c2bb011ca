"""`bench performance`: runs the benchmarks without figures, and writes docs/performance.md.

Every benchmark runs in its own process and writes its figures into a folder. The text of the page
stays; the lines between `<!-- figures: NAME -->` and the next `<!-- end -->` are replaced.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from convergecast.errors import InvalidInput
from scripts.bench.charts import Points, line_chart

Content = dict[str, Any]

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BENCHMARKS = {
    "startup": ("--runs", "5"),
    "scale": ("--seconds", "15"),
    "transport": (),
    "page": (),
    "fanout": ("--seconds", "545"),
}
"""The names of benchmarks, each with its further arguments."""

_PLOTTED_S = 20
_MOST_PLOTTED_PACKETS = 1000
"""Left out of the chart: it is so far above the others that they would look flat."""

_IMPORTS = "imports of"
_PAGE = {
    "pictures painted a second": "{painted_a_second:g}",
    "of all published, %: painted / not sent / replaced": (
        "{painted_percent:g} / {not_sent_percent:g} / {replaced_percent:g}"
    ),
    "age p50 / p95, ms": "{age_p50_ms:g} / {age_p95_ms:g}",
    "hidden pictures are back after, ms": "{back_ms:g}",
    "main thread busy, %": "{main_thread_percent:g}",
    "tasks over 50 ms of the main thread, longest in ms": "{long_tasks:g}, {longest_task_ms:g}",
    "CPU of the page / of the whole browser, % of a core": (
        "{renderer_cpu_percent:g} / {browser_cpu_percent:g}"
    ),
}
"""A line of a table: its words, and the function of a case's figures."""

_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def run_bench(folder: Path | None) -> int:
    """Run the benchmarks missing in `folder`, then write the page; return 1 if one failed.

    Raises:
        InvalidInput: no folder is named, or the page is missing.
    """
    if folder is None:
        raise InvalidInput("Name a folder for the figures by --json.")
    if not PAGE.exists():
        raise InvalidInput(f"{PAGE} is not there: run this where the source code lies.")
    folder.mkdir(parents=True, exist_ok=True)
    failed = [name for name in BENCHMARKS if not _measured(name, folder)]
    write_page(folder, PAGE)
    print(f"{PAGE} is written.")
    if failed:
        print(f"Not measured, so left as it was: {', '.join(failed)}.")
    return 1 if failed else 0


def write_page(folder: Path, page: Path) -> None:
    """Replace every block of `page` whose figures are in `folder`, and the charts beside it."""
    images = page.parent / "images"
    images.mkdir(exist_ok=True)

    def block(found: re.Match[str]) -> str:
        file = folder / f"{found[2]}.json"
        if not file.exists():
            return found[0]
        content = json.loads(file.read_text(encoding="utf-8"))
        lines, charts = BLOCKS[found[2]](content)
        for name, chart in charts.items():
            (images / name).write_text(chart, encoding="utf-8")
        return "\n".join([found[1], *lines, "", found[3]])

    text = page.read_text(encoding="utf-8")
    page.write_text(_BLOCK.sub(block, text), encoding="utf-8")


def _measured(name: str, folder: Path) -> bool:
    file = folder / f"{name}.json"
    if file.exists():
        print(f"{name}: from {file}", flush=True)
        return True
    print(f"\n{name}:", flush=True)
    command = [sys.executable, "-m", "convergecast", "bench", name, "--json", str(file)]
    return subprocess.run([*command, *BENCHMARKS[name]]).returncode == 0 and file.exists()


Block = tuple[list[str], dict[str, str]]
"""Lines of Markdown, and their charts, by file name."""


def _startup_block(content: Content) -> Block:
    """Return hub and worker as a table; what each import takes is printed by the bench only."""
    measured = [row for row in content["rows"] if not row["part"].startswith(_IMPORTS)]
    cells = [(row["part"], row["what"], _figure(row), row["aim"]) for row in measured]
    return _table(("", "", "measured", "aim"), cells), {}


def _transport_block(content: Content) -> Block:
    """Return a column per way of sending, a line per figure, with its aim in brackets."""
    rows = content.get("rows", [])
    parts = list(dict.fromkeys(row["part"] for row in rows))
    whats = list(dict.fromkeys(row["what"] for row in rows))
    figures = {(row["what"], row["part"]): _with_aim(row) for row in rows}
    units = {row["what"]: row["unit"] for row in rows}
    cells = [
        (
            f"{what}, {units[what]}".rstrip(", "),
            *(figures.get((what, part), "") for part in parts),
        )
        for what in whats
    ]
    lines, charts = _table(("", *parts), cells) if rows else [], {}
    counts: dict[str, list[int]] = content.get("packets_each_s", {})
    series: dict[str, Points] = {
        name: [*enumerate(each[:_PLOTTED_S], start=1)]
        for name, each in counts.items()
        if each and max(each) <= _MOST_PLOTTED_PACKETS
    }
    if series:
        title = "Packets on the hub's network device, both directions"
        charts["packets.svg"] = line_chart(title, "seconds", "packets a second", series)
        lines += ["", f"![{title}](images/packets.svg)"]
    return lines, charts


def _figure(row: Content) -> str:
    return "–" if row["value"] is None else f"{row['value']:.4g} {row['unit']}".strip()


def _with_aim(row: Content) -> str:
    figure = "–" if row["value"] is None else f"{row['value']:.4g}"
    return f"{figure} ({row['aim']})" if row["aim"] else figure


def _scale_block(content: Content) -> Block:
    cells = [
        (
            f"{case['cameras']} × {case['fps']:g}",
            str(case["viewers"]),
            f"{case['shown_fps']:.1f}",
            f"{case['age_p50_ms']:.1f} / {case['age_p95_ms']:.1f}",
            f"{case['hub_percent'] + case['workers_percent']:.1f}",
            f"{case['hub_ms']:.2f} + {case['worker_ms']:.2f}",
            f"{case['worker_mb']:.1f} / {case['worker_private_mb']:.1f}",
            f"{case['hub_mb']:.0f}",
            f"{case['feeder_percent']:.0f} / {case['viewer_percent']:.0f}",
            f"{case['machine_percent']:.0f}",
        )
        for case in content["cases"]
    ]
    head = (
        "cameras × fps",
        "viewers",
        "fps shown",
        "age p50 / p95, ms",
        "hub, workers, fan-out: % of a core",
        "hub + workers: ms CPU a frame",
        "a worker: MB PSS / its own",
        "hub: MB PSS",
        "not part of it, % of a core: feeder / first viewer",
        "machine busy, %",
    )
    one = [case for case in content["cases"] if case["viewers"] == 1 and case["fps"] == 25]
    series = {
        "hub with fan-out to one viewer": [(case["cameras"], case["hub_ms"]) for case in one],
        "workers": [(case["cameras"], case["worker_ms"]) for case in one],
    }
    title = "What a frame costs, by the number of cameras"
    chart = line_chart(title, "cameras, 25 frames a second each", "ms CPU a frame", series)
    baseline = content["baseline"]["cpu_ms_a_frame"]
    lines = [
        *_table(head, cells),
        "",
        f"Baseline, one camera in a loop of `requests`, without a hub: {baseline:.2f} ms CPU a "
        "frame for pulling and unpacking alone.",
        "",
        f"![{title}](images/scale.svg)",
    ]
    return lines, {"scale.svg": chart}


def _page_block(content: Content) -> Block:
    runs: Any = content  # a list
    return _table(("", *(run["home"] for run in runs)), _chosen(_PAGE, runs)), {}


def _chosen(chosen: Mapping[str, str], cases: Sequence[Content]) -> list[tuple[str, ...]]:
    """Return a line for each of `chosen`: its words, and the figures of all cases."""
    return [(words, *(form.format_map(case) for case in cases)) for words, form in chosen.items()]


def _fanout_block(content: Content) -> Block:
    alone, *together = content["steps"]
    worst = max(together, key=lambda step: float(step["age_p95_ms"]))
    cells = [
        (
            when,
            f"{step['fps']:.2f}",
            f"{step['age_p50_ms']:g} / {step['age_p95_ms']:g}",
            "" if step is alone else f"{step['slow_age_p95_ms']:g}",
            f"{step['hub_mb']:g}",
        )
        for when, step in (
            ("the good viewer alone", alone),
            (f"all four, worst minute ({worst['minute']:g})", worst),
            (f"all four, last minute ({together[-1]['minute']:g})", together[-1]),
        )
    ]
    head = ("", "fps of each camera", "age p50 / p95, ms", "slow viewer's p95, ms", "hub, MB")
    series = {
        name: [(one["seconds"] / 60, one[field]) for one in content["memory"]]
        for name, field in (("hub", "hub_mb"), ("a worker, the mean of all", "worker_mb"))
    }
    title = "Memory beside a stopped, a pretending and a slow viewer"
    chart = line_chart(title, "minutes", "MB (PSS)", series)
    return [*_table(head, cells), "", f"![{title}](images/memory.svg)"], {"memory.svg": chart}


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *cells]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


BLOCKS: dict[str, Callable[[Content], Block]] = {
    "startup": _startup_block,
    "scale": _scale_block,
    "transport": _transport_block,
    "page": _page_block,
    "fanout": _fanout_block,
}
