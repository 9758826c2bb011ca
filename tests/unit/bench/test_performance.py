"""The page of figures: its blocks are replaced, its text stays, its charts show what there is."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergecast.errors import InvalidInput
from scripts.bench import performance
from scripts.bench.charts import line_chart
from tests.support.usage import percentile

SVG = "{http://www.w3.org/2000/svg}"
ROWS = {"rows": [{"part": "hub", "what": "answer", "value": 363, "unit": "ms", "aim": "≤ 1500 ms"}]}
ROWS["rows"][0]["note"] = ""
PAGE = """# Figures
Before.
<!-- figures: startup -->
old
<!-- end -->
Between.
<!-- figures: transport -->
kept
<!-- end -->
After.
"""


def lines_of(chart: str) -> list[list[tuple[float, float]]]:
    root = ET.fromstring(chart)
    found = []
    for group in root.iter(f"{SVG}g"):
        path = group.find(f"{SVG}path")
        if group.get("id", "").startswith("line of ") and path is not None:
            pairs = re.findall(r"[ML] (\S+) (\S+)", path.attrib["d"])
            found.append([(float(x), float(y)) for x, y in pairs])
    return found


def test_a_chart_shows_each_line_with_more_above_less() -> None:
    chart = line_chart("CPU & cost", "x", "y", {"a": [(0, 1), (10, 3)], "b": [(0, 2), (10, 2)]})
    first, second = lines_of(chart)
    assert first[0][0] == second[0][0] < first[1][0] == second[1][0]
    assert first[1][1] < second[0][1] == second[1][1] < first[0][1]
    words = " ".join(text.text or "" for text in ET.fromstring(chart).iter(f"{SVG}text"))
    assert "CPU & cost" in words


points = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))


@settings(deadline=None)  # drawing takes its time on a busy machine
@given(st.lists(points, min_size=1, max_size=20))
def test_no_point_lies_outside_the_chart(line: list[tuple[float, float]]) -> None:
    chart = line_chart("t", "x", "y", {"a": line})
    width, height = map(float, ET.fromstring(chart).attrib["viewBox"].split()[2:])
    for x, y in lines_of(chart)[0]:
        assert 0 <= x <= width
        assert 0 <= y <= height


def test_figures_replace_their_block_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    page.write_text(PAGE)
    (tmp_path / "startup.json").write_text(json.dumps(ROWS))
    performance.write_page(tmp_path, page)
    written = page.read_text()
    assert "old" not in written
    assert "| hub | answer | 363 ms | ≤ 1500 ms |" in written
    assert "kept" in written
    assert re.sub(r"-->\n.*?<!-- end", "", written, flags=re.DOTALL) == re.sub(
        r"-->\n.*?<!-- end", "", PAGE, flags=re.DOTALL
    )
    performance.write_page(tmp_path, page)
    assert page.read_text() == written


def test_each_way_of_sending_is_a_column_and_each_figure_a_line(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    row = {"what": "packets a frame", "unit": "", "aim": "", "note": ""}
    rows = [
        {**row, "part": "stream", "value": 2.009, "aim": "≤ 2.1"},
        {**row, "part": "poll", "value": 3},
        {**row, "part": "poll", "what": "CPU", "value": None, "unit": "ms"},
    ]
    (tmp_path / "transport.json").write_text(json.dumps({"rows": rows}))
    performance.write_page(tmp_path, page)
    written = page.read_text()
    assert "|  | stream | poll |" in written
    assert "| packets a frame | 2.009 (≤ 2.1) | 3 |" in written
    assert "| CPU, ms |  | – |" in written


def test_packets_over_time_become_a_chart(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    packets = {"all moves": [98, 100, 99], "first prototype": [6000, 6001, 6002]}
    content = {"rows": [], "packets_each_s": packets}
    (tmp_path / "transport.json").write_text(json.dumps(content))
    performance.write_page(tmp_path, page)
    assert "(images/packets.svg)" in page.read_text()
    (line,) = lines_of((tmp_path / "images" / "packets.svg").read_text())
    assert len(line) == 3


def test_every_benchmark_has_its_place_on_the_page() -> None:
    places = re.findall(r"<!-- figures: (\w+) -->", performance.PAGE.read_text(encoding="utf-8"))
    assert sorted(places) == sorted(performance.BENCHMARKS) == sorted(performance.BLOCKS)


def test_without_a_folder_it_says_what_is_missing() -> None:
    with pytest.raises(InvalidInput, match="--json"):
        performance.run_bench(None)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values[::-1], 50) == 50
    assert percentile(values, 95) == 95
    assert percentile([7.0], 95) == 7.0
    assert math.isnan(percentile([], 50))
