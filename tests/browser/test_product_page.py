"""The page of one product in a browser: drawn, supposed upon, decided upon, and for everybody."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from feature_service.client import Item, ProductRisk, RiskClient
from tests.browser.conftest import Browse
from tests.support.planner_pages import Site, assert_accessible

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def risks(stocked: Site) -> Sequence[ProductRisk]:
    with RiskClient(stocked.target) as client:
        return list(client.stream())


@pytest.fixture(scope="module")
def product(risks: Sequence[ProductRisk]) -> str:
    """The one that is most likely to run out before relief."""
    return max(risks, key=lambda each: each.relief_probability or 0).product_id


@pytest.fixture(scope="module")
def gone(risks: Sequence[ProductRisk]) -> str:
    return next(each.product_id for each in risks if each.error and each.error.reason == "OUT_OF_STOCK")


def opened(page: Page, site: Site, product: str) -> Page:
    page.goto(f"{site.url}/products/{product}")
    expect(page.locator(".uplot canvas")).to_have_count(2)
    return page


def test_the_page_is_found_from_the_list(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(stocked.url)
    link = page.locator("table.products a.product").first
    product = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(product)
    expect(page.locator(".uplot canvas")).to_have_count(2)


def test_a_slider_is_answered_at_once_by_the_server_in_words_order_chart_table_and_address(
    stocked: Site, browse: Browse, product: str
) -> None:
    with RiskClient(stocked.target) as client:
        (risk,) = client.assess([Item(product, 40, 10)]).results
    page = opened(browse(), stocked, product)
    before = page.locator("[data-chart=stock] canvas").evaluate("each => each.toDataURL()")
    page.get_by_role("slider", name="On hand now").fill("40")
    expect(page.get_by_role("spinbutton", name="On hand now")).to_have_value("40")
    page.get_by_role("spinbutton", name="Lead time").fill("10")
    assert risk.suggested_order is not None
    assert risk.relief_date is not None
    expect(page.locator("#headline")).to_contain_text(
        f"Supposed: It runs out before {risk.relief_date:%b} {risk.relief_date.day}"
    )
    expect(page.locator("#order .result td").last).to_have_text(f"{risk.suggested_order.units:,.0f}")
    page.wait_for_url("**units_on_hand=40&lead_time_days=10")
    page.wait_for_function(
        "before => document.querySelector('[data-chart=stock] canvas').toDataURL() !== before", arg=before
    )
    page.get_by_text("The same as a table").click()
    expect(page.locator("#weeks tr").first.locator("td").last).to_have_text(
        re.compile(rf"{100 * risk.run_out_probabilities[-1]:.0f}%")
    )
    page.reload()
    expect(page.get_by_role("spinbutton", name="On hand now")).to_have_value("40")
    page.get_by_role("link", name="Back to what is known").first.click()
    expect(page.locator("#headline")).not_to_contain_text("Supposed")


def test_what_no_field_takes_is_said_and_the_page_stays(stocked: Site, browse: Browse, product: str) -> None:
    page = opened(browse(), stocked, product)
    said = page.locator("#headline").inner_text()
    page.get_by_role("spinbutton", name="Lead time").fill("400")
    expect(page.locator("#what-if-problem")).to_contain_text("Lead time, in days: ")
    assert page.locator("#headline").inner_text() == said


def test_keys_alone_suppose_and_decide(stocked: Site, browse: Browse, gone: str) -> None:
    page = opened(browse(), stocked, gone)
    expect(page.locator("#headline")).to_contain_text("Out of stock since")
    page.get_by_role("slider", name="On hand now").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#headline")).to_contain_text("Supposed: It runs out before")
    page.locator("main h1").click()
    page.keyboard.press("a")
    expect(page.locator(".decisions")).to_contain_text("ana acts upon it")
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(".decisions")).to_contain_text("ana takes back what was decided")


def test_without_script_the_form_and_the_table_do(stocked: Site, browse: Browse, product: str) -> None:
    page = browse(java_script_enabled=False)
    page.goto(f"{stocked.url}/products/{product}")
    assert page.locator("#charts").is_hidden()
    page.get_by_role("spinbutton", name="On hand now").fill("40")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#headline")).to_contain_text("Supposed: It runs out before")
    page.get_by_text("The same as a table").click()
    expect(page.locator("#weeks tr").first).to_contain_text("about")


@pytest.mark.parametrize("how", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}, {"locale": "pt-BR"}])
def test_the_page_is_for_everybody(
    stocked: Site, browse: Browse, product: str, gone: str, how: dict[str, object]
) -> None:
    page = browse(**how)
    for each in (product, gone):
        opened(page, stocked, each)
        page.locator("details.weeks").evaluate("each => { each.open = true }")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
