"""A product's page of a real risk server: in every standing, with something supposed, and for ids without a row."""

import html
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from feature_service.client import ExpectedDelivery, Item, ProductRisk, RiskClient, Snooze
from tests.support.ledgers import write_ledger
from tests.support.planner_pages import running_planner
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published
from tests.support.shops import Shops
from tests.support.snapshots import publish_snapshot

SALES_ONLY = "zero_sales"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planner")


@pytest.fixture(scope="module")
def planning(shops: Shops, folder: Path) -> Iterator[RunningServer]:
    """Of the shops' question, and beside it one that stock says nothing of."""
    root = shutil.copytree(shops.root, folder / "snapshots")
    publish_snapshot(root / SALES_ONLY, shops.panel, label=SALES_ONLY)
    with running_server(root, "--state-url", state_of(folder)) as server:
        server.wait_for("loaded", lambda line: line["question"] == SALES_ONLY)
        yield server


def state_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'state.db'}"


@pytest.fixture(scope="module")
def page(planning: RunningServer) -> Iterator[httpx.Client]:
    with asked_planner(planning.target) as client:
        yield client


@pytest.fixture(scope="module")
def client(planning: RunningServer) -> Iterator[RiskClient]:
    with RiskClient(planning.target) as connected:
        yield connected


@pytest.fixture(scope="module")
def risks(shops: Shops, client: RiskClient) -> Sequence[ProductRisk]:
    return client.assess(shops.panel.product_ids).results


@contextmanager
def asked_planner(target: str) -> Iterator[httpx.Client]:
    """The page of a risk server, for an English reader without a browser."""
    with (
        running_planner(target, "--author", "ana") as url,
        httpx.Client(base_url=url, headers={"accept-language": "en"}, timeout=20) as client,
    ):
        yield client


def text_of(page: httpx.Client, path: str, status: int = 200) -> str:
    """What a page says, without its tags."""
    answer = page.get(path)
    assert answer.status_code == status, answer.text
    main = answer.text.partition("<main")[2] or answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_the_orders_arithmetic_on_the_page_adds_up_to_the_servers_order(
    page: httpx.Client, risks: Sequence[ProductRisk]
) -> None:
    shown = 0
    for risk in [each for each in risks if each.suggested_order][:40]:
        answer = page.get(f"/products/{quote(risk.product_id, safe='')}").text
        table = answer.partition('class="arithmetic"')[2].partition("</table>")[0]
        cells = [re.sub(r"<[^>]*>", "", each).strip() for each in re.findall(r"<td>(.*?)</td>", table, re.DOTALL)]
        on_hand, sold, left, up_to, left_again, missing, units = (
            Fraction(each.replace(",", "").replace("\u2212", "-")) for each in cells[1::2]
        )
        assert on_hand - sold == left == left_again
        assert up_to - left == missing
        assert risk.suggested_order is not None
        assert units == Fraction(risk.suggested_order.units)
        shown += units > 0
    assert shown


def test_a_product_at_risk_says_until_when_and_why(page: httpx.Client, risks: Sequence[ProductRisk]) -> None:
    risk = max(risks, key=lambda each: each.relief_probability or 0)
    said = text_of(page, f"/products/{risk.product_id}")
    assert "when an order can be here, with a probability of" in said
    assert risk.reasons
    for reason in risk.reasons:
        assert reason.text in said
    assert "Out by, as likely as not" in said


def test_a_portuguese_reader_is_told_why_in_portuguese(page: httpx.Client, risks: Sequence[ProductRisk]) -> None:
    told = 0
    for risk in [each for each in risks if each.reasons][:20]:
        answer = page.get(f"/products/{risk.product_id}", headers={"accept-language": "pt-BR"}).text
        reasons = html.unescape(answer.partition('class="reasons"')[2].partition("</ul>")[0])
        assert reasons.count(" o risco") == len(risk.reasons)
        assert 'lang="en"' not in reasons
        for reason in risk.reasons:
            assert reason.text not in reasons
            if reason.feature == "units_on_hand":
                assert f">{reason.value:.0f} unidade" in reasons
                told += 1
    assert told


