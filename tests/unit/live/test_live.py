"""Sending to viewers: credit, only the newest is kept, a stopped viewer costs one slot a camera."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from convergecast.ipc.framing import unpack
from convergecast.live.broker import Broker
from convergecast.live.viewer import CREDIT, Viewer
from tests.support.callers import ADMIN
from tests.support.messages import frame_head, plain, result

ANNA = {"identity": {"state": "known", "id": "a", "name": "Anna", "distance": 0.3}}


def publish(broker: Broker, seq: int, camera: str = "c") -> None:
    broker.publish_frame(camera, frame_head(seq), b"jpeg %d" % seq)


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def pictures(viewer: Viewer, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = await asyncio.wait_for(viewer.next_message(), 5)
        if isinstance(message, bytes):
            found.append(json.loads(unpack(message)[0]))
    return found


async def is_silent(viewer: Viewer) -> bool:
    try:
        await asyncio.wait_for(viewer.next_message(), 0.05)
    except TimeoutError:
        return True
    return False


def make_broker() -> tuple[Broker, list[str]]:
    demands: list[str] = []
    broker = Broker(on_demand=demands.append)
    broker.attach(asyncio.get_running_loop())
    return broker, demands


def test_credit_is_returned_by_acknowledging_and_the_gap_is_counted() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["c"])
        for seq in range(1, 3):
            publish(broker, seq)
            await settle()
            assert (await pictures(viewer, 1))[0]["seq"] == seq
        for seq in range(3, 8):
            publish(broker, seq)
            await settle()
        assert CREDIT == 2
        assert await is_silent(viewer)
        viewer.acknowledge("c", 1)
        (header,) = await pictures(viewer, 1)
        assert (header["seq"], header["dropped"]) == (7, 4)
        assert broker.viewer_drops("c") == 4

    asyncio.run(scene())


def test_a_stopped_viewer_costs_the_other_nothing() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        stopped, lively = Viewer(broker, ADMIN), Viewer(broker, ADMIN)
        stopped.watch(["c"])
        lively.watch(["c"])
        for seq in range(1, 51):
            publish(broker, seq)
            await settle()
            (header,) = await pictures(lively, 1)
            assert (header["seq"], header["dropped"]) == (seq, 0)
            lively.acknowledge("c", seq)
        (header,) = await pictures(stopped, 1)
        assert header["seq"] == 50

    asyncio.run(scene())


def test_more_acknowledgements_than_pictures_give_no_more_credit() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["c"])
        for seq in range(20):
            viewer.acknowledge("c", seq)
            viewer.acknowledge("nobody", seq)
        for seq in range(1, 6):
            publish(broker, seq)
            await settle()
            if seq <= CREDIT:
                await pictures(viewer, 1)
        assert await is_silent(viewer)

    asyncio.run(scene())


def test_no_camera_starves_another() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["a", "b", "c"])
        seen = []
        for seq in range(1, 5):
            for camera in "abc":
                publish(broker, seq, camera)
            await settle()
            for header in await pictures(viewer, 3):
                seen.append(header["camera"])
                viewer.acknowledge(header["camera"], seq)
        assert sorted(seen) == sorted("abc" * 4)

    asyncio.run(scene())


def test_texts_keep_only_their_newest_state() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        for number in range(1000):
            viewer.put_text("camera c", str(number))
        viewer.put_text("status", "-1")
        assert [await viewer.next_message(), await viewer.next_message()] == ["999", "-1"]
        assert await is_silent(viewer)

    asyncio.run(scene())


def test_demand_follows_the_watchers() -> None:
    async def scene() -> None:
        broker, demands = make_broker()
        viewer, other = Viewer(broker, ADMIN), Viewer(broker, ADMIN)
        viewer.watch(["c"])
        other.watch(["c"])
        assert broker.demand("c") == (True, False)
        viewer.close()
        assert broker.demand("c") == (True, False)
        other.watch([])
        assert broker.demand("c") == (False, False)
        assert demands == ["c"] * 4

    asyncio.run(scene())


def test_a_new_viewer_gets_the_newest_picture_and_result_at_once() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        publish(broker, 9)
        found = result(faces=[])
        broker.publish_result("c", found, b"")
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["c"])
        first = await viewer.next_message()
        assert isinstance(first, str)
        assert json.loads(first) == {"type": "result", **plain(found)}
        assert (await pictures(viewer, 1))[0]["seq"] == 9

    asyncio.run(scene())


def test_a_cleared_result_does_not_reach_a_viewer_that_has_not_read_it() -> None:
    async def scene() -> None:
        for end in (Broker.clear_result, Broker.forget):
            broker, _ = make_broker()
            viewer = Viewer(broker, ADMIN)
            viewer.watch(["c"])
            broker.publish_result("c", result(faces=[ANNA]), b"")
            await settle()
            broker.revise("c", lambda _: result(faces=[]))
            end(broker, "c")
            await settle()
            assert await is_silent(viewer)

    asyncio.run(scene())


def test_a_result_does_not_wait_for_a_viewer_that_has_stopped_watching() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["c"])
        broker.publish_result("c", result(faces=[ANNA]), b"")
        await settle()
        viewer.watch([])
        broker.revise("c", lambda _: result(faces=[]))
        await settle()
        assert await is_silent(viewer)

    asyncio.run(scene())


def test_a_result_is_made_into_text_once_for_all_its_viewers() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewers = [Viewer(broker, ADMIN) for _ in range(3)]
        for viewer in viewers:
            viewer.watch(["c"])
        broker.publish_result("c", result(faces=[ANNA]), b"")
        await settle()
        first, second, third = [await viewer.next_message() for viewer in viewers]
        assert first is second is third
        broker.revise("c", lambda _: result(faces=[]))
        await settle()
        again = [await viewer.next_message() for viewer in viewers]
        assert again[0] is again[1] is again[2]
        assert isinstance(again[0], str) and "Anna" not in again[0]

    asyncio.run(scene())


def test_a_late_viewer_gets_the_newest_result_once() -> None:
    async def scene() -> None:
        broker, _ = make_broker()
        viewer = Viewer(broker, ADMIN)
        viewer.watch(["c"])
        for seq in range(5):
            broker.publish_result("c", result(seq=seq), b"")
            await settle()
        message = await viewer.next_message()
        assert isinstance(message, str) and json.loads(message)["seq"] == 4
        assert await is_silent(viewer)

    asyncio.run(scene())
