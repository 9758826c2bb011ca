"""The analyzer: what it asks the engine, what it publishes, and when it lets a result stand."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Listener
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from convergecast.cameras.analyzer import Analyzer, make_result
from convergecast.cameras.puller import Frame
from convergecast.cameras.scenes import Scenes
from convergecast.events.rules import SceneEvents
from convergecast.ipc.framing import pack, unpack
from convergecast.messages.engine import Answer, read_request
from convergecast.messages.results import Result
from convergecast.messages.values import encode
from convergecast.messages.worker import Motion, Orders, Seen
from tests.fakes.agents import picture
from tests.support.messages import findings, plain

KEY = b"key"
FACE = {"box": [1.0, 2.0, 3.0, 4.0], "score": 0.9, "landmarks": None}
POINTS = [[1.5, 2.5]] * 68
CAT = {"box": [5.0, 6.0, 7.0, 8.0], "score": 0.6, "label": "cat", "label_id": 17}
SIZE = {"width": 64, "height": 48, "problems": {}, "loading": False}
FRAME = Frame(jpeg=b"", seq=7, captured_at=100.0, width=64, height=48)


def made(options: tuple[str, ...], found: dict[str, Any]) -> dict[str, Any]:
    return dict(plain(make_result("c", FRAME, options, findings(**found))))


def test_a_result_has_lists_for_what_was_asked_and_null_for_the_rest() -> None:
    found = {**SIZE, "faces": [FACE], "objects": [CAT]}
    both = made(("faces", "objects"), found)
    not_followed = {"track_id": None, "velocity": None}
    blank = {"points": None, "landmarks_guessed": None, "person": None, "identity": None}
    shown_face = {**FACE, **not_followed, **blank}
    assert both["faces"] == [shown_face]
    assert both["objects"] == [{**CAT, **not_followed}]
    assert (both["people"], both["options"]) == (None, ["faces", "objects"])
    assert (both["camera_id"], both["seq"], both["width"], both["height"]) == ("c", 7, 64, 48)
    assert both["captured_at"] == both["unchanged_until"] == 100.0
    assert made(("faces",), {**SIZE, "faces": []})["faces"] == []
    objects = made(("objects",), {**SIZE, "objects": []})
    assert (objects["faces"], objects["objects"]) == (None, [])


def test_landmarks_bring_the_faces_with_them() -> None:
    found = {**SIZE, "faces": [{**FACE, "landmarks": POINTS}]}
    (face,) = made(("landmarks",), found)["faces"]
    assert face["landmarks"] == POINTS


def test_what_the_engine_could_not_do_is_null() -> None:
    found = {**SIZE, "faces": [], "problems": {"objects": "no model"}}
    result = made(("faces", "objects"), found)
    assert (result["faces"], result["objects"]) == ([], None)


class Engine:
    """Answers requests with `answer`, and counts them."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {**SIZE, "faces": [FACE]}
        self.requests: list[dict[str, Any]] = []
        self.think: Callable[[], object] = lambda: None
        self._listener = Listener(("127.0.0.1", 0), authkey=KEY)
        self.address: Any = self._listener.address
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            connection = self._listener.accept()
            while True:
                request = read_request(unpack(connection.recv_bytes())[0])
                self.requests.append(plain(request.wanted))
                self.think()
                answer = Answer(id=request.id, findings=findings(**self.answer))
                connection.send_bytes(pack(encode(answer)))
        except (EOFError, OSError):
            pass


