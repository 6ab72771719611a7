"""The list and the model's page in a browser: found, sorted, told in words, kept in the address, and for everybody."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from feature_service.client import ListFilter, RiskClient
from tests.browser.conftest import Browse
from tests.support.planner_pages import Site, assert_accessible

SCHEMES = ("light", "dark")
PHONE = {"width": 390, "height": 844}


def products(page: Page) -> list[str]:
    return page.locator("table.products a.product").all_inner_texts()


def figures(page: Page, column: str) -> list[float]:
    texts = page.locator(f"table.products td[data-name='{column}']").all_inner_texts()
    return [float(re.sub(r"[^\d.]", "", text)) for text in texts]


def test_what_is_at_stake_most_comes_first_as_the_service_ranks_it(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(f"{stocked.url}/?size=100&need=alert")
    with RiskClient(stocked.target) as client:
        ranked = client.list_risks(ListFilter(alert_only=True, order="REVENUE_AT_RISK_BEFORE_RELIEF"), limit=1000)
    known = [each.risk for each in ranked.results if each.risk.revenue_at_risk_before_relief is not None]
    shown = [each for each in products(page) if each in {risk.product_id for risk in known}]
    assert shown == [risk.product_id for risk in known][: len(shown)]
    assert len(shown) > 20


def test_a_search_and_filters_are_a_link_and_the_page_before_comes_back(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(stocked.url)
    page.get_by_role("combobox", name="Category").select_option("frozen")
    page.wait_for_url("**category=frozen**")
    expect(page.locator("table.products td[data-name='Category']").first).to_have_text("frozen")
    assert set(page.locator("table.products td[data-name='Category']").all_inner_texts()) == {"frozen"}
    page.get_by_role("searchbox").fill("100")
    page.wait_for_url("**search=100**")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["category"], query["search"]) == (["frozen"], ["100"])
    found = products(page)
    assert found
    assert all("100" in each for each in found)

    another = browse()
    another.goto(page.url)
    assert products(another) == found

    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.get_by_role("combobox", name="Category")).to_have_value("frozen")


def test_a_column_sorts_up_and_down_and_says_so(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(f"{stocked.url}/?need=any&size=100")
    heading = page.locator("thead th", has_text="In stock")
    heading.get_by_role("link").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert figures(page, "In stock") == sorted(figures(page, "In stock"))
    heading.get_by_role("link").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert figures(page, "In stock") == sorted(figures(page, "In stock"), reverse=True)


def test_what_is_overdue_says_it_in_words(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(f"{stocked.url}/?need=overdue&size=100")
    told = page.locator("table.products td[data-name='Order by']").all_inner_texts()
    assert told
    assert all(re.search(r"overdue \d+ days?", each) for each in told)
    expect(page.get_by_text("This is a history of years ago.")).to_be_visible()


def test_the_keyboard_moves_through_the_list(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(stocked.url)
    ids = products(page)
    focused = page.locator("a.product:focus")
    page.keyboard.press("j")
    expect(focused).to_have_text(ids[0])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(focused).to_have_text(ids[1])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jk")
    expect(page.get_by_role("searchbox")).to_have_value("jk")


def test_columns_can_be_chosen(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(stocked.url)
    page.get_by_text("Columns", exact=True).first.click()
    page.get_by_role("checkbox", name="Supplier").check()
    expect(page.locator("thead th", has_text="Supplier")).to_be_visible()
    page.reload()
    expect(page.locator("thead th", has_text="Supplier")).to_be_visible()


def test_what_nobody_has_is_said(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(f"{stocked.url}/?search=nothing+is+called+so")
    expect(page.get_by_text("No product is like that.")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_list_can_be_used_by_everybody(stocked: Site, browse: Browse, scheme: str) -> None:
    page = browse(color_scheme=scheme)
    page.goto(stocked.url)
    assert_accessible(page)


def test_a_phone_shows_it_without_scrolling_sideways(stocked: Site, browse: Browse) -> None:
    page = browse(viewport=PHONE, is_mobile=True, has_touch=True)
    for path in ("/", "/model"):
        page.goto(stocked.url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], path
        assert_accessible(page)


def test_without_a_script_it_is_the_same_list(stocked: Site, browse: Browse) -> None:
    page = browse(java_script_enabled=False)
    page.goto(stocked.url)
    page.get_by_role("combobox", name="Category").select_option("frozen")
    page.get_by_role("button", name="Show").click()
    assert set(page.locator("table.products td[data-name='Category']").all_inner_texts()) == {"frozen"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_models_page_shows_its_record_beside_simple_rules(stocked: Site, browse: Browse, scheme: str) -> None:
    page = browse(color_scheme=scheme)
    page.goto(f"{stocked.url}/model")
    expect(page.get_by_role("heading", name="Trust it, with this in mind")).to_be_visible()
    expect(page.get_by_text("It has been tested on few cases: it happened 20 times")).to_be_visible()
    expect(page.get_by_role("row", name="The model 4 25%")).to_be_visible()
    expect(page.get_by_role("row", name="Rule: units on hand 4 50%")).to_be_visible()
    expect(page.locator("#weeks canvas")).to_be_visible()
    page.get_by_text("Week by week").first.click()
    expect(page.get_by_role("row", name="May 13, 2024")).to_be_visible()
    assert_accessible(page)


def test_it_speaks_portuguese_to_who_reads_it_and_to_who_asks_for_it(stocked: Site, browse: Browse) -> None:
    page = browse(locale="pt-BR")
    page.goto(stocked.url)
    expect(page.get_by_role("heading", name="O que precisa de decisão esta semana")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "pt-BR"
    assert re.search(r"\d\.\d{3}", page.locator(".lead").inner_text()), "thousands are told as they are there"
    assert_accessible(page)
    page.goto(f"{stocked.url}/model")
    expect(page.get_by_role("heading", name="Os alertas se confirmaram?")).to_be_visible()
    page.get_by_label("Idioma").select_option("English")
    expect(page.get_by_role("heading", name="Did its alerts come true?")).to_be_visible()
    page.goto(stocked.url)
    expect(page.get_by_role("heading", name="What needs a decision this week")).to_be_visible()
