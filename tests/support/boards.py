"""A planner's board for tests, without a server."""

import datetime as dt
from collections.abc import Iterable

import numpy as np

from feature_service.client import Plan, Provenance, ServiceInfo, SuggestedOrder, Supplier
from planner.board.keeper import Board
from planner.board.table import RiskTable

AS_OF_WEEK = dt.date(2024, 7, 22)
TODAY = AS_OF_WEEK + dt.timedelta(days=7)
PUBLISHED_AT = dt.datetime(2024, 7, 29, 6, 0, tzinfo=dt.UTC)


def info(snapshot_id: str = "2024-W30-a", counts_version: str = "") -> ServiceInfo:
    """What a server says of a snapshot of that week."""
    provenance = Provenance(
        model_name="stockout_risk",
        model_version="7",
        feature_set="stock-1",
        label="inventory",
        threshold=0.5,
        snapshot_id=snapshot_id,
        as_of_week=AS_OF_WEEK,
        horizon_weeks=1,
        evidence="STOCK_AWARE",
        published_at=PUBLISHED_AT,
        stale=False,
        counts_version=counts_version,
    )
    return ServiceInfo(provenance, PUBLISHED_AT, 5, dt.date(2024, 1, 1), "0.1.0", 1000, 1, 1, 1)


def board_of(table: RiskTable, plans: Iterable[Plan] = ()) -> Board:
    """A board that keeps plans, on the Monday after its newest week."""
    board = Board(table, info(), PUBLISHED_AT, TODAY, keeps_plans=True, states=np.zeros(len(table), np.int8))
    for each in plans:
        board.put(each)
    return board


def plan(product_id: str, state: str, changed_at: dt.datetime = PUBLISHED_AT) -> Plan:
    """Ana's."""
    until = TODAY + dt.timedelta(days=7) if state == "SNOOZED" else None
    return Plan(
        product_id, state, until, "", None, "ana", changed_at, "ana", changed_at, 0, "", f"etag of {product_id}"
    )


def order(units: float, cost: float | None = None, supplier: Supplier | None = None) -> SuggestedOrder:
    """So many units in packs of five."""
    return SuggestedOrder(
        units=units,
        order_up_to_units=units + 1,
        expected_left_units=1,
        demand_units=units,
        protection_days=14,
        service_level=0.9,
        units_at_risk=units / 2,
        value_at_risk=units,
        cost=cost,
        pack_size=5.0,
        supplier=supplier,
    )
