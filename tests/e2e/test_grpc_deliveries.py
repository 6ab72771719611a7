"""Orders with suppliers in a snapshot: what comes next and what to expedite, of one server and of shards."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pytest

from data.panel import Panel
from data.snapshots import publish
from feature_service.client import ListFilter, RankedRisk, RiskClient
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders
from tests.support.servers import running_server
from tests.support.shell import shell
from tests.support.shops import LABEL, LAST_DAY, WEEKS, Shops
from tests.support.snapshots import MODEL

LAST = 7 * WEEKS - 1
EXPEDITE = ListFilter(order="EXPEDITE_BY_DATE", include_out_of_stock=True)


def with_orders(panel: Panel) -> Panel:
    """An order of each second product, of 40 units, that is expected in 1 to 30 days; every sixth one is overdue."""
    products = np.arange(len(panel.product_ids))
    ordered = products[products % 2 == 0]
    days = np.where(ordered % 6 == 0, -2, ordered % 30 + 1)
    units = np.full(len(ordered), 40, dtype=np.float32)
    orders = PurchaseOrders(
        np.searchsorted(ordered, np.arange(len(products) + 1)).astype(np.int64),
        np.full(len(ordered), LAST - 20),
        LAST + days,
        np.full(len(ordered), NOT_RECEIVED),
        units,
        np.full(len(ordered), np.nan, dtype=np.float32),
    )
    return replace(panel, purchase_orders=orders).with_lead_time(7)


@dataclass(frozen=True)
class Delivered:
    """A server of all products and one that asks two shards."""

    panel: Panel
    target: str
    fleet: str


@pytest.fixture(scope="module")
def delivered(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    panel, folder = with_orders(shops.panel), tmp_path_factory.mktemp("deliveries")
    bundle, eligible = shops.root / shops.snapshot_id / "bundle", LABEL.eligible(panel)
    for shards, name in ((1, "whole"), (2, "shards")):
        publish(panel, eligible, bundle, MODEL, folder / name, shards=shards)
    with ExitStack() as servers:
        whole = servers.enter_context(running_server(folder / "whole"))
        parts = [
            servers.enter_context(running_server(folder / "shards", "--shard", f"{number}/2")) for number in range(2)
        ]
        yield Delivered(panel, whole.target, ",".join(each.target for each in parts))


def listed(target: str) -> list[RankedRisk]:
    with RiskClient(target) as client:
        return list(client.list_risks(EXPEDITE, 1000).results)


def test_the_next_delivery_is_told_of_all_that_have_one_also_of_what_has_run_out(delivered: Delivered) -> None:
    numbers = {product: number for number, product in enumerate(delivered.panel.product_ids)}
    gone = 0
    for each in listed(delivered.target):
        number, coming = numbers[each.risk.product_id], each.risk.next_delivery
        if number % 2:
            assert coming is None
            continue
        assert coming
        assert (coming.units, coming.on_order_units, coming.inferred) == (40, 40, False)
        days = 1 if number % 6 == 0 else number % 30 + 1
        assert coming.expected_on == LAST_DAY + dt.timedelta(days=days)
        assert coming.overdue_days == (2 if number % 6 == 0 else 0)
        gone += each.out_of_stock is not None
    assert gone


def test_what_to_expedite_first_comes_first_and_shards_tell_the_same(delivered: Delivered) -> None:
    ranked = listed(delivered.target)

    days = [each.risk.expedite_by for each in ranked if each.out_of_stock is None]
    known = [day for day in days if day]
    assert 3 < len(known) < len(days)
    assert days[: len(known)] == sorted(known)
    for each in ranked:
        if each.risk.expedite_by:
            assert each.risk.next_delivery
            assert LAST_DAY < each.risk.expedite_by < each.risk.next_delivery.expected_on
    assert listed(delivered.fleet) == ranked


def test_a_products_history_tells_what_is_on_its_way(delivered: Delivered) -> None:
    with RiskClient(delivered.fleet) as client:
        histories = [client.product_history(each) for each in delivered.panel.product_ids[:12]]

    for number, history in enumerate(histories):
        assert all(each.units_received == 0 for each in history.weeks)
        if number % 2:
            assert history.on_order == ()
            continue
        (order,) = history.on_order
        assert order.expected_on == LAST_DAY + dt.timedelta(days=1 if number % 6 == 0 else number % 30 + 1)
        assert (order.units, order.ordered_on) == (40, LAST_DAY - dt.timedelta(days=20))
        assert (order.promised_on < LAST_DAY) == (number % 6 == 0)


def test_the_shell_says_what_comes_and_what_to_expedite(delivered: Delivered) -> None:
    late = next(each.risk for each in listed(delivered.target) if each.risk.expedite_by)
    assert late.next_delivery

    told = shell("assess", "--target", delivered.target, late.product_id).stdout

    words = " ".join(told.split())
    assert f"40 units expected on {late.next_delivery.expected_on}" in words
    assert f"needed by {late.expedite_by}: expedite it" in words
    rows = shell("list", "--target", delivered.target, "--order", "EXPEDITE_BY_DATE", "--limit", "1", "--csv").stdout
    header, row = (line.split(",") for line in rows.splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells["product_id"], cells["expedite_by"]) == (late.product_id, str(late.expedite_by))
    assert (cells["next_delivery_on"], cells["next_delivery_units"]) == (str(late.next_delivery.expected_on), "40.0")
