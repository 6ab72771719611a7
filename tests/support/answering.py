"""Servers of a test that answer exchanges of the client in this process, each from the products it is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.rpc import code_pb2, error_details_pb2, status_pb2
from google.type import date_pb2
from stockout.v1 import provenance_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeatures, ProductFeaturesResult
from stockout.v1.risk_service_pb2 import (
    SHARD_KEY_ITEM,
    SHARD_KEY_PRODUCT_ID,
    AssessStockoutRisksResponse,
    GetServiceInfoResponse,
    ListStockoutRisksResponse,
    RankedStockoutRisk,
    Shard,
    StockoutRisk,
    StockoutRiskResult,
)

from feature_service.client.errors import ClientError
from feature_service.client.exchanges import Call, Exchange
from feature_service.shards import ShardKey, shard_number

Answer = TypeVar("Answer")
KEYS: dict[ShardKey, Any] = {"PRODUCT_ID": SHARD_KEY_PRODUCT_ID, "ITEM": SHARD_KEY_ITEM}


@dataclass
class Answering:
    """One server.

    Attributes:
        shard: Which part it holds, of how many, found by which key; None for all products.
        ranked: Its ranked list.
        snapshots: The id of its snapshot at each call after the other; the last one stays.
        counts_version: What it says of recorded counts.
        page_size: Products in a page at most.
        calls: What it was asked.
    """

    shard: tuple[int, int, ShardKey] | None = None
    ranked: Sequence[RankedStockoutRisk] = ()
    snapshots: list[str] = field(default_factory=lambda: ["one"])
    counts_version: str = ""
    page_size: int = 1000
    calls: list[Call] = field(default_factory=list)

    def answer(self, call: Call) -> Any:
        self.calls.append(call)
        return {
            "GetServiceInfo": self._info,
            "AssessStockoutRisks": self._assess,
            "GetFeatures": self._features,
            "ListStockoutRisks": self._list,
        }[call.method](call.request)

    def _provenance(self) -> provenance_pb2.Provenance:
        snapshot_id = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        as_of_week = date_pb2.Date(year=2024, month=1, day=1)
        return provenance_pb2.Provenance(
            snapshot_id=snapshot_id, as_of_week=as_of_week, counts_version=self.counts_version
        )

    def _info(self, _: Any) -> GetServiceInfoResponse:
        day = date_pb2.Date(year=2024, month=1, day=1)
        provenance = provenance_pb2.Provenance(snapshot_id=self.snapshots[0], as_of_week=day)
        info = GetServiceInfoResponse(provenance=provenance, first_week=day, products=len(self.ranked))
        if self.shard:
            number, count, key = self.shard
            info.shard.CopyFrom(Shard(number=number, count=count, key=KEYS[key]))
        return info

    def _assess(self, request: Any) -> AssessStockoutRisksResponse:
        ids = request.product_ids or [each.product_id for each in request.items]
        results = [StockoutRiskResult(product_id=each, **self._outcome(each)) for each in ids]
        return AssessStockoutRisksResponse(provenance=self._provenance(), results=results)

    def _outcome(self, product_id: str) -> dict[str, Any]:
        if self._holds(product_id):
            return {"risk": StockoutRisk(probability=0.5)}
        status = status_pb2.Status(code=code_pb2.FAILED_PRECONDITION)
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason="WRONG_SHARD"))
        return {"error": status}

    def _holds(self, product_id: str) -> bool:
        return self.shard is None or shard_number(product_id, *self.shard[1:]) == self.shard[0]

    def _features(self, request: Any) -> GetFeaturesResponse:
        assert all(map(self._holds, request.product_ids))
        results = [
            ProductFeaturesResult(product_id=each, features=ProductFeatures(values=[len(each)]))
            for each in request.product_ids
        ]
        return GetFeaturesResponse(provenance=self._provenance(), feature_names=["length"], results=results)

    def _list(self, request: Any) -> ListStockoutRisksResponse:
        first = int(request.page_token or 0)
        last = min(first + min(request.page_size, self.page_size), len(self.ranked))
        return ListStockoutRisksResponse(
            provenance=self._provenance(),
            risks=self.ranked[first:last],
            next_page_token=str(last) if last < len(self.ranked) else "",
            total_size=len(self.ranked),
        )


def answered(exchange: Exchange[Answer], servers: Sequence[Answering]) -> Answer:
    """What an exchange comes to with these servers; nothing pauses."""
    return answered_by(exchange, {number: each.answer for number, each in enumerate(servers)})


def answered_by(exchange: Exchange[Answer], servers: Mapping[int, Callable[[Call], Any]]) -> Answer:
    """The same with what answers a call, or raises the client's error for it."""
    try:
        calls = next(exchange)
        while True:
            calls = exchange.send([_outcome(servers[each.server], each) for each in calls.calls])
    except StopIteration as end:
        answer: Answer = end.value
        return answer


def _outcome(answer: Callable[[Call], Any], call: Call) -> Any:
    try:
        return answer(call)
    except ClientError as error:
        return error
