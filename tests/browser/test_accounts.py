"""The page Accounts as people use it, on a real hub: the first account, roles, sessions, tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import bson
import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched
from tests.support.rig import Rig

pytestmark = pytest.mark.browser

PASSWORD, OTHER = "four words that differ", "and four quite new ones"
ROOT = "root"
DOOR, GARAGE = "Front door", "Garage"
REFUSED = [f"status of {status}" for status in (400, 401, 403, 404, 409, 503)]
CLOSED = "1008"  # the socket of a session that ended
UNLABELLED = """() => [...document.querySelectorAll('input, select, button')]
  .filter((it) => it.checkVisibility() && it.getAttribute('aria-hidden') !== 'true')
  .filter((it) => !(it.labels?.length || it.getAttribute('aria-label') || it.textContent.trim()))
  .map((it) => it.outerHTML)"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A hub with two cameras, without an account."""
    rig = Rig(tmp_path_factory.mktemp("accounts-page"))
    rig.start_feeder(2, 2)
    for camera, name in zip(rig.wait_online(2), (DOOR, GARAGE), strict=True):
        rig.request("PATCH", f"/api/v1/cameras/{camera['id']}", json={"name": name})
    yield rig
    rig.close()


class Person:
    """Somebody with a browser of one's own."""

    def __init__(self, browser: Browser, hub: Rig, **context: object) -> None:
        self._watched = Watched(
            browser, hub, **{"viewport": {"width": 1280, "height": 800}, **context}
        )
        self.page = self._watched.page
        self.page.set_default_timeout(15_000)
        self.url = hub.url

    def sign_in(self, name: str, password: str = PASSWORD) -> Page:
        """Fill in the form of the sign-in, and wait for the dashboard."""
        self.page.goto(f"{self.url}/login")
        self.page.get_by_test_id("login-name").fill(name)
        self.page.get_by_test_id("login-password").fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.url}/")
        return self.page

    def open(self, name: str = "") -> Page:
        """Open the page Accounts, signed in by an account or by the administrator's token."""
        if name:
            form: dict[str, str | float | bool] = {"name": name, "password": PASSWORD}
            assert self.page.request.post(f"{self.url}/login", form=form).ok
        else:
            self._watched.trade_token()
        self.page.goto(f"{self.url}/accounts")
        self.page.get_by_test_id("connection").filter(has_text="live").wait_for()
        return self.page

    def close(self) -> None:
        """Nothing but what the hub refused may have been complained about."""
        self._watched.context.close()
        refused = (*REFUSED, CLOSED)
        complaints = self._watched.complaints
        assert [text for text in complaints if not any(word in text for word in refused)] == []


@pytest.fixture
def person(browser: Browser, hub: Rig) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def come(**context: object) -> Person:
        people.append(Person(browser, hub, **context))
        return people[-1]

    yield come
    for each in people:
        each.close()


@pytest.fixture
def root(hub: Rig, person: Callable[..., Person]) -> Page:
    """The page Accounts of an administrator, whose account is the only one."""
    found = [each["name"] for each in hub.get("/api/v1/users")["users"]]
    if ROOT not in found:
        add(hub, ROOT, "admin")
    for name in found:
        if name != ROOT:
            assert hub.request("DELETE", f"/api/v1/users/{name}").status_code == 204
    assert hub.request("DELETE", "/api/v1/sessions").status_code == 204
    return person().open(ROOT)


def add(hub: Rig, name: str, role: str, cameras: list[str] | None = None) -> None:
    order = {"name": name, "password": PASSWORD, "role": role, "cameras": cameras}
    answer = hub.request("POST", "/api/v1/users", json=order)
    assert answer.status_code == 201, answer.text


def camera_id(hub: Rig, name: str) -> str:
    return next(str(each["id"]) for each in hub.cameras() if each["name"] == name)


def signed_in(hub: Rig, name: str, password: str = PASSWORD) -> requests.Session:
    """Return another browser of the same account."""
    browser = requests.Session()
    form = {"name": name, "password": password}
    assert browser.post(f"{hub.url}/login", data=form, timeout=10).url == f"{hub.url}/"
    return browser


def account(page: Page, name: str) -> Locator:
    return page.get_by_test_id("account").filter(has_text=name)


