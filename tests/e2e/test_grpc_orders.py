"""What to order, from a server of its own: by product, for the caller's own stock, and as a list for suppliers."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.planning.policies import Case, suggestion
from data.panel import IN_STOCK, UNITS_ON_HAND, Panel
from data.snapshots import publish
from feature_service.client import Item, ProductRisk, RiskClient, SuggestedOrder
from feature_service.client import Supplier as OfSupplier
from feature_service.kernel.ordering import DEFAULT_SERVICE_LEVEL
from tests.support.order_terms import LEAST, MOST, PACK, UNIT_COST, with_terms
from tests.support.servers import running_server
from tests.support.shell import shell
from tests.support.shops import LABEL, Shops
from tests.support.snapshots import MODEL


@dataclass(frozen=True)
class Ordering:
    """Servers of the shops with terms: one of all products, and two that hold a shard each."""

    panel: Panel
    target: str
    fleet: str


@pytest.fixture(scope="module")
def ordering(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordering]:
    panel, folder = with_terms(shops.panel), tmp_path_factory.mktemp("orders")
    bundle = shops.root / shops.snapshot_id / "bundle"
    eligible = LABEL.eligible(panel)
    for shards, name in ((1, "whole"), (2, "shards")):
        publish(panel, eligible, bundle, MODEL, folder / name, shards=shards)
    with ExitStack() as servers:
        whole = servers.enter_context(running_server(folder / "whole"))
        parts = [
            servers.enter_context(running_server(folder / "shards", "--shard", f"{number}/2")) for number in range(2)
        ]
        yield Ordering(panel, whole.target, ",".join(each.target for each in parts))


def orders_of(results: "list[ProductRisk] | tuple[ProductRisk, ...]") -> dict[str, SuggestedOrder]:
    return {each.product_id: each.suggested_order for each in results if each.suggested_order}


def test_every_product_whose_stock_is_known_has_an_order_and_its_numbers_add_up(shops: Shops) -> None:
    with RiskClient(shops.target) as client:
        results = client.assess(shops.panel.product_ids).results
    counted = np.isfinite(shops.panel.fields[UNITS_ON_HAND][:, -1])
    orders = orders_of([each for each, known in zip(results, counted, strict=True) if known])

    assert IN_STOCK not in shops.panel.fields
    gone = [each for each in results if each.error and each.error.reason == "OUT_OF_STOCK"]
    assert gone
    assert all(each.suggested_order and each.suggested_order.expected_left_units < 1e-6 for each in gone)
    assert len([each for each in results if each.probability is not None and each.product_id not in orders]) == 0
    for order in orders.values():
        lacking = order.order_up_to_units - order.expected_left_units
        assert order.units == (np.ceil(lacking - 0.5) if lacking > 0.5 else 0)
        assert order.service_level == DEFAULT_SERVICE_LEVEL
        assert order.protection_days >= 7
        assert order.cost is None
    assert len({order.units for order in orders.values()}) > 5


def test_the_server_orders_what_the_benchmark_measures(shops: Shops) -> None:
    stock = np.arange(len(shops.panel.product_ids), dtype=np.float64) % 40
    weekly = suggestion(Case(shops.panel), service_level=DEFAULT_SERVICE_LEVEL)
    expected = weekly(len(shops.panel.weeks) - 1, stock, np.zeros(len(stock)))

    with RiskClient(shops.target) as client:
        items = [
            Item(each, units_on_hand=units, lead_time_days=14)
            for each, units in zip(shops.panel.product_ids, stock, strict=True)
        ]
        orders = orders_of(list(client.assess(items).results))

    for each, units in zip(shops.panel.product_ids, expected, strict=True):
        assert each not in orders or orders[each].units == units
    assert len(orders) > 0.8 * len(stock)


def test_terms_of_the_data_are_kept_and_told(ordering: Ordering) -> None:
    with RiskClient(ordering.target) as client:
        orders = orders_of(list(client.assess(ordering.panel.product_ids).results))
    seen = set()
    for number, product in enumerate(ordering.panel.product_ids):
        if product not in orders:
            continue
        order = orders[product]
        seen.add((number % 3, order.units > 0))
        if number % 3 == 2:
            assert (order.pack_size, order.supplier, order.cost) == (None, None, None)
            continue
        assert (order.pack_size, order.maximum_units) == (PACK, MOST)
        assert order.cost == order.units * UNIT_COST
        assert order.units % PACK == 0
        assert order.units <= MOST
        if number % 3 == 0:
            assert order.supplier == OfSupplier("far", "Far Ltd", 1e6)
            assert order.units == 0 or order.units >= LEAST
        else:
            assert order.supplier == OfSupplier("near")
            assert order.service_level == 0.8
    assert len(seen) == 6


def test_servers_of_shards_order_what_one_of_all_products_does(ordering: Ordering) -> None:
    with RiskClient(ordering.target) as one, RiskClient(ordering.fleet) as several:
        answers = [client.assess(ordering.panel.product_ids).results for client in (one, several)]
    assert orders_of(list(answers[0])) == orders_of(list(answers[1]))


def test_the_list_holds_what_is_to_be_ordered_with_totals_by_supplier(ordering: Ordering) -> None:
    target = ("--target", ordering.target)
    document = json.loads(shell("order-list", "--json", *target).stdout)
    lines = list(csv.DictReader(io.StringIO(shell("order-list", "--csv", *target).stdout)))
    totals = list(csv.DictReader(io.StringIO(shell("order-list", "--csv", "--totals", *target).stdout)))

    with RiskClient(ordering.target) as client:
        orders = orders_of(list(client.assess(ordering.panel.product_ids).results))
    expected = {each for each, order in orders.items() if order.units > 0}
    assert {each["product_id"] for each in lines} == {each["product_id"] for each in document["lines"]} == expected
    assert [each["supplier_id"] for each in totals] == ["far", "near", ""]
    for total in totals:
        own = [line for line in lines if line["supplier_id"] == total["supplier_id"]]
        assert int(total["products"]) == len(own)
        assert float(total["units"]) == sum(float(line["units"]) for line in own)
        assert float(total["cost"]) == sum(float(line["cost"] or 0) for line in own)
    assert [each["is_below_minimum"] for each in totals] == ["True", "False", "False"]


def test_a_budget_is_spent_and_what_it_does_not_pay_for_is_told(ordering: Ordering) -> None:
    ended = shell("order-list", "--budget", "100", "--json", "--target", ordering.target)
    spent = json.loads(ended.stdout)
    assert 0 < sum(line["order"]["cost"] for line in spent["lines"]) <= 100
    assert spent["not_paid_for"]
    assert spent["cost_unknown"]

    table = shell("order-list", "--budget", "100", "--target", ordering.target).stdout
    assert f"{len(spent['not_paid_for'])} more products whose order the budget of 100 does not pay for" in table
    everything = shell("order-list", "--target", ordering.target).stdout
    assert "below the supplier's minimum of 1,000,000.00" in " ".join(everything.split())


def test_few_products_have_their_arithmetic_in_words(ordering: Ordering) -> None:
    with RiskClient(ordering.target) as client:
        results = client.assess(ordering.panel.product_ids).results
    product, order = next((each.product_id, each.suggested_order) for each in results if each.probability is not None)
    assert order is not None

    printed = " ".join(shell("assess", product, "--target", ordering.target).stdout.split())

    assert f"order: {order.units:g} to have {order.order_up_to_units:g} on arrival" in printed
    assert f"are wanted in {order.protection_days} days" in printed
