"""Adding a network camera on the page: it is shown, or the cause is; its password is nowhere."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from urllib.parse import quote

import psutil
import pytest
from playwright.sync_api import Page, expect

from convergecast.protocol.command_line import PROGRAM
from tests.browser.conftest import Watched
from tests.browser.test_dashboard import tile, wait_painted
from tests.support.odd_cameras import PASSWORD, SIZE, USER
from tests.support.rig import Rig
from tests.support.rtsp_cameras import camera_process

pytestmark = [pytest.mark.browser, pytest.mark.shared_hub]

BACK_MS = 5000
TRIED_MS = 12_000


def open_form(page: Page) -> None:
    """Open the dialog where a network camera is added; the hub has no camera yet."""
    page.get_by_test_id("add-network").click()


def fill(
    page: Page, address: str, user: str = "", password: str = "", form: str = "network"
) -> None:
    page.get_by_test_id(f"{form}-address").fill(address)
    page.get_by_test_id(f"{form}-user").fill(user)
    page.get_by_test_id(f"{form}-password").fill(password)
    page.get_by_test_id(f"{form}-submit").click()


def secrets() -> list[bytes]:
    whole = [PASSWORD.encode(), quote(PASSWORD, safe="").encode()]
    return [*whole, b"p@ss", b"p%40ss", b"w#rd", b"w%23rd"]


def test_a_camera_is_added_and_its_password_is_nowhere(watched: Watched, rig: Rig) -> None:
    assert all(letter in PASSWORD for letter in "@:/#%")
    page = watched.sign_in()
    answers: list[bytes] = []
    page.on("response", lambda answer: answers.append(_body(answer)))
    with camera_process() as (_, port):
        open_form(page)
        fill(page, f"rtsp://127.0.0.1:{port}/digest", USER, "wrong")
        problem = page.get_by_test_id("network-problem")
        expect(problem).to_have_text(
            f"rtsp://127.0.0.1:{port}/digest refuses this password.", timeout=TRIED_MS
        )
        expect(page.get_by_test_id("network-keep")).to_be_visible()
        fill(page, f"rtsp://127.0.0.1:{port}/nothing", USER, PASSWORD)
        expect(problem).to_contain_text("the camera has no such path", timeout=TRIED_MS)
        fill(page, "rtsp://127.0.0.1:9/live")
        expect(problem).to_contain_text(
            "nothing answers at rtsp://127.0.0.1:9/live", timeout=TRIED_MS
        )
        assert rig.cameras() == []

        fill(page, f"rtsp://127.0.0.1:{port}/digest", USER, PASSWORD)
        camera = tile(page, f"127.0.0.1:{port}")
        expect(camera).to_have_attribute("data-state", "online", timeout=TRIED_MS)
        (shown,) = rig.cameras()
        assert (shown["width"], shown["height"]) == SIZE
        wait_painted(page, shown["id"])

        texts = [page.content().encode(), *answers]
        texts += [rig.request("GET", path).content for path in ("/api/v1/cameras", "/api/v1/audit")]
        typed = "Array.from(document.querySelectorAll('input'), (each) => each.value).join()"
        texts.append(str(page.evaluate(typed)).encode())
        for process in psutil.Process(rig.hub.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                texts.append(str([process.cmdline(), process.environ()]).encode())
        texts += [path.read_bytes() for path in rig.folder.rglob("*") if path.is_file()]
        assert not [secret for secret in secrets() for text in texts if secret in text]
    only_refusals(watched)


def _body(answer: object) -> bytes:
    with contextlib.suppress(Exception):
        return bytes(answer.body())  # type: ignore[attr-defined]
    return b""


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process")
def test_a_camera_that_froze_or_started_again_is_live_within_seconds(page: Page, rig: Rig) -> None:
    with camera_process() as (process, port):
        rig.request("POST", "/api/v1/cameras", json={"source": f"rtsp://127.0.0.1:{port}/live"})
        camera = tile(page, f"127.0.0.1:{port}")
        expect(camera).to_have_attribute("data-state", "online", timeout=TRIED_MS)
        process.send_signal(signal.SIGSTOP)
        expect(camera).not_to_have_attribute("data-state", "online", timeout=30_000)
        process.send_signal(signal.SIGCONT)
        expect(camera).to_have_attribute("data-state", "online", timeout=BACK_MS)
    expect(camera.get_by_test_id("tile-state")).to_contain_text("nothing answers", timeout=15_000)
    time.sleep(BACK_MS / 1000)  # so long that the pauses between tries are at their longest
    with camera_process(port):
        expect(camera).to_have_attribute("data-state", "online", timeout=BACK_MS)
        wait_painted(page, rig.cameras()[0]["id"])


def test_another_source_and_the_dialogs_tabs(watched: Watched, rig: Rig) -> None:
    page = watched.sign_in()
    with camera_process() as (_, port):
        page.get_by_test_id("add-elsewhere").click()
        expect(page.get_by_test_id("add-camera")).to_contain_text("listens on this computer only")
        expect(page.get_by_test_id("agent-command")).to_contain_text(
            f"{PROGRAM} serve --host 0.0.0.0"
        )
        open_form(page)
        page.get_by_test_id("found-look").click()
        expect(page.get_by_test_id("found-words")).to_contain_text("no cameras are looked for")
        rig.request("POST", "/api/v1/cameras", json={"source": f"rtsp://127.0.0.1:{port}/live"})
        camera = tile(page, f"127.0.0.1:{port}")
        expect(camera).to_have_attribute("data-state", "online", timeout=TRIED_MS)

        page.get_by_test_id("add-camera-button").click()
        dialog = page.get_by_test_id("add-camera-dialog")
        dialog.get_by_test_id("add-network").click()
        fill(page, f"127.0.0.1:{port}/every3s")  # without a scheme
        expect(dialog.get_by_test_id("network-progress")).to_contain_text("Trying the camera")
        expect(dialog.get_by_test_id("network-added")).to_have_text(
            f"127.0.0.1:{port} is added.", timeout=TRIED_MS
        )
        expect(dialog.get_by_test_id("network-picture")).to_be_visible()
        page.keyboard.press("Escape")

        camera.first.hover()
        camera.first.get_by_test_id("tile-menu").click()
        page.get_by_test_id("menu-source").click()
        expect(page.get_by_test_id("source-dialog")).to_contain_text(f"127.0.0.1:{port}/live")
        fill(page, f"rtsp://127.0.0.1:{port}/missing", form="source")
        expect(page.get_by_test_id("source-problem")).to_contain_text(
            "has no such path", timeout=TRIED_MS
        )
        fill(page, f"rtsp://127.0.0.1:{port}/basic", USER, PASSWORD, form="source")
        expect(page.get_by_test_id("source-dialog")).to_have_count(0, timeout=TRIED_MS)
        sources = {each["source"].rpartition("/")[2] for each in rig.cameras()}
        assert sources == {"basic", "every3s"}
    only_refusals(watched)


def only_refusals(watched: Watched) -> None:
    """The browser complains of what the hub refuses, and of nothing else."""
    assert [text for text in watched.complaints if "status of 422" not in text] == []
