"""What holds for what is on the way, whatever the orders: no leakage, the same bits however computed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_service.kernel import Fields, MissingFieldsError, PanelFeatures, feature_set, features_at
from feature_service.kernel.deliveries import (
    DAYS_AHEAD,
    LOST_AFTER_DAYS,
    NOT_RECEIVED,
    Deliveries,
    Incoming,
    PurchaseOrders,
)

STOCK_2 = feature_set("stock-2")
WEEKS = 9
FEW = settings(max_examples=40)


@st.composite
def orders_of(draw: st.DrawFn, products: int | None = None) -> PurchaseOrders:
    """Orders of up to 5 products around the panel's weeks: early, late, never, overdue, cancelled."""
    counts = draw(st.lists(st.integers(0, 4), min_size=products or 1, max_size=products or 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total = sum(counts)
    ordered = random.integers(-20, 7 * WEEKS, total)
    expected = ordered + random.integers(0, 40, total)
    received = np.maximum(expected + random.integers(-9, 30, total), ordered)
    received = np.where(random.random(total) < 0.3, NOT_RECEIVED, received)
    product = np.repeat(np.arange(len(counts)), counts)
    by_day = np.lexsort((expected, product))
    ordered, expected, received = ordered[by_day], expected[by_day], received[by_day]
    units = random.integers(1, 50, total).astype(np.float32)
    came = np.where(random.random(total) < 0.2, 0, units)
    came = np.where(received == NOT_RECEIVED, np.nan, came).astype(np.float32)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return PurchaseOrders(first, ordered, expected, received, units, came)


def _fields(products: int) -> Fields:
    random = np.random.default_rng(products)
    fields = {name: random.integers(0, 30, (products, WEEKS)).astype(np.float32) for name in STOCK_2.fields}
    fields["count_days"][:] = 7
    return fields


@FEW
@given(orders=orders_of())
def test_what_is_on_the_way_is_what_was_ordered_and_has_not_come(orders: PurchaseOrders) -> None:
    seen = Deliveries.seen(orders, 0, WEEKS)

    for week in range(WEEKS):
        today = 7 * week + 6
        for row in range(orders.products):
            own = orders.of(np.array([row]))
            came = own.received_day <= today
            with_units = came & (own.received_units > 0)
            late = np.sum((own.received_day - own.expected_day)[with_units]) / (with_units.sum() + 2)
            assert seen.delivery_lateness_days[row, week] == pytest.approx(late)
            coming = (own.ordered_day <= today) & ~came & (own.expected_day >= today - LOST_AFTER_DAYS)
            days = np.sort(own.expected_day[coming] + round(late) - today)
            assert seen.on_order_units[row, week] == own.units[coming].sum()
            if not coming.any():
                assert np.isnan(seen.days_to_delivery[row, week])
                continue
            assert seen.days_to_delivery[row, week] == days[0]
            by_day = [
                own.units[coming][np.maximum(own.expected_day[coming] + round(late) - today, 1) <= day].sum()
                for day in range(1, DAYS_AHEAD + 1)
            ]
            assert seen.arriving[row, week].tolist() == by_day


@FEW
@given(orders=orders_of(), week=st.integers(0, WEEKS - 1))
def test_nothing_of_orders_after_as_of_changes_a_feature(orders: PurchaseOrders, week: int) -> None:
    today, fields = 7 * week + 6, _fields(orders.products)
    kept = orders.ordered_day <= today
    first = np.concatenate([[0], np.cumsum(kept)])[orders.first]
    known = dataclasses.replace(
        orders,
        first=first,
        **{
            field.name: getattr(orders, field.name)[kept]
            for field in dataclasses.fields(orders)
            if field.name != "first"
        },
    )
    received = np.where(known.received_day <= today, known.received_day, NOT_RECEIVED)
    known = dataclasses.replace(known, received_day=received)

    later = features_at(STOCK_2, fields, week, purchase_orders=orders)

    assert features_at(STOCK_2, fields, week, purchase_orders=known).tobytes() == later.tobytes()


@FEW
@given(orders=orders_of(), week=st.integers(0, WEEKS - 1), data=st.data())
def test_weeks_and_products_computed_alone_are_those_of_all(
    orders: PurchaseOrders, week: int, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, orders.products - 1), max_size=4)), dtype=np.intp)
    features = PanelFeatures(STOCK_2, _fields(orders.products), purchase_orders=orders)

    column = np.ascontiguousarray(features.of_all_weeks()[:, :, week].T)

    assert features.at(week, rows).tobytes() == column[rows].tobytes()
    stated = features.with_stock_at(week)
    assert stated is not None
    stock = _fields(orders.products)["units_on_hand"][rows, week]
    assert stated.with_units_on_hand(rows, stock).tobytes() == column[rows].tobytes()


@FEW
@given(days=st.lists(st.integers(1, 20), min_size=1, max_size=4), sooner=st.integers(1, 20))
def test_deliveries_that_come_sooner_leave_no_margin_smaller(days: list[int], sooner: int) -> None:
    fields, row = _fields(1), np.zeros(len(days), dtype=np.int64)
    stated = PanelFeatures(STOCK_2, fields, purchase_orders=PurchaseOrders.none(1)).with_stock_at(WEEKS - 1)
    assert stated is not None
    margins = [at for at, name in enumerate(STOCK_2.feature_names) if "margin_on_day" in name or "lowest" in name]

    late, soon = (
        stated.with_units_on_hand(
            np.array([0]),
            np.array([3], dtype=np.float32),
            Incoming.listed(1, row, np.maximum(np.array(days) - by, 1), np.full(len(days), 5.0)),
        )[0, margins]
        for by in (0, sooner)
    )

    assert (soon >= late).all()


def test_a_panel_without_orders_is_told_that_they_are_lacking() -> None:
    with pytest.raises(MissingFieldsError, match="'stock-2' is made from purchase_orders, which the panel lacks"):
        PanelFeatures(STOCK_2, _fields(2))
