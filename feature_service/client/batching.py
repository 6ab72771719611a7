"""What the two clients share: requests from plain values, answers from responses, and how a channel behaves."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import grpc
from google.rpc import error_details_pb2
from google.type import date_pb2
from grpc_status import rpc_status
from stockout.v1 import provenance_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse, ProductFeaturesResult
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ExpectedDeliveries,
    ListStockoutRisksRequest,
    Order,
    StockoutRiskResult,
    StreamStockoutRisksRequest,
)

from feature_service.client.deliveries import ExpectedDelivery
from feature_service.client.errors import ClientError
from feature_service.client.messages import features_of, provenance_of, risk_of
from feature_service.client.results import FeatureAnswer, Provenance, RiskAnswer

DEFAULT_LIST_LIMIT = 20
DEFAULT_TIMEOUT_S = 10.0
STREAM_TIMEOUT_S = 600.0
ORDERS = tuple(name.removeprefix("ORDER_") for name, number in Order.items() if number)
"""What a ranked list can go by."""
SEVERAL = "+"
"""Between the versions of recorded counts of an answer in several batches."""
SHARDS = ","
"""Between those of an answer by several servers, each of which knows of its own products' counts."""

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                {"service": "stockout.v1.RiskService"},
                {"service": "stockout.v1.FeatureService"},
                {"service": "stockout.v1.HistoryService"},
                {"service": "stockout.v1.PlanService"},
            ],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
"""gRPC repeats only calls that the server refused before it began: repeating is harmless, but takes time."""

CHANNEL_OPTIONS = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # gRPC itself waits up to two minutes before it tries again to reach a server that was gone
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.min_reconnect_backoff_ms", 5000),  # how long one try may take, in spite of its name
)


def open_channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """A channel that repeats and reconnects as stated here; without credentials in plaintext."""
    if credentials is None:
        return grpc.insecure_channel(target, CHANNEL_OPTIONS)
    return grpc.secure_channel(target, credentials, CHANNEL_OPTIONS)


def open_async_channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    """The same for the running event loop."""
    if credentials is None:
        return grpc.aio.insecure_channel(target, CHANNEL_OPTIONS)
    return grpc.aio.secure_channel(target, credentials, CHANNEL_OPTIONS)


@dataclass(frozen=True)
class Item:
    """A product and what the caller knows better than the server's data; None leaves it to the server.

    Attributes:
        product_id: The product.
        units_on_hand: At the end of the ``as_of`` week, at least 0.
        lead_time_days: From an order to its arrival, 0 to 365.
        deliveries: All that is on its way, at most 100; empty: nothing is.
        unit_price: What a unit is sold at, at least 0.
        demand_factor: What all demand is taken times, 0.01 to 100.
    """

    product_id: str
    units_on_hand: float | None = None
    lead_time_days: int | None = None
    deliveries: Sequence[ExpectedDelivery] | None = None
    unit_price: float | None = None
    demand_factor: float | None = None


@dataclass(frozen=True)
class ListFilter:
    """Which products a ranked list holds and in which order; the defaults let every product with a risk through.

    Attributes:
        category: Spelled exactly so.
        evidence: ``SALES_ONLY`` or ``STOCK_AWARE``.
        minimum_probability: In [0, 1].
        alert_only: Only those that raise an alert.
        include_out_of_stock: On top, also those that have run out already.
        order: One of ``ORDERS``.
        include_challenger: Also what the challenger gives the products that are listed.
    """

    category: str = ""
    evidence: str = "UNSPECIFIED"
    minimum_probability: float = 0.0
    alert_only: bool = False
    include_out_of_stock: bool = False
    order: str = "RELIEF_PROBABILITY"
    include_challenger: bool = False


class _Response(Protocol):
    @property
    def provenance(self) -> provenance_pb2.Provenance: ...

    def HasField(self, field_name: Any) -> bool: ...  # noqa: N802 - protobuf's


Response = TypeVar("Response", bound=_Response)
Product = TypeVar("Product", str, "str | Item")


def risk_requests(
    products: Sequence[str | Item],
    max_ids: int,
    *,
    as_of: dt.date | None,
    horizon_weeks: int,
    include_challenger: bool,
) -> list[AssessStockoutRisksRequest]:
    """One request for each batch; at least one, so that the server says what is wrong with none."""
    return [
        AssessStockoutRisksRequest(
            product_ids=[each for each in batch if isinstance(each, str)] if _all_ids(batch) else [],
            items=[] if _all_ids(batch) else map(_item, batch),
            as_of=date_message(as_of),
            horizon_weeks=horizon_weeks,
            include_challenger=include_challenger,
        )
        for batch in _batches(products, max_ids)
    ]