class Scene:
    """An analyzer with an engine, fed like a worker feeds it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.results: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        self.jpeg = picture(1)
        self.orders = Orders(
            camera_id="c",
            address="127.0.0.1",
            port=1,
            stream_key=None,
            capabilities=(),
            agent_fps=None,
            live=False,
            pairs=False,
            options=("faces",),
            object_min_score=0.5,
            object_labels=None,
            engine_address=engine.address,
            engine_problem=None,
            analysis_fps=50.0,
            motion_sleep_s=10.0,
            adaptive_resolution=False,
            wakes=0,
            journal=b"",
        )
        self.analyzer = Analyzer(
            orders=self.orders,
            engine_key=KEY,
            publish=self._publish,
            on_problem=lambda: None,
            events=SceneEvents(),
            on_look=lambda: None,
        )
        self._closed = threading.Event()
        threading.Thread(target=self.analyzer.run, daemon=True).start()
        threading.Thread(target=self._feed, daemon=True).start()

    def order(self, **changes: Any) -> None:
        self.orders = msgspec.structs.replace(self.orders, **changes)
        self.analyzer.set_orders(self.orders)

    def motion(self) -> Motion:
        return self.analyzer.motion(time.monotonic())

    def rest(self) -> int:
        """Wait until nothing is analysed any more; return how often the engine was asked."""
        skipped = self.motion().skipped
        wait_for(lambda: self.motion().quiet and self.motion().skipped > skipped + 2)
        return len(self.engine.requests)

    def until(self, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Return the first result from now on that meets a condition."""
        while True:
            result = self.results.get(timeout=10)[0]
            if condition(result):
                return result

    def close(self) -> None:
        self._closed.set()

    def _publish(self, result: Result, jpeg: bytes, seen: Seen | None) -> None:
        self.results.put((plain(result), jpeg))
        if seen:
            self.seen.append(plain(seen))

    def _feed(self) -> None:
        seq, scenes = 0, Scenes()
        while not self._closed.wait(0.01):
            seq += 1
            frame = Frame(self.jpeg, seq, time.time(), 640, 480)
            scene, small = scenes.look(frame.jpeg, frame.mark)
            self.analyzer.offer(frame._replace(scene=scene, small=small))


