"""Guessing is slow, and keeps nobody else out."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from convergecast.auth.access import Role
from convergecast.auth.accounts import Accounts
from convergecast.auth.gate import Gate
from convergecast.auth.passwords import Passwords
from convergecast.auth.throttle import Throttle
from convergecast.config import HubConfig
from convergecast.errors import TooMany
from convergecast.hub import Hub
from convergecast.logs import Ration
from convergecast.web.asgi import create_asgi
from convergecast.web.asgi_types import Application, Incoming, Outgoing
from tests.fakes import FakeClock
from tests.support.asgi import Answer, ask
from tests.support.callers import CHEAP, TESTER

TOKEN = "an administrator's token"
PASSWORD, OTHER = "four words that differ", "and four quite new ones"
HERE = "192.0.2.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def throttle(clock: FakeClock) -> Throttle:
    return Throttle("sign-in", burst=3, every_s=10, clock=clock.now)


def is_refused(throttle: Throttle, address: str = HERE) -> int | None:
    """Return the seconds after which an address may try again; None where it may now."""
    try:
        throttle.check(address)
    except TooMany as refusal:
        assert refusal.retry_after_s
        return refusal.retry_after_s
    return None


def test_a_few_wrong_ones_in_a_row_and_then_one_now_and_then(clock: FakeClock) -> None:
    limit = throttle(clock)
    for _ in range(3):
        assert is_refused(limit) is None
        limit.failed(HERE)
    assert is_refused(limit) == 10
    clock.advance(9)
    assert is_refused(limit) == 1
    clock.advance(1)
    assert is_refused(limit) is None
    limit.failed(HERE)
    assert is_refused(limit) == 10
    clock.advance(3600)
    for _ in range(3):
        assert is_refused(limit) is None
        limit.failed(HERE)
    assert is_refused(limit)


def test_addresses_are_counted_apart_and_a_network_of_one_host_together(clock: FakeClock) -> None:
    limit = throttle(clock)
    for number in range(3):
        limit.failed(f"2001:db8::{number}")
        limit.failed(HERE)
    assert is_refused(limit, "2001:db8::ffff:1") and is_refused(limit, f"::ffff:{HERE}")
    assert is_refused(limit, "2001:db8:0:1::1") is None
    assert is_refused(limit, "192.0.2.2") is None


def test_what_is_remembered_is_bounded_and_logged_at_a_limited_rate(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    limit = throttle(clock)
    for _ in range(100):
        limit.failed(HERE)
    assert len(caplog.messages) == 3
    assert caplog.messages[0] == f"a wrong sign-in from {HERE}"
    assert "too many wrong sign-ins" in caplog.messages[-1]
    for number in range(10_200):
        limit.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limit._paid_at) <= 10_000


def test_lines_of_a_logger_are_rationed_and_those_left_out_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("convergecast.logs.time.monotonic", lambda: now[0])
    ration = Ration(3)

    def lines(count: int) -> list[str]:
        records = [
            logging.LogRecord("n", 30, "f", 1, "line %d", (number,), None)
            for number in range(count)
        ]
        return [record.getMessage() for record in records if ration.filter(record)]

    assert lines(10) == ["line 0", "line 1", "line 2"]
    now[0] = 61
    assert lines(2) == ["line 0 (7 further lines were left out)", "line 1"]


# Through the hub's application.

CHECK_TAKES_S = 0.03


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setenv("CONVERGECAST_ADMIN_TOKEN", TOKEN)
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    yield create_asgi(hub.services)
    hub.close()


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that were compared, each as slowly as a password is."""
    seen: list[str] = []
    sign_in = Gate.sign_in

    def slowly(gate: Gate, token: str, *browser: str) -> str | None:
        seen.append(token)
        time.sleep(CHECK_TAKES_S)
        return sign_in(gate, token, *browser)

    monkeypatch.setattr(Gate, "sign_in", slowly)
    return seen