def feature_requests(
    product_ids: Sequence[str], as_of: dt.date | None, feature_set: str, max_ids: int
) -> list[GetFeaturesRequest]:
    """One request for each batch."""
    return [
        GetFeaturesRequest(product_ids=batch, as_of=date_message(as_of), feature_set=feature_set)
        for batch in _batches(product_ids, max_ids)
    ]


def list_request(list_filter: ListFilter, page_size: int, page_token: str) -> ListStockoutRisksRequest:
    """One page.

    Raises:
        ValueError: If there is no such ``evidence`` or ``order``.
    """
    return ListStockoutRisksRequest(
        page_size=page_size,
        page_token=page_token,
        category=list_filter.category,
        evidence=Evidence.Value(f"EVIDENCE_{list_filter.evidence}"),
        minimum_probability=list_filter.minimum_probability,
        alert_only=list_filter.alert_only,
        include_out_of_stock=list_filter.include_out_of_stock,
        order=Order.Value(f"ORDER_{list_filter.order}"),
        include_challenger=list_filter.include_challenger,
    )


def stream_request(as_of: dt.date | None, question: str, *, include_challenger: bool) -> StreamStockoutRisksRequest:
    """Every product."""
    return StreamStockoutRisksRequest(
        as_of=date_message(as_of), question=question, include_challenger=include_challenger
    )


def risk_answer(responses: Sequence[Sequence[Response]], results: Iterable[StockoutRiskResult]) -> RiskAnswer:
    """The answers of each server's batches as one, with their results in the caller's order."""
    return RiskAnswer(joined_provenance(responses), list(map(risk_of, results)))


def feature_answer(
    responses: Sequence[Sequence[GetFeaturesResponse]], results: Iterable[ProductFeaturesResult]
) -> FeatureAnswer:
    """The answers of each server's batches as one, with their results in the caller's order."""
    names = tuple(responses[0][0].feature_names)
    return FeatureAnswer(joined_provenance(responses), names, list(map(features_of, results)))


def joined_provenance(responses: Sequence[Sequence[Response]]) -> Provenance:
    """That of each server's batches, which are all of one snapshot; the counts are those of all."""
    of_servers = [SEVERAL.join(dict.fromkeys(each.provenance.counts_version for each in its)) for its in responses]
    versions = of_servers[0] if len(set(of_servers)) == 1 else SHARDS.join(of_servers)
    return replace(provenance_of(responses[0][0].provenance), counts_version=versions)


def are_of_one_snapshot(responses: Iterable[Response]) -> bool:
    """Whether all were answered from the same snapshot; counts may be recorded between two of them."""
    first, *others = responses
    return not others or {_without_counts(each) for each in others} == {_without_counts(first)}


def smaller_limit(error: ClientError) -> int | None:
    """How many ids the server takes in one request, if it refused this one for holding more; otherwise None."""
    status = rpc_status.from_call(error.__cause__) if isinstance(error.__cause__, grpc.RpcError) else None
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.reason == "TOO_MANY_PRODUCTS":
            return int(info.metadata["max_ids"])
    return None


def date_message(day: dt.date | None) -> date_pb2.Date | None:
    """The day as a message; None for None, which leaves the field unset."""
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _without_counts(response: _Response) -> Provenance:
    return replace(provenance_of(response.provenance), counts_version="")


def _batches(products: Sequence[Product], max_ids: int) -> list[Sequence[Product]]:
    return [products[start : start + max_ids] for start in range(0, max(1, len(products)), max_ids)]


def _all_ids(batch: Sequence[str | Item]) -> bool:
    return all(isinstance(each, str) for each in batch)


def _item(product: str | Item) -> AssessmentItem:
    if isinstance(product, str):
        return AssessmentItem(product_id=product)
    deliveries = None
    if product.deliveries is not None:
        deliveries = ExpectedDeliveries()
        for each in product.deliveries:
            deliveries.deliveries.add(in_days=each.in_days, units=each.units)
    return AssessmentItem(
        product_id=product.product_id,
        units_on_hand=product.units_on_hand,
        lead_time_days=product.lead_time_days,
        deliveries=deliveries,
        unit_price=product.unit_price,
        demand_factor=product.demand_factor,
    )
