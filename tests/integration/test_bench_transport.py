"""`bench transport` measures what it says: real ends, real packets, every frame accounted for."""

from __future__ import annotations

import pytest

from scripts.bench import transport
from tests.support.hosts import two_hosts

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("scene", ["moving", "still"])
def test_a_stream_between_two_hosts_is_measured(
    scene: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = transport.Way("a stream", "stream", "ours", "stream", scene)
    monkeypatch.setattr(transport, "_SETTLE_S", 1.5)
    with two_hosts() as hosts:
        figures = transport._measure(hosts, way, 3.0)
    assert figures.published_fps == pytest.approx(50, rel=0.2)
    assert 40 < figures.kb_a_frame < 60
    assert 0 < figures.hub_ms < 20
    assert 0 < figures.agent_ms < 20
    assert 1 <= len(figures.packets_each_s) <= 3
    if scene == "moving":
        missing_percent = 100 * (1 - figures.fps / figures.published_fps)
        assert figures.given_up_percent == pytest.approx(missing_percent, abs=3)
        assert figures.encode_ms > 0
    else:
        assert 1 < figures.fps < 4
        assert figures.fresh_ms is not None
        assert figures.fresh_ms < 1000
    if hosts.hub.device != "lo":  # which is shared with whatever else runs here
        assert figures.packets_per_s < (130 if scene == "moving" else 8)


def test_a_change_counts_as_shown_by_a_picture_taken_after_it() -> None:
    news = [(1.0, 0.99), (1.5, 1.49), (2.1, 2.08)]
    assert transport._freshness([1.6], news, 0.0) == [pytest.approx(0.5)]
    assert transport._freshness([1.6, 3.0], news, 1.7) == []
