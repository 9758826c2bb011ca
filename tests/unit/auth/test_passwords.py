"""Passwords: which are refused, and that comparing them tells nothing by its time."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest

from convergecast.auth.passwords import Cost, Passwords, check_password
from convergecast.errors import InvalidInput
from tests.support.callers import CHEAP

PASSWORD = "four words that differ"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "8 to 200"),
        ("seven77", "8 to 200"),
        ("x" * 201, "8 to 200"),
        ("aaaaaaaaaaaa", "choose another"),
        ("12345678", "choose another"),
        ("password1", "choose another"),
        ("ConvergeCast!", "choose another"),
        ("anna-maria", "choose another"),
        ("Anna-Maria1", "choose another"),
    ],
)
def test_passwords_that_are_refused(password: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        check_password(password, "anna-maria")


@pytest.mark.parametrize("password", [PASSWORD, "ünïcödé-Wörter", "tr0ub4dor&3", "anna likes cats"])
def test_other_passwords_are_taken(password: str) -> None:
    check_password(password, "anna")


def test_a_hash_is_of_its_password_only_and_never_the_same_twice() -> None:
    passwords = Passwords(CHEAP)
    stored = passwords.hash(PASSWORD)
    assert PASSWORD not in stored and stored.startswith("$argon2id$")
    assert stored != passwords.hash(PASSWORD)
    assert passwords.is_right(PASSWORD, stored)
    for wrong, known in ((PASSWORD + " ", stored), ("", stored), (PASSWORD, "no hash")):
        assert not passwords.is_right(wrong, known)
    assert not passwords.is_right(PASSWORD, None)


def test_at_most_two_are_compared_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def slow(*_: object) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return True

    monkeypatch.setattr(argon2.PasswordHasher, "verify", slow)
    passwords = Passwords(CHEAP)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: passwords.is_right(PASSWORD, "a hash"), range(8)))
    assert most == 2


def test_at_the_real_cost_a_wrong_name_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords()
    stored = passwords.hash(PASSWORD)
    assert argon2.extract_parameters(stored) == argon2.profiles.RFC_9106_LOW_MEMORY
    assert Cost() == Cost(passes=3, memory_kib=65_536, threads=4)
    times: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(5):
        for known, taken in times.items():
            began = time.process_time()
            assert not passwords.is_right("a wrong one", known)
            taken.append(time.process_time() - began)
    wrong_password, wrong_name = map(statistics.median, times.values())
    print(f"wrong password {wrong_password * 1e3:.0f} ms, wrong name {wrong_name * 1e3:.0f} ms")
    assert 0.75 < wrong_name / wrong_password < 1.33
