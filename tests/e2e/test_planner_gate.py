"""What the planner's pages let in, and what they tell a browser: over HTTP, with a real risk server behind them."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from feature_service.client import Secrets
from feature_service.server.tokens import new_token
from planner.app import create_app
from planner.settings import Settings
from planner.web.attempts import TRIES
from planner.web.gate import MOST_BODY_BYTES
from tests.support.certificates import Authority
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published

FORM = "application/x-www-form-urlencoded"


@contextmanager
def visitor(settings: Settings, host: str = "") -> Iterator[httpx.Client]:
    """A browser that follows no redirect, at pages that are served in this process.

    Args:
        settings: Of the pages.
        host: What the browser takes their name for.
    """
    config = uvicorn.Config(create_app(settings), log_level="warning", lifespan="on")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            headers = {"Host": host} if host else {}
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def own(server: RunningServer) -> Iterator[httpx.Client]:
    """Of a machine's own page, whose service asks for no token."""
    with visitor(Settings(server.target, Secrets(), author="ana")) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(
    published: Published, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, dict[str, str]]]:
    """A page of a service that wants tokens, and the tokens: one for all, and one that may not see the list."""
    folder, authority = tmp_path_factory.mktemp("guarded"), Authority()
    certificate, key = authority.issue("server").write(folder, "server")
    (folder / "ca.pem").write_bytes(authority.certificate)
    made = {
        "planner": new_token("ana", ("*",), 1000.0, 1000),
        "counter": new_token("till", ("stockout.v1.RiskService/GetServiceInfo",), 1000.0, 1000),
    }
    (folder / "tokens.jsonl").write_text("".join(f"{line}\n" for _, line in made.values()), encoding="utf-8")
    tls = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--tokens", str(folder / "tokens.jsonl"))
    with running_server(published.root, *tls) as server:
        tokens = {name: token for name, (token, _) in made.items()} | {"file": str(folder / "tokens.jsonl")}
        yield Settings(server.target, Secrets(ca=folder / "ca.pem")), tokens


def csrf_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def log_in(client: httpx.Client, token: str, wanted: str = "/") -> int:
    csrf = csrf_in(client.get("/login").text)
    return client.post("/login", data={"csrf": csrf, "token": token, "next": wanted}).status_code


@pytest.mark.parametrize("path", ["/", "/orders", "/model", "/login", "/nothing", "/static/app.css", "/static/nothing"])
def test_every_answer_says_what_a_browser_may_load_and_nothing_is_written_in_line(own: httpx.Client, path: str) -> None:
    answer = own.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.headers["Content-Type"].startswith("text/html"):
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)  # no other host is ever asked


def test_a_form_without_the_sessions_mark_does_nothing(own: httpx.Client) -> None:
    csrf = csrf_in(own.get("/").text)
    decision = {"product": "a", "action": "acknowledgement"}
    assert own.post("/decide", data=decision).status_code == 403
    assert own.post("/decide", data=decision | {"csrf": csrf[:-1]}).status_code == 403
    assert own.post("/decide", data=decision | {"csrf": csrf}, headers={"Origin": "http://evil"}).status_code == 403
    crossed = {"Sec-Fetch-Site": "cross-site"}
    assert own.post("/decide", data=decision | {"csrf": csrf}, headers=crossed).status_code == 403
    assert own.post("/language", data={"csrf": csrf, "language": "pt_BR"}).status_code == 303
    assert '<html lang="pt-BR">' in own.get("/").text


def test_a_form_that_is_too_long_is_not_read(own: httpx.Client) -> None:
    answer = own.post("/decide", content=b"x" * (MOST_BODY_BYTES + 1), headers={"Content-Type": FORM})
    assert answer.status_code == 413


def test_a_page_without_login_is_for_its_own_machine_alone(server: RunningServer) -> None:
    """A page of somebody else could have a name that leads here."""
    with visitor(Settings(server.target, Secrets()), "evil.example") as client:
        answer = client.get("/")
        assert answer.status_code == 403
        assert "asks for no token" in answer.text
    with visitor(Settings(server.target, Secrets(), trust_network=True), "planner.example") as client:
        assert client.get("/").status_code == 200


def test_who_has_no_token_sees_nothing(guarded: tuple[Settings, dict[str, str]]) -> None:
    settings, _ = guarded
    with visitor(settings) as client:
        for path in ("/", "/orders", "/orders.csv", "/orders.xlsx", "/model", "/decide?product=a"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/login"), path
        part = client.get("/?need=any", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/?state=all"})
        assert part.headers["HX-Redirect"] == "/login?next=%2F%3Fstate%3Dall"


def test_a_token_opens_the_page_until_somebody_logs_out(guarded: tuple[Settings, dict[str, str]]) -> None:
    settings, tokens = guarded
    with visitor(settings) as client:
        anonymous = client.get("/login").cookies["planner"]
        assert log_in(client, tokens["planner"], "/?need=any") == 303
        cookie = client.cookies["planner"]
        assert cookie != anonymous  # or somebody could have put it there before
        assert tokens["planner"].split(".")[1] not in cookie
        assert client.get("/?need=any").status_code == 200

        assert client.post("/logout", data={"csrf": csrf_in(client.get("/").text)}).status_code == 303
        client.cookies.set("planner", cookie)
        assert client.get("/").status_code == 303


def test_a_token_that_may_not_see_the_list_does_not_see_it(guarded: tuple[Settings, dict[str, str]]) -> None:
    settings, tokens = guarded
    with visitor(settings) as client:
        csrf = csrf_in(client.get("/login").text)
        answer = client.post("/login", data={"csrf": csrf, "token": tokens["counter"], "next": "/"})
        assert answer.status_code == 403
        assert "it needs RiskService and PlanService" in answer.text
        assert client.get("/").status_code == 303


def test_guesses_are_slowed_down(guarded: tuple[Settings, dict[str, str]]) -> None:
    settings, tokens = guarded
    with visitor(settings) as client:
        tries = [log_in(client, f"0123456789ab.{number}") for number in range(TRIES + 1)]
        assert tries == [403] * TRIES + [429]
        assert log_in(client, tokens["planner"]) == 429


def test_what_the_service_refuses_is_told_as_it_says_it(own: httpx.Client) -> None:
    csrf = csrf_in(own.get("/").text)
    answer = own.post("/decide", data={"csrf": csrf, "product": "a", "action": "acknowledgement"})
    assert answer.status_code == 422
    assert "--state-url" in answer.text  # this one keeps no plans
    missing = own.post("/decide", data={"csrf": csrf, "product": "a", "action": "snooze", "until": "soon"})
    assert missing.status_code == 422


def test_a_risk_server_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with visitor(Settings(f"unix:{tmp_path / 'nobody'}", Secrets(), timeout_s=2.0)) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "no server answers at" in answer.text
        assert client.get("/healthz").status_code == 200


def test_a_token_that_is_withdrawn_opens_nothing_any_more(
    guarded: tuple[Settings, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, tokens = guarded
    monkeypatch.setattr("planner.web.gate.CHECK_S", -1.0)
    with visitor(settings) as client:
        assert log_in(client, tokens["planner"]) == 303
        assert client.get("/").status_code == 200
        Path(tokens["file"]).write_text("", encoding="utf-8")
        deadline = time.monotonic() + 30
        while client.get("/").status_code == 200:
            assert time.monotonic() < deadline, "the token is still good"
        assert client.get("/").status_code == 303
