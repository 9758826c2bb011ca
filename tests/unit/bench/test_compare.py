"""Comparing two checkouts: pairs of turns make one ratio, and what is no checkout is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from convergecast.errors import InvalidInput
from scripts.bench.compare import VIEWERS, Turn, rows, run_bench
from tests.support.rig import running_rig

_ROOT = Path(__file__).parents[3]


def turn(code: str, viewers: int, percent: float) -> Turn:
    return Turn(
        code=code, viewers=viewers, percent=percent, hub_percent=1, shown_fps=25, results=16
    )


def test_the_ratio_is_the_median_of_the_pairs_and_not_of_all_turns() -> None:
    turns = []
    for before, now in ((10, 9), (40, 44), (20, 18)):
        turns += [turn("before", viewers, before) for viewers in VIEWERS]
        turns += [turn("now", viewers, now) for viewers in VIEWERS]
    found = rows(turns)
    assert [row.value for row in found] == [20, 18, 0.9, 20, 18, 0.9]


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    for base in (None, tmp_path):
        with pytest.raises(InvalidInput, match="needs --base DIR, a checkout"):
            run_bench(base=base, seconds=1, runs=1, json_file=None)


def test_the_other_checkouts_hub_is_started_whatever_folder_the_bench_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "convergecast"
    other.mkdir()
    (other / "__init__.py").touch()
    (other / "__main__.py").write_text(
        "import sys\n"
        "print('Open http://the.other/' if 'serve' in sys.argv else 'its token', flush=True)\n"
    )
    monkeypatch.chdir(_ROOT)
    with running_rig(code=tmp_path) as rig:
        assert (rig.url, rig.agent_token) == ("http://the.other/", "its token")