async def sign_in(
    application: Application,
    address: str,
    token: str,
    on_answer: Callable[[], Awaitable[object]] | None = None,
) -> tuple[int, dict[str, str]]:
    """Return status and headers of the answer; `on_answer` is awaited when it begins."""
    body = f"token={token}".encode()
    answered: list[Outgoing] = []
    given = False

    async def receive() -> Incoming:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Outgoing) -> None:
        answered.append(message)
        if on_answer is not None and message["type"] == "http.response.start":
            await on_answer()

    headers = {"host": "localhost", "content-type": "application/x-www-form-urlencoded"}
    headers["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/login",
        "query_string": b"",
        "client": (address, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await application(scope, receive, send)  # type: ignore[arg-type]
    given_headers = {
        name.decode().lower(): value.decode() for name, value in answered[0]["headers"]
    }
    return answered[0]["status"], given_headers


@pytest.mark.parametrize("addresses", [1, 50])
def test_a_thousand_sign_ins_are_not_checked_and_the_owner_gets_in(
    application: Application, checked: list[str], addresses: int
) -> None:
    async def scene() -> tuple[list[int], float]:
        async def guess(number: int) -> int:
            status, headers = await sign_in(
                application, f"192.0.2.{number % addresses}", f"guess {number}"
            )
            assert (status == 429) is ("retry-after" in headers)
            return status

        guesses = [asyncio.create_task(guess(number)) for number in range(1000)]
        await asyncio.sleep(0)
        began = time.monotonic()
        status, _ = await sign_in(application, "198.51.100.7", TOKEN)
        took_s = time.monotonic() - began
        assert status == 303
        return await asyncio.gather(*guesses), took_s

    statuses, took_s = asyncio.run(scene())
    print(f"{len(checked)} of 1001 checked, the owner after {took_s:.2f} s")
    assert set(statuses) == {401, 429}
    assert len(checked) <= 5 * addresses + 1
    assert took_s < 2


def test_from_a_throttled_address_not_even_the_right_one_is_checked(
    application: Application, checked: list[str]
) -> None:
    async def scene() -> None:
        for _ in range(5):
            assert (await sign_in(application, HERE, "guess"))[0] == 401
        status, headers = await sign_in(application, HERE, TOKEN)
        assert (status, headers["retry-after"]) == (429, "10")
        assert (await sign_in(application, "192.0.2.2", TOKEN))[0] == 303

    asyncio.run(scene())
    assert checked == ["guess"] * 5 + [TOKEN]


def test_who_has_an_answer_may_send_the_next_one_at_once(application: Application) -> None:
    async def scene() -> list[int]:
        statuses = []

        async def again() -> None:
            statuses.append((await sign_in(application, HERE, TOKEN))[0])

        statuses.append((await sign_in(application, HERE, "guess", again))[0])
        return statuses

    assert asyncio.run(scene()) == [303, 401]


def test_two_are_checked_at_once_and_one_of_each_address(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = [0], [0]

    def check(gate: Gate, token: str, *_browser: str) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(CHECK_TAKES_S)
        running[0] -= 1

    monkeypatch.setattr(Gate, "sign_in", check)

    async def scene() -> list[tuple[int, dict[str, str]]]:
        asking = [sign_in(application, f"192.0.2.{number // 2}", "x") for number in range(20)]
        return await asyncio.gather(*asking)

    statuses = [status for status, _ in asyncio.run(scene())]
    assert most == [2]
    assert sorted(statuses) == [401] * 10 + [429] * 10


def test_wrong_bearer_tokens_are_throttled_too(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(Gate, "is_token", lambda _, token: compared.append(token))

    async def ask(token: str) -> int:
        answered: list[Outgoing] = []

        async def receive() -> Incoming:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Outgoing) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/api/v1/cameras",
            "query_string": b"",
            "client": (HERE, 1),
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"hub")],
        }
        await application(scope, receive, send)  # type: ignore[arg-type]
        return answered[0]["status"]

    async def scene() -> list[int]:
        return [await ask(f"guess {number}") for number in range(300)]

    statuses = asyncio.run(scene())
    assert statuses[:200] == [401] * 200
    assert 429 in statuses
    assert len(compared) == statuses.count(401)


