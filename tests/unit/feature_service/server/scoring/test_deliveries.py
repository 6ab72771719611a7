"""What is on its way in the answers: by the orders of the snapshot, by a caller, beside newer counts."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.panel import Panel
from data.snapshots import ModelReference, Snapshot
from feature_service.kernel import feature_set
from feature_service.kernel.deliveries import NOT_RECEIVED, Incoming, PurchaseOrders
from feature_service.server.scoring.newer_stock import NewerStock, Stated
from feature_service.server.scoring.planner import Planner
from feature_service.server.scoring.scorer import Inputs

STOCK_2, WEEKS, PRODUCTS = feature_set("stock-2"), 12, 6
LAST = 7 * WEEKS - 1
EVERYONE = np.arange(PRODUCTS)


def orders(*stated: tuple[int, int, float]) -> PurchaseOrders:
    """Of a product, days until it is expected, and units: all ordered in the third week, none received."""
    rows = sorted(stated)
    product, days = (np.array([each[part] for each in rows], dtype=np.int64) for part in (0, 1))
    units = np.array([each[2] for each in rows], dtype=np.float32)
    return PurchaseOrders(
        np.searchsorted(product, np.arange(PRODUCTS + 1)).astype(np.int64),
        np.full(len(rows), 16),
        LAST + days,
        np.full(len(rows), NOT_RECEIVED),
        units,
        np.full(len(rows), np.nan, dtype=np.float32),
    )


KNOWN = orders((0, 2, 5), (0, 9, 50), (1, 40, 5), (2, -3, 8), (4, 1, 3))


@pytest.fixture
def panel() -> Panel:
    """Counted every day, 6 units on hand, about 2 a day go."""
    random = np.random.default_rng(3)
    fields = {
        name: random.integers(1, 20, (PRODUCTS, WEEKS)).astype(np.float32)
        for name in {*STOCK_2.fields, "units_sold", "price_mean"}
    }
    fields |= {name: np.full((PRODUCTS, WEEKS), 16, dtype=np.float32) for name in ("depletion", "units_sold")}
    fields |= {name: np.full((PRODUCTS, WEEKS), 7, dtype=np.float32) for name in ("count_days",)}
    fields |= {"units_on_hand": np.full((PRODUCTS, WEEKS), 6, dtype=np.float32)}
    fields |= {"count_age_days": np.zeros((PRODUCTS, WEEKS), dtype=np.float32)}
    weeks = np.datetime64("2024-01-01") + 7 * np.arange(WEEKS)
    ids = tuple(f"p{row}" for row in EVERYONE)
    return Panel(ids, weeks, fields, ("",) * PRODUCTS, {}, purchase_orders=KNOWN).with_lead_time(7)


def inputs_of(panel: Panel) -> Inputs:
    eligible = np.ones((PRODUCTS, WEEKS), dtype=np.bool_)
    made_up = Snapshot("made-up", dt.datetime.now(dt.UTC), ModelReference("m", "1", "r"), panel, eligible, Path())
    inputs = Inputs(STOCK_2, made_up, stock_aware=True)
    inputs.prepare_newest()
    return inputs


def nothing_said() -> NewerStock:
    return NewerStock(np.full(PRODUCTS, np.nan), np.full(PRODUCTS, np.nan))


def said(incoming: Incoming, knows: np.ndarray | None = None, factor: float = 1.0) -> NewerStock:
    knows = np.ones(PRODUCTS, dtype=np.bool_) if knows is None else knows
    stated = Stated(incoming, knows, np.full(PRODUCTS, np.nan), np.full(PRODUCTS, factor))
    return replace(nothing_said(), stated=stated)


def features(panel: Panel, newer: NewerStock) -> np.ndarray:
    found = inputs_of(panel).features_with_stock(EVERYONE, WEEKS - 1, newer)
    assert found is not None
    return found


def test_what_is_supposed_of_deliveries_changes_no_feature(panel: Panel) -> None:
    told = said(Incoming.seen(orders((1, 1, 9), (3, 6, 2)), WEEKS - 1))

    expected = inputs_of(panel).features(EVERYONE, WEEKS - 1)

    assert features(panel, told).tobytes() == expected.tobytes()
    assert features(panel, nothing_said()).tobytes() == expected.tobytes()


def moved(panel: Panel, *supposed: tuple[int, int, float]) -> np.ndarray:
    told = said(Incoming.seen(orders(*supposed), WEEKS - 1))
    with_these, with_known = Planner(panel, 1).chances(EVERYONE, WEEKS - 1, told, [1, 2, 6])
    return with_these - with_known


def test_supposed_deliveries_move_a_probability_by_what_they_do_to_the_stock(panel: Panel) -> None:
    known = ((0, 2, 5), (0, 9, 50), (1, 40, 5), (2, -3, 8), (4, 1, 3))

    assert (moved(panel, *known) == 0).all()
    in_lines = moved(panel, (0, 2, 2), (0, 2, 3), *known[1:])
    assert in_lines == pytest.approx(0)
    more = moved(panel, *known, (1, 3, 20), (3, 5, 30))
    assert (more[[1, 3]] <= 0).all()
    assert (more[[1, 3], 1] < -0.1).all()
    assert (more[[0, 2, 4, 5]] == 0).all()
    sooner, later = moved(panel, *known, (3, 2, 30)), moved(panel, *known, (3, 12, 30))
    assert (sooner[3] <= more[3] + 1e-9).all()
    assert (more[3] <= later[3] + 1e-9).all()
    assert later[3, 0] == 0
    taken_away = moved(panel)
    assert (taken_away[[0, 1, 2, 4]] >= 0).all()
    assert taken_away[0, 1] > 0.1


def test_what_a_recorded_count_has_seen_come_does_not_come_again(panel: Panel) -> None:
    counted = NewerStock(np.full(PRODUCTS, 11.0), np.full(PRODUCTS, np.nan), np.full(PRODUCTS, 3.0))

    before, after = (
        Planner(panel, 1).figures(EVERYONE, WEEKS - 1, np.empty((PRODUCTS, 0), dtype=np.float32), newer)
        for newer in (nothing_said(), counted)
    )

    assert before.on_order_units[[0, 2, 4]].tolist() == [55, 8, 3]
    assert after.on_order_units[[0, 2]].tolist() == [50, 8]  # what was overdue has still not come
    assert np.isnan(after.on_order_units[4])
    assert after.delivery_in_days[[0, 2]].tolist() == [9, 4]


def test_dates_losses_orders_and_what_to_expedite_go_by_the_day_of_each_delivery(panel: Panel) -> None:
    with_orders, without = (
        Planner(each, 1).figures(EVERYONE, WEEKS - 1, np.empty((PRODUCTS, 0), dtype=np.float32))
        for each in (panel, replace(panel, purchase_orders=PurchaseOrders.none(PRODUCTS)))
    )

    # 6 units at 14 and a bit a week are used up on the 3rd day, 5 more last for two and a half
    assert without.stockout_in_days.tolist() == [3] * PRODUCTS
    assert with_orders.stockout_in_days.tolist() == [6, 3, 7, 3, 5, 3]
    assert with_orders.reorder_in_days.tolist() == [-1, -4, 0, -4, -2, -4]
    assert with_orders.expedite_in_days[1] == 2  # on the 3rd day it is out already
    assert np.isnan(with_orders.expedite_in_days[[0, 2, 3, 4, 5]]).all()
    assert with_orders.delivery_overdue_days[2] == 3
    assert with_orders.delivery_in_days[2] == 1
    came = np.array([True, False, True, False, True, False])
    assert (with_orders.expected_units_lost < without.expected_units_lost)[came].all()
    assert (with_orders.expected_units_lost == without.expected_units_lost)[~came].all()
    # the order covers two weeks: for what comes on the 9th day it bridges two days, what comes on the 40th is far
    assert 0 < with_orders.order_units[0] < without.order_units[0] / 2
    assert with_orders.order_units[1] == without.order_units[1]
    assert (with_orders.weeks_of_cover == without.weeks_of_cover).all()