def test_a_product_that_is_out_of_stock_says_since_when_and_what_it_loses(
    page: httpx.Client, risks: Sequence[ProductRisk]
) -> None:
    gone = next(each for each in risks if each.error and each.error.reason == "OUT_OF_STOCK")
    said = text_of(page, f"/products/{gone.product_id}")
    assert re.search(r"Out of stock since \w+ \d+, 2024\. It loses about [\d.]+ units a week\.", said)
    assert "Lost in a week" in said
    supposed = text_of(page, f"/products/{gone.product_id}?units_on_hand=500")
    assert "Supposed: It runs out before" in supposed


def test_what_is_supposed_is_answered_as_the_server_answers_it(
    page: httpx.Client, client: RiskClient, risks: Sequence[ProductRisk]
) -> None:
    product = next(each.product_id for each in risks if each.error is None)
    (risk,) = client.assess([Item(product, 3.5, 40)]).results
    path = f"/product-what-if/{product}?units_on_hand=3,5&lead_time_days=40"
    said = text_of(page, path)
    assert risk.relief_date is not None
    assert risk.suggested_order is not None
    assert f"{risk.relief_date:%b} {risk.relief_date.day}, {risk.relief_date.year}" in said
    assert f"{risk.suggested_order.units:,.0f} unit" in said
    drawn = page.get(path.replace("what-if", "weeks")).json()
    assert drawn["run_out"][-len(risk.run_out_probabilities) :] == pytest.approx(risk.run_out_probabilities)
    assert 3.5 in drawn["stock"]["mean"]


def test_where_relief_comes_after_the_curve_what_is_told_is_the_least(
    page: httpx.Client, client: RiskClient, risks: Sequence[ProductRisk]
) -> None:
    product = next(each.product_id for each in risks if each.error is None)
    (risk,) = client.assess([Item(product, lead_time_days=300)]).results
    assert risk.relief_probability is not None
    said = text_of(page, f"/product-what-if/{product}?lead_time_days=300")
    assert f"Risk until relief at least {risk.relief_probability:.0%}" in said
    assert f"with a probability of at least {risk.relief_probability:.0%}" in said
    assert "At stake in 9 weeks, on average" in said


def test_what_cannot_be_supposed_is_said_and_the_page_stays(page: httpx.Client, risks: Sequence[ProductRisk]) -> None:
    product = risks[0].product_id
    for query, sentence in (
        ("units_on_hand=-1", "On hand must be a number from 0 to 1,000,000."),
        ("lead_time_days=1.5", "The lead time must be whole days, from 0 to 365."),
    ):
        assert sentence in text_of(page, f"/products/{product}?{query}", status=422)
        assert sentence in text_of(page, f"/product-what-if/{product}?{query}")
        assert page.get(f"/product-weeks/{product}?{query}").status_code == 422


def test_what_was_decided_is_on_the_page(page: httpx.Client, client: RiskClient, risks: Sequence[ProductRisk]) -> None:
    product = risks[1].product_id
    assert "Nobody has decided anything yet." in text_of(page, f"/products/{product}")
    day = client.plans([product])  # the calendar of the data
    client.decide(product, Snooze(day.today.replace(year=day.today.year + 1)), author="bob <b>")
    assert "bob <b> does not want to see it before" in text_of(page, f"/products/{product}")


def test_alerts_of_before_are_told_with_what_became_of_them(
    page: httpx.Client, folder: Path, risks: Sequence[ProductRisk]
) -> None:
    product = risks[2].product_id
    assert "None yet whose outcome was looked at." in text_of(page, f"/products/{product}")
    write_ledger(state_of(folder), "inventory", product)
    said = text_of(page, f"/products/{product}")
    assert "Jul 1, 2024 1 25% not known yet no data" in said
    assert "Jun 3, 2024 1 25% did not come true" in said
    assert "May 6, 2024 2 25% came true on May 27, 2024 15 days after the end of the first week" in said
    foreign = page.get(f"/products/{product}", headers={"accept-language": "pt-BR"}).text
    assert '<span lang="en">no data</span>' in foreign, "what is in no catalogue stays as the server says it"


