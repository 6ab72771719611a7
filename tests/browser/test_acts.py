"""What a planner does in a browser: decide, take back, and send orders. Each test leaves nothing decided."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from playwright.sync_api import Page, expect
from tenacity import Retrying, stop_after_delay, wait_fixed

from feature_service.client import Acknowledgement, Dismissal, OrderLine, Plan, Reopening, RiskClient, order_list
from tests.browser.conftest import Browse
from tests.support.planner_pages import Site, assert_accessible

FIRST = "table.products tbody tr >> nth=0"


@pytest.fixture
def service(stocked: Site) -> Iterator[RiskClient]:
    with RiskClient(stocked.target) as client:
        yield client
        for each in client.list_plans(["ACKNOWLEDGED", "SNOOZED", "DISMISSED"], limit=1000).results:
            client.decide(each.product_id, Reopening(), author="tests")
        for attempt in Retrying(wait=wait_fixed(0.2), stop=stop_after_delay(30)):
            with attempt:
                assert decided_on(stocked) == ["0", "0", "0"], "the page has not heard of it"


def decided_on(site: Site) -> list[str]:
    """What the page counts as acknowledged, snoozed and dismissed."""
    return re.findall(r'class="count">(\d+)<', httpx.get(f"{site.url}/?need=any").text)[1:4]


def plan_of(service: RiskClient, product_id: str) -> Plan:
    return service.plans([product_id]).results[0]


def count_of(page: Page, state: str) -> int:
    return int(page.locator("#tabs a", has_text=state).locator(".count").inner_text())


def first_product(page: Page) -> str:
    return page.locator(FIRST).locator("a.product").inner_text()


def test_a_press_acknowledges_and_another_takes_it_back(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page = browse()
    page.goto(stocked.url)
    product, before = first_product(page), count_of(page, "Open")
    page.locator(FIRST).get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#told")).to_contain_text(f"{product} is acknowledged.")
    assert (count_of(page, "Open"), count_of(page, "Acknowledged")) == (before - 1, 1)
    expect(page.locator(FIRST)).to_contain_text("ana")  # who did, still where it was
    plan = plan_of(service, product)
    assert (plan.state, plan.decided_by) == ("ACKNOWLEDGED", "ana")
    assert_accessible(page)

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#told")).to_contain_text(f"{product} is open again.")
    assert count_of(page, "Open") == before
    assert plan_of(service, product).state == "OPEN"


def test_the_keyboard_decides_and_keeps_its_place(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page = browse()
    page.goto(stocked.url)
    second = page.locator("table.products tbody tr >> nth=1").locator("a.product").inner_text()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#told")).to_contain_text(f"{second} is acknowledged.")
    expect(page.locator("a.product:focus")).to_have_text(second)
    page.keyboard.press("u")
    expect(page.locator("#told")).to_contain_text(f"{second} is open again.")
    assert plan_of(service, second).state == "OPEN"


def test_a_snooze_ends_on_its_day(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page = browse()
    page.goto(stocked.url)
    product = first_product(page)
    page.locator(FIRST).get_by_role("link", name=f"More for {product}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    until = dt.date.fromisoformat(dialog.get_by_label("Not to be seen before").input_value())
    assert until == service.plans([product]).today + dt.timedelta(days=7)
    dialog.get_by_role("button", name="Snooze").click()
    expect(page.locator("#told")).to_contain_text(f"{product} is snoozed until")
    expect(dialog).to_be_hidden()
    assert plan_of(service, product).snoozed_until == until

    page.locator("#tabs a", has_text="Snoozed").click()
    page.wait_for_url("**state=snoozed**")
    assert page.locator("a.product").all_inner_texts() == [product]
    page.locator(FIRST).get_by_role("button", name="Open again").click()
    expect(page.locator("#told")).to_contain_text("open again")
    assert plan_of(service, product).state == "OPEN"


def test_what_is_written_is_shown_as_it_was_written(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page, reason, comment = browse(), '<b onclick="x">=1+1</b>', "a <script>alert(1)</script> & b"
    page.goto(stocked.url)
    product = first_product(page)
    for label, text, button in (
        ("What others should know", comment, "Comment"),
        ("Nothing is to be done, because", reason, "Dismiss"),
    ):
        page.locator(FIRST).get_by_role("link", name=f"More for {product}").click()
        page.get_by_role("dialog").get_by_label(label).fill(text)
        page.get_by_role("dialog").get_by_role("button", name=button).click()
        expect(page.locator(FIRST)).to_contain_text(text)
    plan = plan_of(service, product)
    assert (plan.state, plan.dismissal_reason, plan.last_comment) == ("DISMISSED", reason, comment)


def test_who_decides_upon_what_another_changed_meanwhile_is_told(
    stocked: Site, browse: Browse, service: RiskClient
) -> None:
    page = browse()
    page.goto(stocked.url)
    product = first_product(page)
    service.decide(product, Dismissal("not sold any more"), author="bob")
    page.locator(FIRST).get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#told")).to_contain_text(f"Nothing was recorded: bob decided on {product} meanwhile")
    expect(page.locator(FIRST)).to_contain_text("bob: not sold any more")
    assert plan_of(service, product).state == "DISMISSED"


def test_without_a_script_decisions_are_forms(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page = browse(java_script_enabled=False)
    page.goto(f"{stocked.url}/?need=alert")
    product = first_product(page)
    page.locator(FIRST).get_by_role("link", name=f"More for {product}").click()
    page.get_by_label("Nothing is to be done, because").fill("sold out for good")
    page.get_by_role("button", name="Dismiss").click()
    assert page.url == f"{stocked.url}/?need=alert"
    assert first_product(page) != product
    assert plan_of(service, product).dismissal_reason == "sold out for good"


def test_a_budget_shows_the_first_of_what_is_at_stake(stocked: Site, browse: Browse) -> None:
    page = browse()
    page.goto(stocked.url)
    ids = page.locator("a.product").all_inner_texts()
    page.get_by_label("Alert budget a week").fill("5")
    page.wait_for_url("**budget=5**")
    expect(page.locator("a.product")).to_have_count(5)
    assert page.locator("a.product").all_inner_texts() == ids[:5]
    expect(page.locator("#summary")).to_contain_text(re.compile(r"the first of \d+, with [\d,]+"))


def expected_orders(service: RiskClient, supplier: str = "", budget: float | None = None) -> list[OrderLine]:
    lines = [OrderLine(each.product_id, each.suggested_order) for each in service.stream() if each.suggested_order]
    return list(
        order_list(
            [each for each in lines if not supplier or (each.order.supplier and each.order.supplier.name == supplier)],
            budget,
        ).lines
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_orders_are_those_of_the_service(stocked: Site, browse: Browse, service: RiskClient, scheme: str) -> None:
    page = browse(color_scheme=scheme)
    page.goto(f"{stocked.url}/orders")
    expected = expected_orders(service)
    assert page.locator("#lines-table a.product").all_inner_texts() == [each.product_id for each in expected][:100]
    expect(page.get_by_text("below the smallest order")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Spend at most").fill("100")
    page.get_by_label("Spend at most").press("Enter")
    page.wait_for_url("**spend=100**")
    within = expected_orders(service, budget=100)
    assert page.locator("#lines-table a.product").all_inner_texts() == [each.product_id for each in within]
    assert sum(each.order.cost or 0 for each in within) <= 100


def test_a_supplier_gets_a_file(stocked: Site, browse: Browse, service: RiskClient, tmp_path: Path) -> None:
    page = browse()
    page.goto(f"{stocked.url}/orders")
    expected = [(each.product_id, each.order.units) for each in expected_orders(service, "Far Ltd")]
    assert expected
    with page.expect_download() as csv_file:
        page.get_by_role("link", name="CSV for Far Ltd").click()
    assert re.fullmatch(r"order-Far-Ltd-\d{4}-\d\d-\d\d\.csv", csv_file.value.suggested_filename)
    rows = csv.DictReader(io.StringIO(csv_file.value.path().read_text(encoding="utf-8-sig")))
    assert [(each["product_id"], float(each["units"])) for each in rows] == expected
    with page.expect_download() as workbook:
        page.get_by_role("link", name="Excel for Far Ltd").click()
    workbook.value.save_as(tmp_path / "order.xlsx")
    frame = pl.read_excel(tmp_path / "order.xlsx", engine="calamine")
    assert list(frame.select("Product", "Units").iter_rows()) == expected


def test_what_is_ordered_is_acknowledged_at_once(stocked: Site, browse: Browse, service: RiskClient) -> None:
    page, expected = browse(), expected_orders(service, "Far Ltd")
    service.decide(expected[0].product_id, Acknowledgement(), author="bob")
    page.goto(f"{stocked.url}/orders?supplier=far")
    page.once("dialog", lambda question: question.dismiss())
    page.get_by_role("button", name=re.compile(r"Acknowledge these \d+ products")).click()
    assert len(service.list_plans(["ACKNOWLEDGED"], limit=1000).results) == 1  # who says no acknowledges nothing
    page.once("dialog", lambda question: question.accept())
    page.get_by_role("button", name=re.compile(r"Acknowledge these \d+ products")).click()
    expect(page.get_by_role("status").first).to_contain_text("products are acknowledged.")
    expect(page.get_by_text("Nothing is to be ordered.")).to_be_visible()
    plans = service.plans([each.product_id for each in expected]).results
    assert {each.state for each in plans} == {"ACKNOWLEDGED"}
    assert [each.decided_by for each in plans] == ["bob", *["ana"] * (len(expected) - 1)]
    page.get_by_label("Also what is decided already").check()
    expect(page.locator("#lines-table a.product")).to_have_count(len(expected))
