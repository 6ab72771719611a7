"""Counts of stock that a history records while a server answers: every way of asking knows of them."""

import dataclasses
import datetime as dt
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetProductHistoryRequest,
    ListStockoutRisksRequest,
    OutOfStock,
    RankedStockoutRisk,
    StockoutRisk,
    StockoutRiskResult,
    WatchStockoutRisksRequest,
)

from feature_service.server.serving.current import CurrentSnapshot
from tests.support.answers import reason_of
from tests.support.calls import reason_in, refusal
from tests.support.counted import Counted, Results, after_the_week, counting, day_of
from tests.support.shops import LAST_DAY, Shops
from tests.support.snapshots import publish_snapshot

WEDNESDAY = after_the_week(3)
SALES_ONLY = "zero_sales"


@pytest.fixture(scope="module")
def root(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shops' snapshot, and beside it a question about the same products that stock says nothing of."""
    folder = tmp_path_factory.mktemp("counted") / "snapshots"
    shutil.copytree(shops.root, folder)
    publish_snapshot(folder / SALES_ONLY, shops.panel, label=SALES_ONLY)
    return folder


@pytest.fixture
def counted(root: Path, shops: Shops) -> Iterator[Counted]:
    with counting(root, shops.panel.product_ids) as server:
        server.server.wait_for("loaded", lambda line: line["question"] == SALES_ONLY)
        yield server


def unmarked(result: StockoutRiskResult) -> StockoutRiskResult:
    """Without what a recorded count says more than the same stock from a caller."""
    plain = StockoutRiskResult.FromString(result.SerializeToString())
    if plain.HasField("risk"):
        plain.risk.ClearField("counted_on")
        plain.risk.ClearField("count_recorded")
        plain.risk.ClearField("reasons")
    return plain


def out_of_stock_of(result: StockoutRiskResult) -> OutOfStock:
    own = OutOfStock()
    assert result.error.details[1].Unpack(own)
    return own


def risky(results: Results) -> list[str]:
    return [each for each, result in results.items() if result.HasField("risk")]


def test_a_recorded_count_is_answered_as_if_the_caller_had_given_it(counted: Counted) -> None:
    before = counted.ask()
    units = dict(zip(risky(before), (3.0, 400.0), strict=False))
    expected = counted.ask_with(units)
    counted.record(units, WEDNESDAY)
    after = counted.ask()
    for product_id in units:
        risk = after[product_id].risk
        assert (day_of(risk.counted_on), risk.count_recorded, list(risk.reasons)) == (WEDNESDAY, True, [])
        assert unmarked(after[product_id]) == expected[product_id]
        assert after[product_id].risk.probability != before[product_id].risk.probability
    assert {each: after[each] for each in before if each not in units} == {
        each: before[each] for each in before if each not in units
    }
    assert counted.info().recorded_counts.products == len(units)
    assert counted.info().recorded_counts.connected


def test_a_count_of_none_takes_a_product_off_the_shelf_and_one_above_brings_it_back(counted: Counted) -> None:
    before = counted.ask()
    there = risky(before)[0]
    out = [each for each, result in before.items() if reason_of(result) == "OUT_OF_STOCK"]
    counted.record({there: 0.0, out[0]: 25.0, out[1]: 0.0}, WEDNESDAY)
    after = counted.ask()
    gone, still = (out_of_stock_of(after[each]) for each in (there, out[1]))
    assert (day_of(gone.since), gone.count_recorded, gone.units_lost_per_week > 0) == (WEDNESDAY, True, True)
    assert (still.since, still.count_recorded) == (out_of_stock_of(before[out[1]]).since, True)
    assert after[out[0]].risk.units_on_hand == 25
    on_top = [each.product_id for each in counted.listed() if each.HasField("out_of_stock")]
    assert there in on_top
    assert out[0] not in on_top
    counted.record({there: 7.0}, after_the_week(4))
    back = counted.ask()[there]
    assert unmarked(back) == counted.ask_with({there: 7.0})[there]


def test_where_stock_says_nothing_of_the_probability_only_the_figures_change(counted: Counted) -> None:
    other = dataclasses.replace(counted, question=SALES_ONLY)
    before = other.ask()
    units = dict.fromkeys(risky(before)[:2], 0.0)
    expected = other.ask_with(units)
    counted.record(units, WEDNESDAY)
    other.wait_for_counts_of(WEDNESDAY)
    after = other.ask()
    for product_id in units:
        risk, plain = after[product_id].risk, before[product_id].risk
        assert (risk.probability, list(risk.reasons)) == (plain.probability, list(plain.reasons))
        assert (risk.units_on_hand, risk.weeks_of_cover, risk.count_recorded) == (0, 0, True)
        assert unmarked(after[product_id]) == expected[product_id]


def test_what_the_caller_says_counts_more(counted: Counted) -> None:
    first, second = risky(counted.ask())[:2]
    expected = counted.ask_with({first: 11.0})[first]
    lead_time = AssessmentItem(product_id=second, units_on_hand=3, lead_time_days=20)
    with_both = counted.risks.AssessStockoutRisks(AssessStockoutRisksRequest(items=[lead_time])).results[0]
    counted.record({first: 3.0, second: 3.0}, WEDNESDAY)
    assert counted.ask_with({first: 11.0})[first] == expected
    lead_time.ClearField("units_on_hand")
    known = counted.risks.AssessStockoutRisks(AssessStockoutRisksRequest(items=[lead_time])).results[0]
    assert (day_of(known.risk.counted_on), known.risk.count_recorded) == (WEDNESDAY, True)
    assert unmarked(known) == with_both


@pytest.mark.parametrize("weeks_ago", [0, 2])
def test_who_gives_a_day_is_answered_without_recorded_counts(counted: Counted, weeks_ago: int) -> None:
    day = LAST_DAY - dt.timedelta(weeks=weeks_ago)
    before = counted.ask(day)
    counted.record(dict.fromkeys(risky(before)[:5], 1.0), WEDNESDAY)
    assert counted.ask(day) == before
    assert counted.ask() != before
    request = AssessStockoutRisksRequest(product_ids=counted.product_ids[:1])
    assert counted.risks.AssessStockoutRisks(request).provenance.counts_version
    request.as_of.year, request.as_of.month, request.as_of.day = day.timetuple()[:3]
    assert not counted.risks.AssessStockoutRisks(request).provenance.counts_version


def test_a_count_that_is_no_newer_than_the_snapshots_changes_nothing(counted: Counted) -> None:
    before = counted.ask()
    known, marker = risky(before)[:2]
    day = day_of(before[known].risk.counted_on)
    assert day is not None
    counted.history.record({known: (day, 1.0), "no such product": (WEDNESDAY, 1.0)})
    counted.record({marker: 2.0}, WEDNESDAY)
    assert counted.ask()[known] == before[known]
    assert counted.info().recorded_counts.products == 1


def test_a_watch_hears_of_a_changed_result_and_of_no_other_count(counted: Counted) -> None:
    first, second, third = risky(counted.ask())[:3]
    request = WatchStockoutRisksRequest(product_ids=[first, second])
    watch = counted.risks.WatchStockoutRisks(request, timeout=20)
    before = next(watch)
    counted.record({third: 5.0}, WEDNESDAY)
    counted.record({second: 5.0}, after_the_week(4))
    after = next(watch)
    assert [each.product_id for each in before.results] == [first, second]
    assert list(after.results) == [counted.ask()[second]]
    assert after.provenance.counts_version
    watch.cancel()


def test_a_walk_through_pages_is_not_touched_by_counts(counted: Counted) -> None:
    ids = risky(counted.ask())
    pages: list[tuple[list[RankedStockoutRisk], str]] = []
    for number in range(4):
        whole = counted.risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=1000))
        page = counted.risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=5))
        pages.append((list(whole.risks)[5:], page.next_page_token))
        counted.record({ids[number]: 0.0, ids[-number]: 3000.0}, after_the_week(1 + number))
    for rest, token in pages:
        request = ListStockoutRisksRequest(page_size=1000, page_token=token)
        assert list(counted.risks.ListStockoutRisks(request).risks) == rest


