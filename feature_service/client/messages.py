"""What the server's messages say, as the plain values of :mod:`feature_service.client.results`."""

import datetime as dt
from typing import Any, TypedDict

from google.rpc import code_pb2, error_details_pb2, status_pb2
from google.type import date_pb2
from stockout.v1 import feature_service_pb2, provenance_pb2, risk_service_pb2

from feature_service.client.deliveries import NextDelivery, next_delivery_of
from feature_service.client.orders import SuggestedOrder, order_of
from feature_service.client.results import (
    Challenger,
    OutOfStock,
    ProductFeatures,
    ProductProblem,
    ProductRisk,
    Provenance,
    RankedRisk,
    Reason,
    RecordedCounts,
    ServedQuestion,
    ServedShard,
    ServiceInfo,
)

WRONG_SHARD = "WRONG_SHARD"


def provenance_of(message: provenance_pb2.Provenance) -> Provenance:
    """Read a message."""
    return Provenance(
        model_name=message.model_name,
        model_version=message.model_version,
        feature_set=message.feature_set,
        label=message.label,
        threshold=message.threshold,
        snapshot_id=message.snapshot_id,
        as_of_week=day_of(message.as_of_week),
        horizon_weeks=message.horizon_weeks,
        evidence=provenance_pb2.Evidence.Name(message.evidence).removeprefix("EVIDENCE_"),
        published_at=message.published_at.ToDatetime(dt.UTC),
        stale=message.stale,
        data_until=day_of(message.data_until) if message.HasField("data_until") else None,
        alert_policy=message.alert_policy,
        data_warnings=message.data_warnings,
        question=message.question,
        counts_version=message.counts_version,
        challenger=_challenger(message.challenger) if message.HasField("challenger") else None,
        alerts_until_relief=message.alerts_until_relief,
    )


def risk_of(message: risk_service_pb2.StockoutRiskResult) -> ProductRisk:
    """Read a message."""
    if message.HasField("risk"):
        return _known_risk(message.product_id, message.risk)
    gone, problem = _out_of_stock(message.error), _problem(message.error)
    if gone is None:
        return ProductRisk(message.product_id, None, None, problem)
    return ProductRisk(message.product_id, None, None, problem, category=gone.category, **_supply(gone))


def ranked_of(message: risk_service_pb2.RankedStockoutRisk, rank: int) -> RankedRisk:
    """Read a message of a list in which it has this rank; the message's own is that in its server's list."""
    if not message.HasField("out_of_stock"):
        return RankedRisk(rank, _known_risk(message.product_id, message.risk))
    gone = message.out_of_stock
    risk = ProductRisk(message.product_id, None, None, None, category=gone.category, **_supply(gone))
    since = day_of(gone.since) if gone.HasField("since") else None
    losses = (_figure(gone, name) for name in ("units_lost_per_week", "revenue_lost_per_week"))
    return RankedRisk(rank, risk, OutOfStock(since, *losses))


def info_of(message: risk_service_pb2.GetServiceInfoResponse, target: str) -> ServiceInfo:
    """Read a message of the server at ``target``."""
    limits = message.limits
    return ServiceInfo(
        provenance=provenance_of(message.provenance),
        serving_since=message.serving_since.ToDatetime(dt.UTC),
        products=message.products,
        first_week=day_of(message.first_week),
        server_version=message.server_version,
        max_ids_per_request=limits.max_ids_per_request,
        max_message_bytes=limits.max_message_bytes,
        max_concurrent_rpcs=limits.max_concurrent_rpcs,
        max_streams=limits.max_streams,
        data_warnings=tuple(message.data_warnings),
        questions=tuple(map(_served_question, message.questions)),
        recorded_counts=_recorded_counts(message.recorded_counts) if message.HasField("recorded_counts") else None,
        shards=(_served_shard(message, target),) if message.HasField("shard") else (),
        challenger=_challenger(message.challenger) if message.HasField("challenger") else None,
    )


def features_of(message: feature_service_pb2.ProductFeaturesResult) -> ProductFeatures:
    """Read a message."""
    if message.HasField("features"):
        return ProductFeatures(message.product_id, tuple(message.features.values), message.features.eligible, None)
    return ProductFeatures(message.product_id, None, None, _problem(message.error))


def says_wrong_shard(response: Any) -> bool:
    """Whether a server says of a product that another one would hold it."""
    errors = (each.error for each in response.results if each.HasField("error"))
    return any(_problem(each).reason == WRONG_SHARD for each in errors)


