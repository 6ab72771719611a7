"""Counts of stock that a history records while a server answers: every way of asking knows of them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import grpc
import pytest
from google.type import date_pb2
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetServiceInfoRequest,
    StockoutRiskResult,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from tests.support.answers import reason_of
from tests.support.histories import History, running_history
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.shops import LAST_DAY, Shops

WEDNESDAY = LAST_DAY + dt.timedelta(days=3)


@dataclass
class Counted:
    """A server that watches a history, and a connection to it."""

    shops: Shops
    history: History
    server: RunningServer
    channel: grpc.Channel

    @property
    def risks(self) -> RiskServiceStub:
        return RiskServiceStub(self.channel)

    def ask(self, units: Mapping[str, float] | None = None) -> dict[str, StockoutRiskResult]:
        """Every product, or those whose stock the caller knows."""
        request = AssessStockoutRisksRequest(product_ids=self.shops.panel.product_ids)
        if units is not None:
            items = [AssessmentItem(product_id=each, units_on_hand=on_hand) for each, on_hand in units.items()]
            request = AssessStockoutRisksRequest(items=items)
        return {each.product_id: each for each in self.risks.AssessStockoutRisks(request, timeout=20).results}

    def record(self, units: Mapping[str, float], day: dt.date = WEDNESDAY) -> None:
        """Record counts, and wait until all of them are answered with."""
        watch = self.risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=list(units)), timeout=20)
        waiting = set(units) - {each.product_id for each in next(watch).results if is_of(each, day)}
        self.history.record({each: (day, on_hand) for each, on_hand in units.items()})
        while waiting:
            waiting -= {each.product_id for each in next(watch).results if is_of(each, day)}
        watch.cancel()


def date(day: date_pb2.Date) -> dt.date:
    return dt.date(day.year, day.month, day.day)


def is_of(result: StockoutRiskResult, day: dt.date) -> bool:
    """Whether the answer rests on a count of that day, as far as it says."""
    return date(result.risk.counted_on) == day if result.HasField("risk") else str(day) in result.error.message


@pytest.fixture
def counted(shops: Shops) -> Iterator[Counted]:
    history = History()  # type: ignore[abstract]  # nobody asks for the other RPCs
    with (
        running_history(history) as address,
        running_server(shops.root, "--history-address", address) as server,
        channel_to(server) as channel,
    ):
        yield Counted(shops, history, server, channel)


def test_a_recorded_count_is_answered_as_if_the_caller_had_given_it(counted: Counted) -> None:
    before = counted.ask()
    risky = [each for each, result in before.items() if result.HasField("risk")]
    units = {risky[0]: 3.0, risky[1]: 400.0}
    expected = counted.ask(units)
    counted.record(units)
    after = counted.ask()
    for product_id in units:
        answer = after[product_id].risk
        assert (date(answer.counted_on), answer.count_recorded) == (WEDNESDAY, True)
        answer.ClearField("counted_on")
        answer.ClearField("count_recorded")
        assert after[product_id] == expected[product_id]
    unchanged = before.keys() - units.keys()
    assert {each: after[each] for each in unchanged} == {each: before[each] for each in unchanged}
    info = counted.risks.GetServiceInfo(GetServiceInfoRequest()).recorded_counts
    assert (info.connected, info.products, date(info.newest_counted_on)) == (True, 2, WEDNESDAY)


def test_a_count_of_none_takes_a_product_off_the_shelf_and_one_above_brings_it_back(counted: Counted) -> None:
    before = counted.ask()
    risky = next(each for each, result in before.items() if result.HasField("risk"))
    out = next(each for each, result in before.items() if reason_of(result) == "OUT_OF_STOCK")
    counted.record({risky: 0.0, out: 25.0})
    after = counted.ask()
    assert reason_of(after[risky]) == "OUT_OF_STOCK"
    assert f"out of stock since {WEDNESDAY}" in after[risky].error.message
    assert after[out].risk.units_on_hand == 25
