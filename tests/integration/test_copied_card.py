"""A memory card is copied: two agents have one identity, and one click tells them apart."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.rig import Rig

COPIED = "as after copying a memory card"


def test_two_agents_of_one_card_become_two_cameras_by_one_click(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text("heartbeat_s = 0.5\n")
    rig = Rig(tmp_path, options=("--config", str(config)))
    try:
        first = rig.start_agent("--source", "demo", "--name", "Hall")
        (original,) = rig.wait_online(1)
        first.terminate()
        first.wait()
        for name in ("card", "its copy"):
            card = shutil.copytree(rig.folder / "agents", rig.folder / name)
            rig.start_agent("--source", "demo", "--name", "Hall", state=card)

        def copy() -> dict[str, object] | None:
            found = [each for each in rig.cameras() if each["state"] == "pending"]
            return found[0] if found else None

        waiting = rig.wait_for(copy, "the copy waits")
        assert "copied memory card" in waiting["state_reason"]
        rig.wait_for(lambda: rig.log().count(COPIED) >= 3, "the hub and both agents say so")
        (online,) = rig.wait_online(1)
        assert online["id"] == original["id"]
        rig.request(
            "PATCH", f"/api/v1/cameras/{waiting['id']}", json={"approved": True}
        ).raise_for_status()
        both = rig.wait_online(2)
        assert {each["id"] for each in both} == {original["id"], waiting["id"]}
        assert len({each["address"] for each in both}) == 2
        assert "has an identity of its own" in rig.log()
    finally:
        rig.close()
