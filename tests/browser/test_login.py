"""Who gets in, in a browser; what a page says that knows sales alone; and one whose service is gone."""

import pytest
from playwright.sync_api import Page, expect
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.browser.conftest import Browse
from tests.support.planner_pages import Site, assert_accessible, running_planner
from tests.support.servers import running_server
from tests.support.serving_fixtures import Published


def log_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_a_token_opens_the_page_that_was_asked_for_and_stays_out_of_the_browser(guarded: Site, browse: Browse) -> None:
    page = browse()
    page.goto(f"{guarded.url}/model")
    page.wait_for_url("**/login?next=**")
    assert_accessible(page)
    log_in(page, guarded.token)
    page.wait_for_url("**/model")
    cookies = page.context.cookies()
    assert [(each["httpOnly"], each["secure"], each["sameSite"]) for each in cookies] == [(True, True, "Lax")]
    secret = guarded.token.split(".")[1]
    assert all(secret not in each["value"] for each in cookies)
    assert secret not in page.content()

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login**")
    page.goto(guarded.url)
    page.wait_for_url("**/login**")


def test_a_token_that_nobody_was_given_opens_nothing(guarded: Site, browse: Browse) -> None:
    page = browse()
    page.goto(guarded.url)
    log_in(page, "0123456789ab.wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)
    page.goto(guarded.url)
    page.wait_for_url("**/login**")


@pytest.fixture
def inside(guarded: Site, browse: Browse) -> Page:
    page = browse()
    page.goto(guarded.url)
    log_in(page, guarded.token)
    page.wait_for_url(guarded.url + "/")
    return page


def test_sales_alone_are_said_to_be_that(inside: Page) -> None:
    expect(inside.get_by_text("No stock is known here.")).to_be_visible()
    expect(inside.get_by_text("Nothing can be decided here.")).to_be_visible()
    expect(inside.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(inside.locator("table.products tbody tr").first).to_be_visible()
    assert_accessible(inside)


def test_where_nothing_is_known_of_its_past_the_model_page_says_so(inside: Page) -> None:
    inside.get_by_role("link", name="Model").click()
    expect(inside.get_by_role("heading", name="Do not follow the list blindly now")).to_be_visible()
    expect(inside.get_by_text("Nobody knows yet")).to_be_visible()
    assert_accessible(inside)


def test_when_the_service_is_gone_the_last_table_stays_and_tells_its_time(published: Published, browse: Browse) -> None:
    page = browse()
    with running_server(published.root) as server, running_planner(server.target, "--timeout-s", "2") as url:
        page.goto(url)
        told = page.locator("table.products a.product").all_inner_texts()
        server.stop()
        told_so = page.get_by_role("alert").get_by_text("The risk service does not answer.")

        @retry(retry=retry_if_result(lambda said: not said), stop=stop_after_delay(60), wait=wait_fixed(1))
        def says_so() -> bool:
            page.reload()
            return told_so.is_visible()

        says_so()
        assert page.locator("table.products a.product").all_inner_texts() == told
        expect(page.get_by_text("This is what it said at")).to_be_visible()
        assert_accessible(page)
        page.goto(f"{url}/model")
        expect(told_so).to_be_visible()