def test_a_walk_that_too_many_others_came_after_is_told_to_start_again(counted: Counted) -> None:
    product_id = risky(counted.ask())[0]
    request = ListStockoutRisksRequest(page_size=5)
    first = counted.risks.ListStockoutRisks(request).next_page_token
    for number in range(1, CurrentSnapshot.MAX_REPLACED + 2):
        counted.record({product_id: float(number)}, after_the_week(number))
        newest = counted.risks.ListStockoutRisks(request).next_page_token
    request.page_token = newest
    assert counted.risks.ListStockoutRisks(request).risks
    request.page_token = first
    code, status = refusal(counted.risks.ListStockoutRisks, request)
    assert (code.name, reason_in(status)[1]) == ("FAILED_PRECONDITION", "PAGE_TOKEN_EXPIRED")


_days = count(10)


@given(st.data())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_counted_every_door_says_the_same_as_for_a_caller(both: list[Counted], data: st.DataObject) -> None:
    counted = both[0]
    units = data.draw(
        st.dictionaries(
            st.sampled_from(counted.product_ids),
            st.just(0.0) | st.floats(0, 1e6) | st.integers(0, 50).map(float),
            min_size=1,
        )
    )
    day = after_the_week(next(_days))
    KNOWN.update(units)
    counted.record(units, day)
    for each in both:
        each.wait_for_counts_of(day)
        expected = {**each.ask(LAST_DAY), **each.ask_with(KNOWN)}
        asked = each.ask()
        assert {name: unmarked_error(result) for name, result in asked.items()} == {
            name: unmarked_error(result) for name, result in expected.items()
        }
        assert each.stream() == asked
        assert each.watched() == asked
        risks = {name: result.risk for name, result in asked.items() if result.HasField("risk")}
        listed = each.listed()
        assert {one.product_id: one.risk for one in listed if one.HasField("risk")} == risks
        ranked = [(-until_relief(one.risk), one.product_id) for one in listed if one.HasField("risk")]
        assert ranked == sorted(ranked)
        gone = {name for name, result in asked.items() if reason_of(result) == "OUT_OF_STOCK"}
        assert {one.product_id for one in listed if one.HasField("out_of_stock")} == gone
        assert {name for name, eligible in each.eligible().items() if eligible} == set(risks)