def choose(page: Page, name: str, item: str) -> None:
    account(page, name).get_by_test_id("account-menu").click()
    page.get_by_test_id(f"menu-{item}").click()


def test_the_first_account(hub: Rig, person: Callable[..., Person]) -> None:
    somebody = person()
    page = somebody.open()
    first = page.get_by_test_id("first-account")
    expect(first).to_contain_text("Nobody has an account yet")
    expect(page.get_by_test_id("accounts-part")).to_be_hidden()
    expect(page.get_by_test_id("change-password")).to_be_hidden()
    first.get_by_test_id("add-first").press("Enter")
    dialog = page.get_by_test_id("account-dialog")
    expect(dialog.get_by_test_id("account-name")).to_be_focused()
    expect(dialog).to_contain_text("8 characters or more")
    expect(dialog.get_by_test_id("account-role-viewer")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(dialog.get_by_test_id("account-name-problem")).to_have_text("Enter a name.")
    expect(dialog.get_by_test_id("account-password-problem")).to_have_text("Enter a password.")
    page.keyboard.type("Ann a")
    page.keyboard.press("Enter")
    expect(dialog.get_by_test_id("account-name-problem")).to_contain_text("letters (a to z)")
    dialog.get_by_test_id("account-name").fill(ROOT)
    dialog.get_by_test_id("account-password").fill("password123")
    page.keyboard.press("Enter")
    flaw = dialog.get_by_test_id("account-password-problem")
    expect(flaw).to_contain_text("among the first that anybody would try")
    dialog.get_by_test_id("account-password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("own-said")).to_have_text(f"{ROOT} can sign in now.")
    expect(page.get_by_test_id("own-meaning")).to_contain_text("with the administrator token")
    expect(first).to_be_hidden()
    expect(page.get_by_test_id("own-sign-out")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{hub.url}/login")
    somebody.sign_in(ROOT)
    page.get_by_test_id("page-accounts").click()
    expect(page.get_by_test_id("own-name")).to_have_text(ROOT)
    expect(page.get_by_test_id("own-rights")).to_have_text("Administrator · all cameras")
    expect(account(page, ROOT)).to_contain_text("1 session")
    expect(page.get_by_test_id("first-account")).to_be_hidden()


def test_an_operator_with_one_camera(
    hub: Rig, root: Page, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    root.get_by_test_id("add-account").click()
    dialog = root.get_by_test_id("account-dialog")
    dialog.get_by_test_id("account-name").fill("bob")
    dialog.get_by_test_id("account-password").fill(PASSWORD)
    dialog.get_by_test_id("account-role-operator").check()
    dialog.get_by_test_id("account-cameras-some").check()
    root.keyboard.press("Enter")
    expect(dialog.get_by_test_id("account-cameras-problem")).to_be_visible()
    dialog.get_by_label(DOOR).check()
    root.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(root.get_by_test_id("add-account")).to_be_focused()
    expect(account(root, "bob").get_by_test_id("entry-facts")).to_have_text(
        f"Operator · {DOOR} · no sessions"
    )

    page = person().sign_in("bob")
    expect(page.get_by_test_id("tile-name")).to_have_text([DOOR])
    expect(page.get_by_test_id("page-faces")).to_have_count(0)
    page.get_by_test_id("page-accounts").click()
    expect(page.get_by_test_id("own-rights")).to_have_text(f"Operator · {DOOR}")
    for absent in ("accounts-part", "other-sessions-part", "add-account", "account"):
        expect(page.get_by_test_id(absent)).to_have_count(0)
    assert GARAGE not in page.content()

    root.reload()
    sessions = root.get_by_test_id("others-sessions").get_by_test_id("session")
    began = time.monotonic()
    sessions.filter(has_text="bob").get_by_test_id("end-session").click()
    page.wait_for_url(f"{hub.url}/login")
    ended_s = time.monotonic() - began
    with capsys.disabled():
        print(f" at the sign-in after {ended_s:.2f} s", end="")
    assert ended_s < 2
    expect(sessions.filter(has_text="bob")).to_have_count(0)
    # A changed list ends sessions too; what is not in it does not exist.
    choose(root, "bob", "rights")
    expect(dialog.get_by_test_id("account-role-operator")).to_be_focused()
    dialog.get_by_label(GARAGE).check()
    dialog.get_by_label(DOOR).uncheck()
    root.keyboard.press("Enter")
    expect(account(root, "bob")).to_contain_text(f"Operator · {GARAGE}")
    root.get_by_test_id("changes-fold").locator("summary").click()
    changes = root.get_by_test_id("change")
    expect(changes.first).to_contain_text(re.compile(f"account bob: changed.*{GARAGE}.*by {ROOT}"))
    expect(changes.filter(has_text="session: signed in").first).to_contain_text("from 127.0.0.1")


@pytest.mark.parametrize(("opened", "form"), [("add-account", "account"), ("make-token", "token")])
def test_an_administrator_chooses_no_cameras_though_one_changes_meanwhile(
    hub: Rig, root: Page, opened: str, form: str
) -> None:
    garage = f"/api/v1/cameras/{camera_id(hub, GARAGE)}"
    root.get_by_test_id(opened).click()
    dialog = root.get_by_test_id(f"{form}-dialog")
    expect(dialog.get_by_test_id(f"{form}-cameras-all")).to_be_visible()
    dialog.get_by_test_id(f"{form}-cameras-some").check()
    dialog.get_by_test_id(f"{form}-role-admin").check()
    root.keyboard.press("Enter")
    expect(dialog.get_by_test_id(f"{form}-name-problem")).to_be_visible()
    expect(dialog.get_by_test_id(f"{form}-cameras-problem")).to_be_empty()
    for name in ("Shed", GARAGE):
        hub.request("PATCH", garage, json={"name": name}).raise_for_status()
        expect(dialog.get_by_test_id(f"{form}-camera").filter(has_text=name)).to_have_count(1)
        expect(dialog.get_by_test_id(f"{form}-cameras-all")).to_be_hidden()
    dialog.get_by_test_id(f"{form}-role-viewer").check()
    expect(dialog.get_by_test_id(f"{form}-cameras-all")).to_be_visible()


def test_a_camera_that_waits_for_approval_is_told_by_its_name(hub: Rig, root: Page) -> None:
    agent = {"ipaddress": "127.0.0.1", "ports": 9, "name": "Cellar"}
    requests.post(f"{hub.url}/server/", data=bson.encode(agent), timeout=5).raise_for_status()
    cellar = f"/api/v1/cameras/{camera_id(hub, 'Cellar')}"
    root.get_by_test_id("add-account").click()
    dialog = root.get_by_test_id("account-dialog")
    dialog.get_by_test_id("account-name").fill("bob")
    dialog.get_by_test_id("account-password").fill(PASSWORD)
    dialog.get_by_test_id("account-cameras-some").check()
    dialog.get_by_label("Cellar").check()
    root.keyboard.press("Enter")
    facts = account(root, "bob").get_by_test_id("entry-facts")
    expect(facts).to_have_text("Viewer · Cellar · no sessions")
    root.get_by_test_id("changes-fold").locator("summary").click()
    expect(root.get_by_test_id("change").first).to_contain_text("viewer; cameras Cellar")
    hub.request("DELETE", cellar).raise_for_status()
    expect(facts).to_have_text("Viewer · no camera · no sessions")


def test_the_own_password(hub: Rig, root: Page) -> None:
    elsewhere = signed_in(hub, ROOT)
    change = root.get_by_test_id("change-password")
    change.press("Enter")
    dialog = root.get_by_test_id("password-dialog")
    current, new = (dialog.get_by_test_id(f"password-{name}") for name in ("current", "new"))
    expect(current).to_be_focused()
    expect(current).to_have_attribute("autocomplete", "current-password")
    expect(new).to_have_attribute("autocomplete", "new-password")
    expect(dialog).to_contain_text("ends your other sessions")
    current.fill("four words that are wrong")
    new.fill(OTHER)
    root.keyboard.press("Enter")
    expect(dialog.get_by_test_id("password-current-problem")).to_have_text(
        "The current password is wrong."
    )
    expect(current).to_be_focused()
    expect(new).to_have_value(OTHER)
    current.fill(PASSWORD)
    new.fill("aaaaaaaaaaaa")
    root.keyboard.press("Enter")
    expect(dialog.get_by_test_id("password-new-problem")).to_contain_text("choose another")
    new.fill(OTHER)
    assert elsewhere.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 200
    root.keyboard.press("Enter")
    expect(root.get_by_test_id("own-said")).to_contain_text("Your password is changed")
    expect(change).to_be_focused()
    assert elsewhere.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 401
    change.click()
    for field, value in ((current, OTHER), (new, PASSWORD)):
        expect(field).to_have_value("")
        field.fill(value)
    root.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    signed_in(hub, ROOT)


def test_the_own_sessions(hub: Rig, root: Page) -> None:
    others = [signed_in(hub, ROOT) for _ in range(2)]
    root.reload()
    own = root.get_by_test_id("own-sessions").get_by_test_id("session")
    expect(own.filter(has_text="this browser")).to_have_count(1)
    expect(own.filter(has_text="this browser")).to_contain_text("from 127.0.0.1 · since")
    expect(own.filter(has_text="python-requests")).to_have_count(2)
    own.filter(has_text="python-requests").first.get_by_test_id("end-session").press("Enter")
    expect(own.filter(has_text="python-requests")).to_have_count(1)
    expect(root.get_by_test_id("own-sessions").get_by_test_id("end-session").first).to_be_focused()
    statuses = [each.get(f"{hub.url}/api/v1/me", timeout=5).status_code for each in others]
    assert sorted(statuses) == [200, 401]
    root.get_by_test_id("end-others").click()
    expect(own).to_have_count(1)
    expect(root.get_by_test_id("end-others")).to_be_hidden()
    assert all(each.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 401 for each in others)


def test_a_token_for_home_automation(hub: Rig, root: Page, person: Callable[..., Person]) -> None:
    add(hub, "bob", "operator", [camera_id(hub, DOOR)])
    page = person().open("bob")
    page.get_by_test_id("make-token").click()
    dialog, made = page.get_by_test_id("token-dialog"), page.get_by_test_id("made-dialog")
    expect(dialog.get_by_test_id("token-role-admin")).to_be_hidden()
    expect(dialog.get_by_test_id("token-role-operator")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_test_id("token-name-problem")).to_contain_text("what it is for")
    page.keyboard.type("<b>Kitchen</b> & tablet")
    page.keyboard.press("Enter")
    expect(made.get_by_test_id("made-once")).to_have_text("Copy it now: it is not shown again.")
    expect(made.get_by_test_id("copy-token")).to_be_focused()
    expect(made.get_by_test_id("made-camera")).to_be_hidden()
    token = made.get_by_test_id("made-token").inner_text()
    line = made.get_by_test_id("made-line").inner_text()
    assert line.startswith(f"http://token:{token}@127.0.0.1:")
    with requests.get(line, stream=True, timeout=10) as stream:
        assert stream.status_code == 200
        assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
    snapshot = line.replace("stream.mjpg", "snapshot.jpg")
    picture = requests.get(snapshot, timeout=10)
    assert picture.status_code == 200 and picture.content.startswith(b"\xff\xd8")
    other = snapshot.replace(camera_id(hub, DOOR), camera_id(hub, GARAGE))
    assert requests.get(other, timeout=10).status_code == 404
    made.get_by_test_id("made-close").click()
    expect(made).to_have_count(0)
    assert token not in page.content()
    row = page.get_by_test_id("token")
    expect(row).to_contain_text("<b>Kitchen</b> & tablet")
    expect(row).to_contain_text(re.compile(rf"Viewer · {DOOR} · made \d\d:\d\d · expires \d+ \w+"))
    row.get_by_test_id("revoke-token").click()
    page.keyboard.press("Escape")
    expect(row.get_by_test_id("revoke-token")).to_be_focused()
    row.get_by_test_id("revoke-token").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("no-tokens")).to_have_text("There is none yet.")
    expect(page.get_by_test_id("make-token")).to_be_focused()
    assert requests.get(snapshot, timeout=10).status_code == 401
    assert urlsplit(snapshot).password == token


def test_the_last_administrator_and_what_another_has_changed(hub: Rig, root: Page) -> None:
    choose(root, ROOT, "remove")
    expect(root.get_by_test_id("confirm")).to_contain_text("Its 1 session and its API tokens end")
    root.get_by_test_id("confirm-yes").click()
    last = f"{ROOT} is the last administrator: make another one first."
    expect(account(root, ROOT).get_by_test_id("entry-problem")).to_have_text(last)
    choose(root, ROOT, "rights")
    root.get_by_test_id("account-role-viewer").check()
    root.keyboard.press("Enter")
    expect(root.get_by_test_id("account-problem")).to_have_text(last)
    root.keyboard.press("Escape")
    expect(account(root, ROOT).get_by_test_id("account-menu")).to_be_focused()

    add(hub, "eve", "viewer")
    root.get_by_test_id("add-account").click()
    root.get_by_test_id("account-name").fill("EVE")
    root.get_by_test_id("account-password").fill(PASSWORD)
    root.keyboard.press("Enter")
    taken = root.get_by_test_id("account-name-problem")
    expect(taken).to_have_text("There is an account called EVE already.")
    root.keyboard.press("Escape")
    expect(account(root, "eve")).to_be_visible()
    eve = signed_in(hub, "eve")
    root.reload()
    expect(account(root, "eve")).to_contain_text("1 session")
    choose(root, "eve", "end")
    expect(account(root, "eve")).to_contain_text("no sessions")
    assert eve.get(f"{hub.url}/api/v1/me", timeout=5).status_code == 401
    account(root, "eve").get_by_test_id("account-menu").click()
    assert hub.request("DELETE", "/api/v1/users/eve").status_code == 204
    root.get_by_test_id("menu-remove").click()
    root.get_by_test_id("confirm-yes").click()
    expect(root.get_by_test_id("accounts-said")).to_have_text("There is no such account.")
    expect(account(root, "eve")).to_have_count(0)
    expect(account(root, ROOT).get_by_test_id("account-menu")).to_be_focused()


def test_a_request_that_fails_is_said_and_tried_again(root: Page) -> None:
    said = {"error": "unavailable", "message": "The database cannot be read now."}
    root.route("**/api/v1/me", lambda route: route.fulfill(status=503, json=said))
    root.reload()
    trouble = root.get_by_test_id("accounts-trouble")
    expect(trouble).to_have_text("The database cannot be read now.")
    expect(root.get_by_test_id("own-part")).to_be_hidden()
    root.unroute("**/api/v1/me")
    root.get_by_test_id("accounts-retry").click()
    expect(root.get_by_test_id("own-name")).to_have_text(ROOT)
    expect(trouble).to_be_hidden()


def test_it_fits_a_phone(hub: Rig, root: Page, person: Callable[..., Person]) -> None:
    add(hub, "a" * 40, "operator", [camera_id(hub, DOOR), camera_id(hub, GARAGE)])
    order = {"cameras": [camera_id(hub, DOOR)], "option": "objects", "on": True}
    hub.request("POST", "/api/v1/cameras/options", json=order).raise_for_status()
    page = person(viewport={"width": 360, "height": 740}).open(ROOT)
    expect(page.get_by_test_id("account")).to_have_count(2)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        cut = "(it) => it.scrollWidth <= it.clientWidth"
        for dialog in page.locator("dialog[open]").all():
            assert dialog.evaluate(cut), "something is cut off"
        assert page.evaluate(UNLABELLED) == []

    fits()
    live, out = (page.get_by_test_id(name).bounding_box() for name in ("connection", "sign-out"))
    links = page.locator(".pages").bounding_box()
    aligned = page.get_by_test_id("aligned").bounding_box()
    assert live and out and links and aligned
    assert links["x"] + links["width"] <= aligned["x"]
    assert aligned["x"] + aligned["width"] <= live["x"]
    assert live["x"] + live["width"] <= out["x"]
    for name in ("add-account", "change-password", "make-token"):
        page.get_by_test_id(name).click()
        page.locator("dialog[open]").wait_for()
        fits()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id(name)).to_be_focused()
    page.get_by_test_id("make-token").click()
    page.get_by_test_id("token-name").fill("W" * 80)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("made-dialog")).to_be_visible()
    fits()
    page.get_by_test_id("made-close").click()
    choose(page, "a" * 40, "remove")
    fits()
    page.get_by_test_id("confirm-no").click()