@pytest.fixture
def anna(tmp_path: Path) -> Iterator[tuple[Hub, Application, dict[str, str]]]:
    """A hub, its application, and what a signed-in administrator sends."""
    hub = Hub(HubConfig(port=0, data_dir=tmp_path))
    gate = hub.services.gate
    cheap = Accounts(hub.services.database, FakeClock(), Passwords(CHEAP))
    cheap.add("anna", PASSWORD, Role.ADMIN, by=TESTER)
    cheap.add("bob", PASSWORD, Role.OPERATOR, by=TESTER)
    gate.refresh()
    cookie = f"{hub.services.guard.cookie}={gate.sign_in_as('anna', PASSWORD)}"
    sent = {"Cookie": cookie, "Origin": "http://localhost", "Content-Type": "application/json"}
    yield hub, create_asgi(hub.services), sent
    hub.close()


def test_who_guesses_at_an_address_keeps_nobody_there_from_changing_accounts(
    anna: tuple[Hub, Application, dict[str, str]],
) -> None:
    hub, application, sent = anna
    for _ in range(10):
        hub.services.sign_ins.failed(HERE)
    path, body = "/api/v1/users/bob", b'{"role": "viewer"}'
    assert ask(application, "PATCH", path, headers=sent, body=body, client=HERE).status == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    guess = b"name=bob&password=" + PASSWORD.encode().replace(b" ", b"+")
    assert ask(application, "POST", "/login", headers=form, body=guess, client=HERE).status == 429
    there = "192.0.2.77"
    assert ask(application, "POST", "/login", headers=form, body=guess, client=there).status == 303


def test_a_session_guesses_the_password_of_its_account_slowly_from_all_addresses_together(
    anna: tuple[Hub, Application, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    _, application, sent = anna

    def change(number: int, current: str) -> Answer:
        order = {"password": OTHER, "current_password": current}
        body, client = json.dumps(order).encode(), f"10.0.{number}.1"
        return ask(
            application, "PATCH", "/api/v1/users/anna", headers=sent, body=body, client=client
        )

    assert [change(number, "a wrong one").status for number in range(7)] == [403] * 5 + [429] * 2
    right = change(8, PASSWORD)
    assert right.status == 429 and b"too many wrong" in right.body
    assert "a wrong sign-in from the account anna" in caplog.messages


def test_who_makes_many_accounts_at_once_holds_no_thread_but_one(
    anna: tuple[Hub, Application, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a password of hers is hashed she is told to wait, and nobody else is."""
    hub, application, sent = anna
    cheap = Accounts(hub.services.database, FakeClock(), Passwords(CHEAP))
    cheap.add("carl", PASSWORD, Role.ADMIN, by=TESTER)
    hub.services.gate.refresh()
    cookie = f"{hub.services.guard.cookie}={hub.services.gate.sign_in_as('carl', PASSWORD)}"

    def make(name: str, headers: dict[str, str]) -> int:
        order = {"name": name, "password": PASSWORD, "role": "viewer", "cameras": None}
        body = json.dumps(order).encode()
        return ask(application, "POST", "/api/v1/users", headers=headers, body=body).status

    meanwhile: list[int] = []

    def slow(_: Passwords, password: str) -> str:
        if not meanwhile:
            meanwhile.append(0)
            meanwhile[:] = [make("second", sent), make("third", {**sent, "Cookie": cookie})]
        return "a hash"

    monkeypatch.setattr(Passwords, "hash", slow)
    assert (make("first", sent), meanwhile) == (201, [429, 201])
    assert make("second", sent) == 201