KNOWN: dict[str, float] = {}


def until_relief(risk: StockoutRisk) -> float:
    return risk.relief_probability if risk.HasField("relief_probability") else risk.probability


@pytest.fixture(scope="module")
def both(root: Path, shops: Shops) -> Iterator[list[Counted]]:
    """One server, asked for both questions."""
    with counting(root, shops.panel.product_ids) as server:
        server.server.wait_for("loaded", lambda line: line["question"] == SALES_ONLY)
        yield [server, dataclasses.replace(server, question=SALES_ONLY)]


def unmarked_error(result: StockoutRiskResult) -> object:
    """As :func:`unmarked`; of an error only what does not hang on the day since when it holds."""
    if not result.HasField("error"):
        return unmarked(result)
    info = error_details_pb2.ErrorInfo()
    assert result.error.details[0].Unpack(info)
    return info.reason, {key: value for key, value in info.metadata.items() if key != "since"}


def test_a_products_history_is_of_the_snapshot_alone(counted: Counted) -> None:
    asked = GetProductHistoryRequest(product_id=counted.product_ids[0])
    before = counted.risks.GetProductHistory(asked)
    counted.record({counted.product_ids[0]: 3.0}, WEDNESDAY)
    assert counted.ask()[counted.product_ids[0]].risk.count_recorded
    assert counted.risks.GetProductHistory(asked) == before
    assert before.provenance.counts_version == ""
