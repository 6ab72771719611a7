"""A browser, and two pages: of counted shelves that anybody may decide upon, and of sales alone behind a login."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from data.snapshots import publish
from data.snapshots.track_record import write_track_record
from feature_service.server.tokens import new_token
from tests.support.certificates import Authority
from tests.support.chromium import running_browser
from tests.support.order_terms import with_terms
from tests.support.outcomes import track_record
from tests.support.planner_pages import Site, running_planner
from tests.support.servers import running_server
from tests.support.serving_fixtures import Published
from tests.support.shops import LABEL, Shops
from tests.support.snapshots import MODEL

TIMEOUT_MS = 15_000
DESKTOP = {"width": 1280, "height": 900}

Browse = Callable[..., Page]

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with its module, since no asyncio.run works in a thread while Playwright's loop runs there."""
    with running_browser() as running:
        yield running


@pytest.fixture
def browse(browser: Browser) -> Iterator[Browse]:
    """Opens a page of a visitor whom no server knows yet; how, are the options of playwright's ``new_context``.

    What a script fails at, and what the page's policy refuses, fails the test.
    """
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(**how: Any) -> Page:
        usual: dict[str, Any] = {
            "viewport": {"width": 1280, "height": 900},
            "locale": "en-US",
            "ignore_https_errors": True,
        }
        context = browser.new_context(**(usual | how))
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
        return page

    yield open_page
    for each in contexts:
        each.close()
    assert problems == []


@pytest.fixture(scope="module")
def stocked(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Counted shelves with suppliers, a track record and planners' decisions; no login."""
    folder = tmp_path_factory.mktemp("stocked")
    panel = with_terms(shops.panel)
    publish(panel, LABEL.eligible(panel), shops.root / shops.snapshot_id / "bundle", MODEL, folder / "snapshots")
    write_track_record(track_record(LABEL.name), folder / "snapshots")
    with (
        running_server(folder / "snapshots", "--state-url", f"sqlite:///{folder / 'state.db'}") as server,
        running_planner(server.target, "--author", "ana") as url,
    ):
        yield Site(url, server.target)


@pytest.fixture(scope="module")
def guarded(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Sales alone, over TLS both ways, for who has a token; it keeps no decisions."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority()
    certificate, key = authority.issue("server").write(folder, "server")
    (folder / "ca.pem").write_bytes(authority.certificate)
    token, line = new_token("ana", ("*",), 1000.0, 1000)
    (folder / "tokens.jsonl").write_text(line + "\n", encoding="utf-8")
    tls = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with (
        running_server(published.root, "--tokens", str(folder / "tokens.jsonl"), *tls) as server,
        running_planner(server.target, "--target-tls-ca", str(folder / "ca.pem"), *tls) as url,
    ):
        yield Site(url, server.target, token)