def _challenger(message: provenance_pb2.Challenger) -> Challenger:
    return Challenger(
        model_name=message.model_name,
        model_version=message.model_version,
        feature_set=message.feature_set,
        threshold=message.threshold,
        alerts_until_relief=message.alerts_until_relief,
    )


def _served_shard(message: risk_service_pb2.GetServiceInfoResponse, target: str) -> ServedShard:
    return ServedShard(
        number=message.shard.number,
        count=message.shard.count,
        target=target,
        products=message.products,
        snapshot_id=message.provenance.snapshot_id,
        serving_since=message.serving_since.ToDatetime(dt.UTC),
    )


def _served_question(message: risk_service_pb2.ServedQuestion) -> ServedQuestion:
    return ServedQuestion(
        name=message.provenance.question,
        is_default=message.is_default,
        products=message.products,
        serving_since=message.serving_since.ToDatetime(dt.UTC),
        provenance=provenance_of(message.provenance),
    )


def _recorded_counts(message: risk_service_pb2.RecordedCounts) -> RecordedCounts:
    return RecordedCounts(
        connected=message.connected,
        products=message.products,
        newest_counted_on=day_of(message.newest_counted_on) if message.HasField("newest_counted_on") else None,
        heard_at=message.heard_at.ToDatetime(dt.UTC) if message.HasField("heard_at") else None,
    )


def _figure(message: risk_service_pb2.StockoutRisk | risk_service_pb2.OutOfStock, name: str) -> float | None:
    return getattr(message, name) if message.HasField(name) else None  # type: ignore[arg-type]


def _date(message: risk_service_pb2.StockoutRisk, name: str) -> dt.date | None:
    return day_of(getattr(message, name)) if message.HasField(name) else None  # type: ignore[arg-type]


def _known_risk(product_id: str, risk: risk_service_pb2.StockoutRisk) -> ProductRisk:
    return ProductRisk(
        product_id=product_id,
        probability=risk.probability,
        alert=risk.alert,
        error=None,
        units_on_hand=_figure(risk, "units_on_hand"),
        expected_demand_units=_figure(risk, "expected_demand_units"),
        expected_units_lost=_figure(risk, "expected_units_lost"),
        revenue_at_risk=_figure(risk, "revenue_at_risk"),
        weeks_of_cover=_figure(risk, "weeks_of_cover"),
        expected_stockout_date=_date(risk, "expected_stockout_date"),
        reorder_by_date=_date(risk, "reorder_by_date"),
        category=risk.category,
        counted_on=_date(risk, "counted_on"),
        count_recorded=risk.count_recorded,
        expedite_by=_date(risk, "expedite_by"),
        challenger_probability=_figure(risk, "challenger_probability"),
        challenger_alert=risk.challenger_alert if risk.HasField("challenger_alert") else None,
        reasons=tuple(Reason(each.feature, each.value, each.contribution, each.text) for each in risk.reasons),
        run_out_probabilities=tuple(risk.run_out_probabilities),
        relief_date=_date(risk, "relief_date"),
        relief_probability=_figure(risk, "relief_probability"),
        relief_after_curve=risk.relief_after_curve,
        earliest_stockout_date=_date(risk, "earliest_stockout_date"),
        median_stockout_date=_date(risk, "median_stockout_date"),
        latest_stockout_date=_date(risk, "latest_stockout_date"),
        expected_units_lost_before_relief=_figure(risk, "expected_units_lost_before_relief"),
        revenue_at_risk_before_relief=_figure(risk, "revenue_at_risk_before_relief"),
        **_supply(risk),
    )


class _Supply(TypedDict, total=False):
    suggested_order: SuggestedOrder | None
    next_delivery: NextDelivery | None


def _supply(message: risk_service_pb2.StockoutRisk | risk_service_pb2.OutOfStock) -> _Supply:
    order = order_of(message.suggested_order) if message.HasField("suggested_order") else None
    return {"suggested_order": order, "next_delivery": next_delivery_of(message)}


def _out_of_stock(status: status_pb2.Status) -> risk_service_pb2.OutOfStock | None:
    gone = risk_service_pb2.OutOfStock()
    return next((gone for detail in status.details if detail.Unpack(gone)), None)


def day_of(message: date_pb2.Date) -> dt.date:
    """Read a message."""
    return dt.date(message.year, message.month, message.day)


def _problem(status: status_pb2.Status) -> ProductProblem:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    return ProductProblem(code_pb2.Code.Name(status.code), info.reason, status.message, dict(info.metadata))
