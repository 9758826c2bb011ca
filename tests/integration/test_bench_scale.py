"""The benchmarks of scale, start and slow viewers, as small as can be: every figure is there."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.bench import fanout, scale, startup
from scripts.bench.performance import write_page
from scripts.bench.scale import Case

PAGE = "".join(
    f"<!-- figures: {name} -->\n<!-- end -->\n" for name in ("scale", "startup", "fanout")
)


def test_all_figures_are_measured_and_come_to_the_page(tmp_path: Path) -> None:
    cases = (Case(1, 25), Case(2, 10, (1, 2)))
    scale.run_bench(seconds=1, runs=1, json_file=tmp_path / "scale.json", cases=cases)
    startup.run_bench(runs=1, json_file=tmp_path / "startup.json")
    fanout.run_bench(seconds=5, json_file=tmp_path / "fanout.json")

    figures = json.loads((tmp_path / "scale.json").read_text())
    assert [(f["cameras"], f["fps"], f["viewers"]) for f in figures["cases"]] == [
        (1, 25, 1),
        (2, 10, 1),
        (2, 10, 2),
    ]
    for case in figures["cases"]:
        assert 0 < case["shown_fps"] <= case["fps"] * 1.3
        assert 0 < case["age_p50_ms"] <= case["age_p95_ms"]
        assert 0 < case["worker_private_mb"] <= case["worker_mb"] <= 25
    rows = json.loads((tmp_path / "startup.json").read_text())["rows"]
    assert [row["part"] for row in rows[:4]] == ["hub", "hub", "worker", "worker"]
    assert all(row["value"] > 0 for row in rows)
    beside = json.loads((tmp_path / "fanout.json").read_text())
    assert len(beside["steps"]) == 11
    assert all(0 < one["worker_mb"] < one["hub_mb"] for one in beside["memory"])

    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    write_page(tmp_path, page)
    assert page.read_text().count("\n| --- ") == 3
    assert {path.name for path in (tmp_path / "images").iterdir()} == {"scale.svg", "memory.svg"}
