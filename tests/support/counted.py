"""A server of counted shelves that hears of recorded counts, and every way to ask it."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetServiceInfoRequest,
    GetServiceInfoResponse,
    ListStockoutRisksRequest,
    RankedStockoutRisk,
    StockoutRiskResult,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.support.histories import TIMEOUT_S, History, new_history, running_history
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.shops import LAST_DAY

Results = dict[str, StockoutRiskResult]


@dataclass
class Counted:
    """A server that watches a history, and a connection to it."""

    product_ids: Sequence[str]
    history: History
    server: RunningServer
    channel: grpc.Channel
    question: str = ""

    def __post_init__(self) -> None:
        self.risks, self.features = RiskServiceStub(self.channel), FeatureServiceStub(self.channel)

    def ask(self, as_of: dt.date | None = None) -> Results:
        """Every product by its id."""
        request = AssessStockoutRisksRequest(product_ids=self.product_ids, question=self.question)
        if as_of:
            request.as_of.CopyFrom(message_of(as_of))
        return by_id(self.risks.AssessStockoutRisks(request, timeout=TIMEOUT_S).results)

    def ask_with(self, units: Mapping[str, float]) -> Results:
        """Products whose stock the caller knows."""
        items = [AssessmentItem(product_id=each, units_on_hand=on_hand) for each, on_hand in units.items()]
        request = AssessStockoutRisksRequest(items=items, question=self.question)
        return by_id(self.risks.AssessStockoutRisks(request, timeout=TIMEOUT_S).results)

    def stream(self) -> Results:
        """Every product, as the stream says it."""
        parts = self.risks.StreamStockoutRisks(StreamStockoutRisksRequest(question=self.question), timeout=TIMEOUT_S)
        return by_id([each for part in parts for each in part.results])

    def watched(self) -> Results:
        """Every product, as the first message of a watch says it."""
        request = WatchStockoutRisksRequest(product_ids=self.product_ids, question=self.question)
        watch = self.risks.WatchStockoutRisks(request, timeout=TIMEOUT_S)
        first = next(watch)
        watch.cancel()
        return by_id(first.results)

    def listed(self) -> list[RankedStockoutRisk]:
        """The whole list, those that are out of stock on top."""
        request = ListStockoutRisksRequest(page_size=1000, include_out_of_stock=True, question=self.question)
        return list(self.risks.ListStockoutRisks(request, timeout=TIMEOUT_S).risks)

    def eligible(self) -> dict[str, bool]:
        """Whether the features say that the label applies."""
        request = GetFeaturesRequest(product_ids=self.product_ids, question=self.question)
        answer = self.features.GetFeatures(request, timeout=TIMEOUT_S)
        return {each.product_id: each.features.eligible for each in answer.results}

    def info(self) -> GetServiceInfoResponse:
        """What is served."""
        return self.risks.GetServiceInfo(GetServiceInfoRequest(question=self.question), timeout=TIMEOUT_S)

    def record(self, units: Mapping[str, float], day: dt.date) -> None:
        """Record counts of a day later than all before, and wait until they are answered with."""
        self.history.record({each: (day, on_hand) for each, on_hand in units.items()})
        self.wait_for_counts_of(day)

    def wait_for_counts_of(self, day: dt.date) -> None:
        """Until that is the newest day of a recorded count that is answered with."""
        wait_until(lambda: day_of(self.info().recorded_counts.newest_counted_on) == day)


@retry(retry=retry_if_result(lambda holds: not holds), stop=stop_after_delay(TIMEOUT_S), wait=wait_fixed(0.005))
def wait_until(condition: Callable[[], bool]) -> bool:
    """Ask again until it holds."""
    return condition()


@contextmanager
def counting(root: Path, product_ids: Sequence[str], *options: str) -> Iterator[Counted]:
    """A server of a folder of snapshots that watches a history of its own."""
    history = new_history()
    with (
        running_history(history) as address,
        running_server(root, "--history-address", address, *options) as server,
        channel_to(server) as channel,
    ):
        yield Counted(product_ids, history, server, channel)


def after_the_week(days: int) -> dt.date:
    """So many days after the shops' newest week."""
    return LAST_DAY + dt.timedelta(days=days)


def by_id(results: Sequence[StockoutRiskResult]) -> Results:
    """Each product's."""
    return {each.product_id: each for each in results}


def day_of(day: date_pb2.Date) -> dt.date | None:
    """None where it is not set."""
    return dt.date(day.year, day.month, day.day) if day.year else None


def message_of(day: dt.date) -> date_pb2.Date:
    """As protos have it."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)
