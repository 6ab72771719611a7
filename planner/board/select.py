"""The rows that a view shows, and what its tabs count."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feature_service.client import Plan, SuggestedOrder
from planner.board.keeper import STATES as PLAN_STATES
from planner.board.keeper import Board
from planner.board.view import STATES, View

Mask = NDArray[np.bool_]

WEEK = 7


@dataclass(frozen=True)
class Row:
    """A product as a page shows it; what is not known is None.

    Attributes:
        days_late: Since the day by which it should have been ordered; 0 or less where it is not overdue.
        next_delivery: The day on which something that was ordered comes; ``delivery_units`` of it.
        expedite_by: The day by which it has to be there instead, where it comes too late.
        money: At risk, or lost each week where it is out of stock.
        is_least: Relief comes after the curve, so that money and risk until then are the least that they can be.
        plan: None where nothing was ever decided.
    """

    product_id: str
    category: str
    supplier: str
    shop: str
    alert: bool
    is_out: bool
    money: float | None
    probability: float | None
    relief_probability: float | None
    is_least: bool
    reorder_by: dt.date | None
    out_by: dt.date | None
    out_since: dt.date | None
    units_on_hand: float | None
    weeks_of_cover: float | None
    expected_demand_units: float | None
    order_units: float | None
    order_cost: float | None
    next_delivery: dt.date | None
    delivery_units: float | None
    delivery_overdue_days: float | None
    expedite_by: dt.date | None
    order: SuggestedOrder | None
    days_late: int
    state: str
    plan: Plan | None


@dataclass(frozen=True)
class Selection:
    """A page of a view.

    Attributes:
        rows: Of the page.
        first: Number of its first row, from 1.
        total: Rows of the whole view.
        pages: How many there are, at least 1.
        page: This one.
        counts: By state, how many it would be with the other filters as they are.
        money: Of the whole view.
        is_least: Whether any of it is the least that it can be.
        money_without_budget: The same if no budget cut it off.
        is_least_without_budget: In that case.
        total_without_budget: Rows in that case.
    """

    rows: Sequence[Row]
    first: int
    total: int
    pages: int
    page: int
    counts: dict[str, int]
    money: float
    is_least: bool
    money_without_budget: float
    is_least_without_budget: bool
    total_without_budget: int


def select(board: Board, view: View) -> Selection:
    """The page that a view shows; a page beyond the last is the last."""
    found = _filtered(board, view)
    counts = {state: int((found & _of_state(board, state)).sum()) for state in STATES}
    rows = _in_order(board, view, found & _of_state(board, view.state))
    money = board.table.money[rows]
    if view.state != "out":  # what is lost a week is no money at risk
        money = np.where(board.table.is_out[rows], np.nan, money)
    is_least = board.table.is_least[rows] & np.isfinite(money)
    shown = rows[: view.budget] if view.budget else rows
    pages = max(1, math.ceil(len(shown) / view.size))
    page = min(view.page, pages)
    start = (page - 1) * view.size
    return Selection(
        rows=[row_of(board, int(each)) for each in shown[start : start + view.size]],
        first=start + 1 if len(shown) else 0,
        total=len(shown),
        pages=pages,
        page=page,
        counts=counts,
        money=float(np.nansum(money[: len(shown)])),
        is_least=bool(is_least[: len(shown)].any()),
        money_without_budget=float(np.nansum(money)),
        is_least_without_budget=bool(is_least.any()),
        total_without_budget=len(rows),
    )


def row_of(board: Board, row: int) -> Row:
    """One row of the table."""
    table, figures = board.table, board.table.figures
    number = {name: None if math.isnan(values[row]) else float(values[row]) for name, values in figures.items()}
    money = float(table.money[row])
    reorder_by = _day(number["reorder_by"])
    return Row(
        product_id=table.ids[row],
        category=table.categories.name_of(row),
        supplier=table.suppliers.name_of(row),
        shop=table.shops.name_of(row),
        alert=bool(table.alert[row]),
        is_out=bool(table.is_out[row]),
        money=None if math.isnan(money) else money,
        is_least=bool(table.is_least[row]),
        reorder_by=reorder_by,
        out_by=_day(number["out_by"]),
        out_since=_day(number["out_since"]),
        next_delivery=_day(number["next_delivery"]),
        expedite_by=_day(number["expedite_by"]),
        order=table.orders[row],
        days_late=(board.today - reorder_by).days if reorder_by and not table.is_out[row] else 0,
        state=PLAN_STATES[board.states[row]],
        plan=board.plans.get(table.ids[row]),
        **{name: number[name] for name in _NUMBERS},
    )


_NUMBERS = (
    "probability",
    "relief_probability",
    "units_on_hand",
    "weeks_of_cover",
    "expected_demand_units",
    "order_units",
    "order_cost",
    "delivery_units",
    "delivery_overdue_days",
)


def _in_order(board: Board, view: View, found: Mask) -> NDArray[np.intp]:
    rows = board.table.sorted_rows(view.sort, view.is_descending)
    return rows[found[rows]]


def _filtered(board: Board, view: View) -> Mask:
    """By everything but the state."""
    table = board.table
    found = _of_need(board, view.need)
    for wanted, labels in (
        (view.category, table.categories),
        (view.supplier, table.suppliers),
        (view.shop, table.shops),
    ):
        if wanted:
            found = found & labels.rows_of(wanted)
    return found & _matching(board, view.search.lower()) if view.search else found


def _matching(board: Board, text: str) -> Mask:
    table = board.table
    by_id: Mask = np.fromiter((text in each for each in table.lowered), np.bool_, len(table))
    if not len(table):
        return by_id
    of_category = np.array([text in name.lower() for name in table.categories.names], dtype=np.bool_)
    found: Mask = by_id | of_category[table.categories.codes]
    return found


def _of_need(board: Board, need: str) -> Mask:
    """What is out of stock needs a decision whatever its dates are."""
    table, today = board.table, board.today.toordinal()
    reorder_by, expedite_by = table.figures["reorder_by"], table.figures["expedite_by"]
    match need:
        case "week":
            found = table.alert | (reorder_by < today + WEEK) | (expedite_by < today + WEEK) | table.is_out
        case "overdue":
            found = (reorder_by < today) & ~table.is_out
        case "expedite":
            found = np.isfinite(expedite_by)
        case "alert":
            found = table.alert
        case _:
            found = np.ones(len(table), np.bool_)
    return found


def _of_state(board: Board, state: str) -> Mask:
    table = board.table
    match state:
        case "all":
            found: Mask = np.ones(len(table), np.bool_)
        case "out":
            found = table.is_out
        case "open":
            found = (board.states == 0) & ~table.is_out
        case _:
            found = board.states == PLAN_STATES.index(state.upper())
    return found


def _day(ordinal: float | None) -> dt.date | None:
    return None if ordinal is None else dt.date.fromordinal(int(ordinal))