def test_every_part_of_the_page_is_of_the_question_that_its_address_names(
    page: httpx.Client, planning: RunningServer
) -> None:
    with RiskClient(planning.target, question=SALES_ONLY) as other:
        product = next(each.product_id for each in other.stream() if each.error is None)
    answer = page.get(f"/products/{product}?question={SALES_ONLY}&units_on_hand=3").text
    assert "this is not the risk of running out" in answer
    assert f'name="question" value="{SALES_ONLY}"' in answer
    assert f'href="/products/{product}?question={SALES_ONLY}&amp;units_on_hand=3&amp;weeks=52"' in answer
    supposed = text_of(page, f"/product-what-if/{product}?question={SALES_ONLY}&units_on_hand=3")
    assert "this is not the risk of running out" in supposed
    drawn = page.get(f"/product-weeks/{product}?question={SALES_ONLY}&units_on_hand=3").json()
    assert set(drawn["run_out"]) == {None}
    assert drawn["stock"]["mean"][-2] == 3


def test_a_delivery_more_demand_and_a_price_are_asked_of_the_server(
    page: httpx.Client, client: RiskClient, risks: Sequence[ProductRisk]
) -> None:
    product = next(each.product_id for each in risks if each.error is None and each.revenue_at_risk)
    asked = Item(product, deliveries=[ExpectedDelivery(3, 12.0)], demand_factor=2.0, unit_price=1_000_000.0)
    (risk,) = client.assess([asked]).results
    query = "delivery_units=12&delivery_days=3&demand_percent=200&unit_price=1000000"
    answer = page.get(f"/product-what-if/{product}?{query}").text
    said = text_of(page, f"/product-what-if/{product}?{query}")
    assert risk.suggested_order is not None
    assert "On its way, as far as it helps within" in said
    assert "12 units on Jul 31, 2024 supposed" in said
    assert f"\u2192 {risk.suggested_order.units:,.0f} " in said
    assert risk.revenue_at_risk_before_relief is not None
    money = risk.revenue_at_risk_before_relief
    assert f"worth {money:,.{0 if money >= 100 else 2}f}" in said
    assert answer.index("+</td><td>12</td>")
    drawn = page.get(f"/product-weeks/{product}?{query}").json()
    history = client.product_history(product)
    assert drawn["demand"]["mean"][-1] == pytest.approx(2 * history.forecast[-1].demand.mean_units)


def test_ids_without_a_row_are_told_why(page: httpx.Client) -> None:
    assert "The data hold no product of this id." in text_of(page, "/products/nobody%2Fat%20all%3F", status=404)


def test_sales_alone_are_never_called_a_risk_of_running_out(server: RunningServer, published: Published) -> None:
    with asked_planner(server.target) as page, RiskClient(server.target) as client:
        risks = client.assess(published.panel.product_ids).results
        found = {each.error.reason if each.error else "": each.product_id for each in risks}
        said = text_of(page, f"/products/{found['']}")
        assert "Its stock is not known, so this is not the risk of running out." in said
        assert "it is not known what is on hand" in said
        assert "What to order" in text_of(page, f"/products/{found['']}?units_on_hand=2")
        assert "the model needs 4." in text_of(page, f"/products/{found['INSUFFICIENT_HISTORY']}")
        assert "the question does not apply to it this week" in text_of(page, f"/products/{found['NOT_ELIGIBLE']}")
        assert "This service shows no decisions" in said
        assert "no sale of it counts" in text_of(page, "/products/cancelled-only")
        assert "not sold before the end of the newest week" in text_of(page, "/products/next-year")
