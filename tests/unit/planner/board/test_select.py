"""Views of a board: what is found, in which order, and what an address says."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from feature_service.client import NextDelivery, ProductProblem, ProductRisk, Supplier
from planner.board.keeper import Board
from planner.board.reading import read_table, shops_of
from planner.board.select import Selection, select
from planner.board.table import RiskTable
from planner.board.view import COLUMNS, NEEDS, PAGE_SIZES, SORTS, STATES, USUAL_COLUMNS, View
from tests.support.boards import PUBLISHED_AT, TODAY, board_of, order, plan

DAY = dt.timedelta(days=1)
LATER = PUBLISHED_AT + DAY


def risk(product_id: str, money: float | None = None, **known: object) -> ProductRisk:
    usual = {"probability": 0.2, "alert": False, "error": None, "revenue_at_risk_before_relief": money}
    return ProductRisk(product_id, **(usual | known))  # type: ignore[arg-type]


def out_of_stock(product_id: str, lost: str) -> ProductRisk:
    facts = {"since": "2024-07-20", "units_lost_per_week": "3", "revenue_lost_per_week": lost}
    problem = ProductProblem("FAILED_PRECONDITION", "OUT_OF_STOCK", "gone", facts)
    return ProductRisk(product_id, None, None, problem, category="toys")


def table_of(risks: Sequence[ProductRisk]) -> RiskTable:
    async def stream() -> AsyncIterator[ProductRisk]:
        for each in risks:
            yield each

    return asyncio.run(read_table(stream()))


def found(board: Board, query: str = "need=any") -> Selection:
    return select(board, View.of(QueryParams(query)))


def ids(board: Board, query: str = "need=any") -> list[str]:
    return [each.product_id for each in found(board, query).rows]


@pytest.fixture
def board() -> Board:
    """Four at risk, one that ran out, and one of which nothing is told."""
    near = order(10, cost=5.0, supplier=Supplier("near", "Near Ltd"))
    return board_of(
        table_of(
            [
                risk("Apple", 5.0, alert=True, category="fruit", reorder_by_date=TODAY - 3 * DAY),
                risk("pear", 50.0, category="fruit", reorder_by_date=TODAY + 6 * DAY, suggested_order=near),
                risk("plum", None, reorder_by_date=TODAY + 7 * DAY, units_on_hand=4.0),
                risk("ball", 7.0, category="toys", reorder_by_date=TODAY, units_on_hand=2.0),
                out_of_stock("doll", "30"),
                ProductRisk("new", None, None, ProductProblem("FAILED_PRECONDITION", "NOT_LAUNCHED", "")),
            ]
        ),
        [plan("ball", "SNOOZED"), plan("gone for good", "DISMISSED")],
    )


def test_most_money_at_risk_comes_first_and_what_is_not_known_last(board: Board) -> None:
    assert ids(board) == ["pear", "Apple", "plum"]
    assert ids(board, "need=any&order=up") == ["Apple", "pear", "plum"]
    assert found(board).money == 55.0


def test_the_least_that_is_at_risk_is_ranked_and_said_to_be_the_least() -> None:
    known = {"relief_probability": 0.9, "relief_after_curve": True}
    board = board_of(table_of([risk("near", 10.0, relief_probability=0.3), risk("far", 20.0, **known)]))
    assert [(each.product_id, each.is_least) for each in found(board).rows] == [("far", True), ("near", False)]
    assert ids(board, "need=any&sort=relief_probability") == ["far", "near"]
    assert (found(board).money, found(board).is_least) == (30.0, True)
    cut = found(board, "need=any&budget=1&sort=relief_probability&order=up")
    assert (cut.money, cut.is_least, cut.money_without_budget, cut.is_least_without_budget) == (10.0, False, 30.0, True)


def test_this_week_needs_alerts_and_what_must_be_ordered_within_it(board: Board) -> None:
    assert ids(board, "") == ["pear", "Apple"]
    assert ids(board, "need=overdue") == ["Apple"]
    assert ids(board, "need=alert") == ["Apple"]
    assert [each.days_late for each in found(board, "").rows] == [-6, 3]


def test_a_decision_takes_a_product_out_of_what_is_open(board: Board) -> None:
    assert found(board).counts == {"open": 3, "acknowledged": 0, "snoozed": 1, "dismissed": 0, "out": 1, "all": 5}
    assert ids(board, "need=any&state=snoozed") == ["ball"]
    board.put(plan("pear", "ACKNOWLEDGED"))
    assert ids(board) == ["Apple", "plum"]
    board.put(plan("pear", "OPEN", LATER))
    assert ids(board) == ["pear", "Apple", "plum"]
    board.put(plan("pear", "ACKNOWLEDGED"))  # an answer that was made before and comes late
    assert ids(board) == ["pear", "Apple", "plum"]


def test_what_ran_out_is_a_state_of_its_own_with_what_it_loses(board: Board) -> None:
    (row,) = found(board, "state=out").rows
    assert (row.product_id, row.is_out, row.money, row.out_since, row.days_late, row.units_on_hand) == (
        *("doll", True, 30.0, dt.date(2024, 7, 20), 0, 0.0),
    )
    assert ids(board, "need=any&state=all") == ["pear", "doll", "ball", "Apple", "plum"]
    assert board.table.not_assessed == {"NOT_LAUNCHED": 1}


def test_a_search_takes_any_case_of_id_and_category(board: Board) -> None:
    assert ids(board, "need=any&search=APP") == ["Apple"]
    assert ids(board, "need=any&search=Fruit") == ["pear", "Apple"]
    assert ids(board, "need=any&search=p&category=fruit&supplier=near") == ["pear"]
    assert ids(board, "need=any&category=nothing") == []


def test_a_budget_ends_the_list_and_says_what_is_left(board: Board) -> None:
    selection = found(board, "need=any&budget=1")
    assert [each.product_id for each in selection.rows] == ["pear"]
    assert (selection.total, selection.total_without_budget) == (1, 3)
    assert (selection.money, selection.money_without_budget) == (50.0, 55.0)


def test_a_page_beyond_the_last_is_the_last() -> None:
    board = board_of(table_of([risk(f"{number:03}", float(number)) for number in range(60)]))
    selection = found(board, "need=any&size=25&page=99")
    assert (selection.page, selection.pages, selection.first, len(selection.rows)) == (3, 3, 51, 10)
    assert found(board_of(table_of([]))).rows == []


def test_what_is_on_its_way_is_told_and_what_comes_too_late_needs_a_decision() -> None:
    late = NextDelivery(TODAY + 9 * DAY, 30.0, overdue_days=2)
    coming = {"next_delivery": late, "expedite_by": TODAY + 6 * DAY}
    board = board_of(
        table_of(
            [
                risk("late", 1.0, **coming),
                risk("later", 2.0, **(coming | {"expedite_by": TODAY + 7 * DAY})),
                risk("usual", 3.0, next_delivery=NextDelivery(TODAY, 5.0, inferred=True)),
            ]
        )
    )
    assert ids(board, "") == ["late"]
    assert ids(board, "need=expedite") == ["later", "late"]
    (row,) = found(board, "").rows
    assert (row.next_delivery, row.delivery_units, row.delivery_overdue_days, row.expedite_by) == (
        *(TODAY + 9 * DAY, 30.0, 2, TODAY + 6 * DAY),
    )
    assert [each.delivery_units for each in found(board).rows] == [None, 30.0, 30.0]  # nobody ordered what is inferred


def test_without_prices_the_probability_ranks() -> None:
    board = board_of(table_of([risk("low", probability=0.1), risk("high", probability=0.9)]))
    assert not board.table.has_money
    assert ids(board) == ["high", "low"]


def test_without_a_curve_the_money_within_the_horizon_ranks() -> None:
    board = board_of(table_of([risk("less", revenue_at_risk=1.0), risk("more", revenue_at_risk=2.0)]))
    assert (board.table.has_relief_money, board.table.has_money) == (False, True)
    assert ids(board) == ["more", "less"]


@pytest.mark.parametrize("column", SORTS)
def test_every_column_sorts_both_ways_and_keeps_all_rows(board: Board, column: str) -> None:
    up = ids(board, f"need=any&state=all&sort={column}&order=up")
    down = ids(board, f"need=any&state=all&sort={column}&order=down")
    assert sorted(up) == sorted(down) == ["Apple", "ball", "doll", "pear", "plum"]


def test_shops_are_told_only_where_ids_are_made_of_location_and_item() -> None:
    assert shops_of(["1-a", "1-b", "2-a", "2-b"]) == ["1", "1", "2", "2"]
    assert shops_of(["1-a", "2-b", "3-c"]) == ["", "", ""]  # neither part comes back
    assert shops_of(["1-a", "1-b", "2-a", "plain"]) == [""] * 4
    assert shops_of([]) == []


views = st.builds(
    View,
    question=st.sampled_from(["", "inventory", "a&b=c"]),
    search=st.text(max_size=20).map(str.strip),
    category=st.text(max_size=9).map(str.strip),
    state=st.sampled_from(STATES),
    need=st.sampled_from(NEEDS),
    sort=st.sampled_from(SORTS),
    page=st.integers(1, 99_999),
    size=st.sampled_from(PAGE_SIZES),
    budget=st.integers(0, 99_999),
    columns=st.sets(st.sampled_from(COLUMNS)).map(lambda some: tuple(c for c in COLUMNS if c in some) or USUAL_COLUMNS),
)


@given(view=views.filter(lambda each: not any("\ud800" <= c <= "\udfff" for c in each.search + each.category)))
def test_every_view_is_a_link(view: View) -> None:
    assert View.of(QueryParams(view.query)) == view
    assert View.of(QueryParams(view.sorted_by(view.sort).query)).is_descending != view.is_descending


@given(query=st.dictionaries(st.sampled_from(["page", "size", "budget", "sort", "state", "columns"]), st.text()))
def test_an_address_without_sense_shows_the_usual_list(
    query: dict[str, str],
) -> None:
    board = board_of(table_of([risk("a", 1.0)]))
    assert select(board, View.of(QueryParams(query))).pages == 1
    assert np.isfinite(select(board, View()).money)