def wait_for(condition: Callable[[], Any], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def scene() -> Iterator[Scene]:
    engine = Engine()
    scene = Scene(engine)
    yield scene
    scene.close()
    engine.close()


def other_view() -> bytes:
    """Return a picture of another scene, of the same size."""
    image = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    large = cv2.resize(image, (640, 480), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", large)[1].tobytes()


def followed(result: dict[str, Any]) -> list[int]:
    return [face["track_id"] for face in result["faces"] if face["track_id"] is not None]


def newest(results: queue.Queue[tuple[dict[str, Any], bytes]]) -> tuple[dict[str, Any], bytes]:
    """Return what is published from now on."""
    while not results.empty():
        results.get()
    return results.get(timeout=5)


def test_while_nothing_moves_the_result_stands_for_newer_pictures(scene: Scene) -> None:
    scene.rest()
    first, _ = newest(scene.results)
    second, _ = newest(scene.results)
    assert first["captured_at"] == second["captured_at"] < first["unchanged_until"]
    assert first["unchanged_until"] < second["unchanged_until"] <= time.time()
    assert first["seq"] == second["seq"]
    assert first["faces"] == second["faces"]
    assert scene.motion().skipped_fps > 5
    assert scene.analyzer.rate.per_second(time.monotonic()) < 50


def test_motion_ends_the_rest_at_once(scene: Scene) -> None:
    asked = scene.rest()
    scene.jpeg = picture(88888888)
    wait_for(lambda: len(scene.engine.requests) > asked + 3, timeout_s=1)
    assert not scene.motion().quiet


def test_at_a_cut_the_frame_is_analysed_at_once_and_nothing_goes_on(scene: Scene) -> None:
    scene.engine.answer = {**SIZE, "faces": [{**FACE, "box": [10.0, 10.0, 40.0, 40.0]}]}
    scene.rest()
    before, _ = newest(scene.results)
    scene.order(analysis_fps=0.2)
    skipped = scene.motion().skipped
    wait_for(lambda: scene.motion().skipped > skipped + 1)  # the next frame is due in 5 s
    asked, cut_at = len(scene.engine.requests), time.time()
    scene.jpeg = other_view()
    wait_for(lambda: len(scene.engine.requests) > asked, timeout_s=1)
    scene.order(analysis_fps=50.0)
    after = scene.until(lambda result: result["captured_at"] > cut_at and followed(result))
    assert after["scene"] == before["scene"] + 1
    assert followed(after)[0] > followed(before)[0] > 0


def test_where_every_frame_is_a_cut_no_more_are_analysed_and_none_later(scene: Scene) -> None:
    scene.order(analysis_fps=5.0)
    scene.rest()
    views, asked, began = (picture(1), other_view()), len(scene.engine.requests), time.monotonic()
    while time.monotonic() < began + 2:
        scene.jpeg = views[scene.jpeg is views[0]]
        time.sleep(0.02)
    analysed, took_s = len(scene.engine.requests) - asked, time.monotonic() - began
    assert 5 < analysed <= 5 * took_s + 3
    asked = len(scene.engine.requests)
    scene.jpeg = picture(88888888)
    wait_for(lambda: len(scene.engine.requests) > asked + 1, timeout_s=3)


@pytest.mark.parametrize(
    "changes",
    [
        {"options": ("faces", "objects")},
        {"object_min_score": 0.3},
        {"object_labels": ("cat",)},
        {"pairs": True},
    ],
)
def test_another_question_is_asked_though_nothing_moves(
    scene: Scene, changes: dict[str, Any]
) -> None:
    asked = scene.rest()
    scene.order(**changes)
    wait_for(lambda: len(scene.engine.requests) > asked, timeout_s=1)
    result, jpeg = newest(scene.results)
    assert result["options"] == list(scene.orders.options)
    assert bool(jpeg) is scene.orders.pairs


def test_switched_off_and_on_again_it_is_asked_anew(scene: Scene) -> None:
    asked = scene.rest()
    scene.order(options=())
    scene.order(options=("faces",))
    wait_for(lambda: len(scene.engine.requests) > asked, timeout_s=1)


def test_after_a_failure_no_result_stands(scene: Scene) -> None:
    scene.rest()
    scene.engine.answer = {**SIZE, "problems": {"faces": "the model is missing"}}
    scene.order(object_min_score=0.4)
    wait_for(lambda: scene.analyzer.problem)
    assert scene.analyzer.problem == "the model is missing"
    asked = len(scene.engine.requests)
    wait_for(lambda: len(scene.engine.requests) > asked, timeout_s=3)
    while not scene.results.empty():
        scene.results.get()
    time.sleep(0.8)
    assert scene.results.empty()
    scene.engine.answer = {**SIZE, "faces": [FACE]}
    wait_for(lambda: scene.analyzer.problem is None, timeout_s=3)
    assert newest(scene.results)[0]["faces"]


def test_what_is_loaded_in_a_moment_is_asked_for_though_nothing_moves(scene: Scene) -> None:
    partial = {**SIZE, "faces": [FACE], "problems": {"objects": "is being loaded"}}
    scene.engine.answer = {**partial, "loading": True}
    scene.order(options=("faces", "objects"))
    wait_for(lambda: scene.analyzer.problem == "is being loaded")
    asked = len(scene.engine.requests)
    time.sleep(1.5)
    assert len(scene.engine.requests) > asked + 20
    scene.engine.answer = {**SIZE, "faces": [FACE], "objects": [CAT]}
    wait_for(lambda: scene.analyzer.problem is None, timeout_s=1)
    assert newest(scene.results)[0]["objects"]


def test_that_the_engine_starts_is_told_and_not_logged_and_why_it_does_not_is(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.order(engine_address=None)
    wait_for(lambda: scene.analyzer.problem == "the engine is starting")
    assert "degraded" not in caplog.text
    scene.order(engine_problem="the engine cannot start: no memory")
    wait_for(lambda: "degraded: the engine cannot start: no memory" in caplog.text)


def test_a_scene_rests_though_a_part_of_the_results_is_missing(scene: Scene) -> None:
    scene.engine.answer = {**SIZE, "faces": [FACE], "problems": {"objects": "no model"}}
    scene.order(options=("faces", "objects"))
    scene.rest()
    assert scene.analyzer.problem == "no model"
    result, _ = newest(scene.results)
    assert result["faces"] and result["objects"] is None


def test_a_failure_that_comes_after_the_options_went_off_is_not_kept(scene: Scene) -> None:
    scene.rest()
    answering, may_answer = threading.Event(), threading.Event()

    def think() -> None:
        answering.set()
        may_answer.wait(5)

    scene.engine.think = think
    scene.engine.answer = {**SIZE, "problems": {"faces": "too late"}}
    scene.order(object_min_score=0.4)
    assert answering.wait(5)
    scene.order(options=())
    may_answer.set()
    time.sleep(0.3)
    assert scene.analyzer.problem is None


KIND = {"model": "m-1", "precision": "fp32", "alignment": "landmarks-68"}
TOLD = {"quality": 0.8, "flaws": [], "usable": True, "vector": b"1234", "crop": None}
BIG_FACE = {**FACE, "box": [10.0, 10.0, 40.0, 40.0], "look": TOLD}


class Embedding(Engine):
    """Embeds the only face whenever its place is not settled."""

    def __init__(self) -> None:
        super().__init__()
        self.think = self._decide
        self.face = BIG_FACE
        self._decide_for([])

    def _decide(self) -> None:
        self._decide_for(self.requests[-1]["settled"])

    def _decide_for(self, settled: list[list[float]]) -> None:
        face = {**self.face, "look": {**TOLD, "vector": None}} if settled else self.face
        self.answer = {**SIZE, "faces": [face], "kind": KIND}


@pytest.fixture
def recognising() -> Iterator[Scene]:
    engine = Embedding()
    scene = Scene(engine)
    scene.order(options=("recognition",))
    yield scene
    scene.close()
    engine.close()


def test_a_quiet_scene_is_looked_at_until_its_face_can_be_decided(recognising: Scene) -> None:
    wait_for(lambda: len(recognising.seen) == 3, timeout_s=5)
    assert not recognising.engine.requests[0]["crops"]
    (track_id,) = {track for seen in recognising.seen for track in seen["faces"]}
    recognising.rest()
    result, _ = newest(recognising.results)
    (face,) = result["faces"]
    assert face["track_id"] == track_id
    assert face["identity"]["state"] == "undecided"
    assert "vector" not in face and "look" not in face
    assert recognising.seen[0] == {"kind": KIND, "faces": {track_id: TOLD}}


def test_crops_are_asked_for_where_unknown_faces_are_kept(recognising: Scene) -> None:
    recognising.order(keep_unknown=True)
    wait_for(lambda: recognising.engine.requests and recognising.engine.requests[-1]["crops"])


def test_asked_anew_the_hub_is_told_all_again(recognising: Scene) -> None:
    wait_for(lambda: len(recognising.seen) == 3)
    recognising.rest()
    told = len(recognising.seen)
    recognising.order(options=("faces", "recognition"))
    wait_for(lambda: len(recognising.seen) >= told + 3, timeout_s=5)


def test_frames_are_looked_at_in_full_now_and_then_and_less_closely_in_between(
    scene: Scene,
) -> None:
    wait_for(lambda: scene.engine.requests)
    assert scene.engine.requests[-1]["focus"] is None
    assert scene.analyzer.sight(time.monotonic()) is None
    answer = {**SIZE, "faces": [FACE], "objects": [], "face_long_side": 192}
    scene.engine.answer = answer
    scene.engine.think = lambda: answer.update(whole=_focus(scene)["whole"])
    scene.order(adaptive_resolution=True)
    views = itertools.cycle((picture(1), picture(88888888)))

    def asked(condition: Callable[[list[dict[str, Any]]], Any]) -> Callable[[], Any]:
        def met() -> Any:
            scene.jpeg = next(views)  # something moves
            return condition([one["focus"] for one in scene.engine.requests if one["focus"]])

        return met

    wait_for(asked(lambda looks: sum(look["whole"] for look in looks) > 2))
    looks = [one["focus"] for one in scene.engine.requests if one["focus"]]
    assert (looks[0]["whole"], looks[0]["closer"], looks[0]["faces"]) == (True, True, [])
    assert sum(look["whole"] for look in looks) < len(looks) / 3
    assert [round(side) for side in looks[1]["faces"][0]] == [1, 2, 3, 4]
    sight = scene.analyzer.sight(time.monotonic())
    assert sight is not None
    assert sight.face_long_side == 192 and 0 < sight.full_fps < 5
    assert sight.closer_fps == 0  # it was allowed, and the engine did not need it
    assert {look["shown_from"] for look in looks} == {scene.orders.object_min_score}


def test_a_scene_rests_once_a_full_look_has_shown_what_a_small_one_missed(scene: Scene) -> None:
    def think() -> None:
        whole = _focus(scene)["whole"]
        found = {"faces": [FACE] if whole else [], "objects": [], "whole": whole}
        scene.engine.answer = {**SIZE, **found, "closer_needed": True}

    scene.engine.think = think
    scene.order(adaptive_resolution=True, options=("faces", "objects"))
    wait_for(lambda: sum(not one["focus"]["whole"] for one in scene.engine.requests[1:]) > 3)
    scene.rest()
    result, _ = newest(scene.results)
    assert len(result["faces"]) == 1


def _focus(scene: Scene) -> dict[str, Any]:
    """Return how closely the newest request wants to look."""
    return dict(scene.engine.requests[-1]["focus"] or {"whole": True})
