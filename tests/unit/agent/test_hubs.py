"""What an agent makes of announcements that anybody can send."""

from __future__ import annotations

import pytest
from zeroconf import Zeroconf

from agent import hubs


@pytest.mark.parametrize("name", ["a.b._http._tcp.local.", "a\x01b._convergecast._tcp.local."])
def test_a_name_that_is_none_is_passed_over(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "_ASK_MS", 1)
    with Zeroconf(interfaces=["127.0.0.1"]) as network:
        assert hubs._info(network, name) is None
