"""Who is logged in, for how long, and how often somebody may try."""

import time

import pytest

from planner.web import sessions as module
from planner.web.attempts import SECONDS_PER_TRY, TRIES, Attempts
from planner.web.login import own_page
from planner.web.sessions import IDLE_S, Sessions


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have gone by, to be changed."""
    gone, real = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + gone[0])
    return gone


def test_a_cookie_holds_no_token_and_only_ours_is_taken() -> None:
    sessions = Sessions()
    session = sessions.begin("id.secret")
    cookie = sessions.cookie(session)
    assert "secret" not in cookie
    assert "secret" not in repr(session)
    assert sessions.find(sessions.key_in(cookie)) is session
    key, _, signature = cookie.rpartition(".")  # of its last character not every bit counts
    assert sessions.key_in(f"{key}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}") is None
    assert sessions.key_in(Sessions().cookie(session)) is None  # another process's
    assert sessions.key_in("") is None


def test_a_session_ends_when_it_is_ended_or_idle_too_long(later: list[float]) -> None:
    sessions = Sessions()
    one, two = sessions.begin("a"), sessions.begin("b")
    sessions.end(one)
    assert sessions.find(one.key) is None
    later[0] += IDLE_S - 1
    assert sessions.find(two.key) is two
    later[0] += IDLE_S - 1
    assert sessions.find(two.key) is two  # it was seen in between
    later[0] += IDLE_S + 1
    assert sessions.find(two.key) is None


def test_nobody_fills_the_memory_with_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    sessions = Sessions()
    first, second, third = (sessions.begin(each) for each in "abc")
    assert [sessions.find(each.key) is not None for each in (first, second, third)] == [False, True, True]


def test_a_form_of_one_session_is_none_of_another() -> None:
    sessions = Sessions()
    assert sessions.begin("a").csrf != sessions.begin("a").csrf
    nobody = sessions.anonymous(None)
    assert sessions.anonymous(nobody.key).csrf == nobody.csrf


def test_after_some_failed_tries_an_address_waits_and_others_do_not(later: list[float]) -> None:
    attempts = Attempts()
    for _ in range(TRIES):
        assert attempts.wait_s("1.2.3.4") == 0
        attempts.fail("1.2.3.4")
    assert 0 < attempts.wait_s("1.2.3.4") <= SECONDS_PER_TRY
    assert attempts.wait_s("1.2.3.5") == 0
    later[0] += SECONDS_PER_TRY
    assert attempts.wait_s("1.2.3.4") == 0
    attempts.fail("1.2.3.4")
    assert attempts.wait_s("1.2.3.4") > 0


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\n/x"]
)
def test_after_the_login_nobody_is_sent_elsewhere(wanted: str) -> None:
    assert own_page(wanted) == "/"
