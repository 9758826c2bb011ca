"""Views: one's own, shared ones, and what callers with less than all cameras see of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
import pytest
from flask import Flask

from convergecast.auth.access import Role
from convergecast.auth.accounts import Accounts
from convergecast.auth.agent_token import agent_token
from convergecast.auth.passwords import Passwords
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.hub import Hub
from convergecast.storage.audit import newest
from convergecast.web.app import create_app
from tests.contract import Contract
from tests.support.callers import CHEAP, TESTER

TOKEN = "an administrator's token"
VIEWS = "/api/v1/views"


@dataclass
class House:
    """A hub with two cameras, `gate` and `yard`, and accounts that ask for views."""

    hub: Hub
    app: Flask
    gate: str
    yard: str
    contract: Contract

    def ask(self, who: str, views: object = None, *, bearer: str = "") -> Any:
        """Return the answer to GET, or to PUT where there are views."""
        services = self.hub.services
        headers = {"Origin": "http://localhost"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        else:
            account = services.gate.accounts.get(who)
            cookie = services.gate.sessions.add(account.owner, account.version, TESTER)
            headers["Cookie"] = f"{services.guard.cookie}={cookie}"
        client = self.app.test_client(use_cookies=False)
        if views is None:
            method, answer = "GET", client.get(VIEWS, headers=headers)
        else:
            method, answer = "PUT", client.put(VIEWS, json={"views": views}, headers=headers)
        kind = answer.headers.get("Content-Type", "")
        self.contract.check(method, VIEWS, answer.status_code, kind, answer.get_data())
        return answer

    def views(self, who: str, *, bearer: str = "") -> Any:
        return self.ask(who, bearer=bearer).get_json()["views"]

    def names(self, who: str) -> list[str]:
        return [view["name"] for view in self.views(who)]

    def token(self, who: str, role: Role, cameras: list[str] | None = None) -> str:
        owner = self.hub.services.gate.accounts.get(who).owner
        listed = None if cameras is None else frozenset(cameras)
        return self.hub.services.gate.tokens.add(owner, "t", role, listed, None, TESTER)[1]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    hub.services.supervisor.stop()  # approved cameras get no worker here
    app, cameras = create_app(hub.services), list[str]()
    for number in (1, 2):
        form = {"ipaddress": "127.0.0.1", "ports": 5000 + number, "agent_id": f"a{number}"}
        form["token"] = agent_token(hub.services.database)
        answer = app.test_client().post("/server/", data=bson.encode(form))
        cameras.append(str(bson.decode(answer.data)["camera_id"]))
    cheap = Accounts(hub.services.database, SystemClock(), Passwords(CHEAP))
    words = "four words that differ"
    cheap.add("root", words, Role.ADMIN, by=TESTER)
    cheap.add("oscar", words, Role.OPERATOR, by=TESTER)
    cheap.add("vera", words, Role.VIEWER, by=TESTER)
    cheap.add("guest", words, Role.VIEWER, [cameras[0]], by=TESTER)
    hub.services.gate.refresh()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    document = app.test_client().get("/api/openapi.json", headers=bearer).get_json()
    gate, yard = cameras
    yield House(hub, app, gate, yard, Contract(document))
    hub.close()


def view(name: str, *cameras: str, **more: object) -> dict[str, Any]:
    return {"name": name, "cameras": list(cameras), "columns": 2, "shape": 1.5, **more}


def test_views_are_kept_in_their_order_and_are_ones_own(house: House) -> None:
    assert house.views("vera") == []
    mine = [
        view("Night", house.yard, house.gate),
        view("Day", house.gate, columns=None, shape=None),
        {"name": "Plain", "cameras": [house.gate]},
    ]
    answer = house.ask("vera", mine)
    kept: dict[str, Any] = {"shared": False, "own": True}
    expected = [
        {**mine[0], **kept},
        {**mine[1], **kept},
        {**mine[2], "columns": None, "shape": None, **kept},
    ]
    assert (answer.status_code, answer.get_json()) == (200, {"views": expected})
    assert house.views("vera") == expected
    assert house.views("oscar") == house.views("guest") == []
    assert house.ask("vera", expected).get_json()["views"] == expected
    assert house.ask("vera", [expected[2]]).get_json()["views"] == [expected[2]]
    assert house.ask("vera", []).get_json() == {"views": []}


@pytest.mark.parametrize("who", ["oscar", "root"])
def test_operators_share_and_all_see_it_within_their_cameras(house: House, who: str) -> None:
    shared = [
        view("Both", house.yard, house.gate, shared=True),
        view("Yard", house.yard, shared=True),
        view("Mine", house.gate),
    ]
    assert house.ask(who, shared).status_code == 200
    assert house.names(who) == ["Both", "Yard", "Mine"]
    assert house.names("vera") == ["Both", "Yard"]
    assert [each["own"] for each in house.views("vera")] == [False, False]
    (seen,) = house.views("guest")
    assert seen == {**shared[0], "cameras": [house.gate], "own": False}
    assert house.yard not in house.ask("guest").text


def test_what_others_share_is_theirs_to_change(house: House) -> None:
    house.ask("oscar", [view("Both", house.yard, house.gate, shared=True)])
    house.ask("vera", [view("Mine", house.gate), *house.views("vera")])
    assert house.names("vera") == ["Mine", "Both"]
    house.ask("vera", [])
    house.ask("root", [])
    assert house.names("vera") == ["Both"]
    (theirs,) = house.views("oscar")
    assert theirs["cameras"] == [house.yard, house.gate]


def test_a_viewer_shares_nothing_and_who_is_one_now_shares_no_more(house: House) -> None:
    refused = house.ask("vera", [view("Mine", house.gate, shared=True)])
    assert (refused.status_code, refused.get_json()["error"]) == (403, "forbidden")
    house.ask("oscar", [view("Both", house.yard, house.gate, shared=True)])
    accounts = house.hub.services.gate.accounts
    accounts.change("oscar", role=Role.VIEWER, by=TESTER)
    assert house.views("vera") == []
    (own,) = house.views("oscar")
    assert (own["shared"], own["own"]) == (False, True)
    accounts.change("oscar", role=Role.OPERATOR, by=TESTER)
    assert house.names("vera") == ["Both"]


def test_a_lesser_token_changes_nothing_that_it_may_not_see_or_share(house: House) -> None:
    everything = [view("Both", house.yard, shared=True), view("Yard", house.yard)]
    house.ask("oscar", [*everything, view("Gate", house.gate)])
    viewer = house.token("oscar", Role.VIEWER)
    told = [(each["name"], each["own"]) for each in house.views("", bearer=viewer)]
    assert told == [("Yard", True), ("Gate", True), ("Both", False)]
    limited = house.token("oscar", Role.OPERATOR, [house.gate])
    assert [each["name"] for each in house.views("", bearer=limited)] == ["Gate"]
    assert house.ask("", [], bearer=limited).get_json() == {"views": []}
    assert house.names("oscar") == ["Both", "Yard"]
    house.ask("", [view("Both", house.gate)], bearer=viewer)
    assert {(each["name"], each["shared"]) for each in house.views("oscar")} == {
        ("Both", False),
        ("Both", True),
    }


def test_what_is_kept_without_an_account_is_the_hubs(house: House) -> None:
    house.ask("", [view("Hall", house.gate, shared=True)], bearer=TOKEN)
    assert house.names("vera") == ["Hall"]
    assert [each["own"] for each in house.views("", bearer=TOKEN)] == [True]
    assert [each["own"] for each in house.views("root")] == [False]


def test_a_camera_that_has_gone_goes_from_views_and_an_empty_view_with_it(house: House) -> None:
    house.ask("oscar", [view("Both", house.yard, house.gate), view("Yard", house.yard)])
    house.hub.services.registry.change(house.yard, approved=False)
    assert [each["cameras"] for each in house.views("oscar")] == [[house.gate]]
    house.hub.services.registry.change(house.yard, approved=True)
    assert house.names("oscar") == ["Both", "Yard"]
    house.hub.services.registry.forget(house.yard)
    assert [each["cameras"] for each in house.views("oscar")] == [[house.gate]]


def test_views_go_with_their_account(house: House) -> None:
    house.ask("oscar", [view("Both", house.yard, house.gate, shared=True)])
    house.hub.services.gate.accounts.remove("oscar", by=TESTER)
    assert house.views("vera") == []
    assert house.hub.services.database.read("SELECT * FROM views") == []


def test_only_changes_of_what_is_shared_are_in_the_audit(house: House) -> None:
    def noted() -> list[str]:
        found = [change for _, change in newest(house.hub.services.database, 100)]
        return [change.detail for change in found if change.kind == "view"]

    both = view("Both", house.yard, house.gate, shared=True)
    house.ask("oscar", [view("Mine", house.gate)])
    assert noted() == []
    house.ask("oscar", [view("Mine", house.gate), both])
    house.ask("oscar", [both])
    assert noted() == ["Both"]
    house.ask("oscar", [view("Yard", house.yard, shared=True)])
    assert noted() == ["Yard; Both removed", "Both"]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"name": ""}, 400, "name must be a string of 1 to 80 printable characters."),
        ({"name": "x" * 81}, 400, "name must be a string of 1 to 80 printable characters."),
        ({"name": "\u202e"}, 400, "A name has 1 to 80 printable characters."),
        ({"cameras": []}, 400, "cameras must be a list of 1 to 256 ids of cameras."),
        ({"cameras": ["gone"]}, 404, "There is no such camera: it may have been forgotten."),
        ({"cameras": 3}, 400, "cameras must be a list of 1 to 256 ids of cameras."),
        ({"columns": 0}, 400, "columns must be a whole number from 1 to 16, or null."),
        ({"columns": 1.5}, 400, "columns must be a whole number from 1 to 16, or null."),
        ({"shape": 9}, 400, "shape must be a number from 0.25 to 4, width / height, or null."),
        ({"shape": "wide"}, 400, "shape must be a number from 0.25 to 4, width / height, or null."),
        ({"colour": 1}, 400, "'colour' cannot be set; these can: name, cameras, columns, shape"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_changes_nothing(
    house: House, change: dict[str, object], status: int, words: str
) -> None:
    house.ask("vera", [view("Mine", house.gate)])
    before = house.views("vera")
    refused = house.ask("vera", [view("Good", house.gate), {**view("Bad", house.gate), **change}])
    assert (refused.status_code, words in refused.get_json()["message"]) == (status, True), (
        refused.text
    )
    assert house.views("vera") == before


def test_names_twice_cameras_twice_and_too_many_are_refused(house: House) -> None:
    for views, status, words in (
        ([view("A", house.gate), view("a ", house.yard)], 400, "Two views are called A"),
        ([view("A", house.gate, house.gate)], 400, "has a camera twice"),
        ([view(f"{n}", house.gate) for n in range(51)], 429, "at most 50 views"),
    ):
        refused = house.ask("vera", views)
        assert (refused.status_code, words in refused.get_json()["message"]) == (status, True)
    for wrong in (view("\u202e", "gone"), view("A", "gone", "gone")):
        assert house.ask("vera", [{**wrong, "own": False}]).status_code == 400
    hidden = house.ask("guest", [view("A", house.yard)])
    assert (hidden.status_code, "no such camera" in hidden.text) == (404, True)
    assert house.ask("vera", [view(f"{n}", house.gate) for n in range(50)]).status_code == 200
