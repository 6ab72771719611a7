"""What the server answers, as plain frozen values."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.rpc import code_pb2, error_details_pb2, status_pb2
from google.type import date_pb2
from stockout.v1 import feature_service_pb2, provenance_pb2, risk_service_pb2

if TYPE_CHECKING:
    from feature_service.client.frames import DataFrame


@dataclass(frozen=True)
class Provenance:
    """What an answer rests on; ``evidence`` is SALES_ONLY or STOCK_AWARE; old servers tell no ``data_until``."""

    model_name: str
    model_version: str
    feature_set: str
    label: str
    threshold: float
    snapshot_id: str
    as_of_week: dt.date
    horizon_weeks: int
    evidence: str
    published_at: dt.datetime
    stale: bool
    data_until: dt.date | None = None
    alert_policy: str = ""
    data_warnings: int = 0


@dataclass(frozen=True)
class ProductProblem:
    """Why a product has no answer: gRPC code, reason for programs, sentence for people."""

    code: str
    reason: str
    message: str


@dataclass(frozen=True)
class Reason:
    """One feature's part in a probability; ``contribution`` in log-odds, ``text`` in words."""

    feature: str
    value: float
    contribution: float
    text: str


@dataclass(frozen=True)
class ProductRisk:
    """One product's risk; ``probability`` and ``alert`` are None where ``error`` is not, or where it ran out.

    What the server cannot know is None; see ``StockoutRisk`` in the protos for what each figure is.
    """

    product_id: str
    probability: float | None
    alert: bool | None
    error: ProductProblem | None
    units_on_hand: float | None = None
    expected_demand_units: float | None = None
    expected_units_lost: float | None = None
    revenue_at_risk: float | None = None
    weeks_of_cover: float | None = None
    expected_stockout_date: dt.date | None = None
    reorder_by_date: dt.date | None = None
    category: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class OutOfStock:
    """What a product that has run out loses; what is not known is None."""

    since: dt.date | None
    units_lost_per_week: float | None
    revenue_lost_per_week: float | None


@dataclass(frozen=True)
class RankedRisk:
    """A product's place in a ranked list, 1 for the first of the whole list, and its risk, or that it has run out.

    Where ``out_of_stock`` is not None, the risk has no probability.
    """

    rank: int
    risk: ProductRisk
    out_of_stock: OutOfStock | None = None


@dataclass(frozen=True)
class RankedAnswer:
    """The beginning of a ranked list of ``total_size`` products."""

    provenance: Provenance
    total_size: int
    results: Sequence[RankedRisk]


@dataclass(frozen=True)
class ServiceInfo:
    """What a server serves, since when, and within which limits."""

    provenance: Provenance
    serving_since: dt.datetime
    products: int
    first_week: dt.date
    server_version: str
    max_ids_per_request: int
    max_message_bytes: int
    max_concurrent_rpcs: int
    max_streams: int
    data_warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductFeatures:
    """One product's features; ``values`` and ``eligible`` are None exactly where ``error`` is not."""

    product_id: str
    values: tuple[float, ...] | None
    eligible: bool | None
    error: ProductProblem | None


@dataclass(frozen=True)
class RiskAnswer:
    """One result per product, in the order of the request, all from one snapshot."""

    provenance: Provenance
    results: Sequence[ProductRisk]

    def to_frame(self) -> "DataFrame":
        """A row for each product, in the order of the request; needs pandas."""
        from feature_service.client.frames import frame_of  # noqa: PLC0415 - pandas is big, and not everywhere

        return frame_of(self.results)


@dataclass(frozen=True)
class FeatureAnswer:
    """One result per product, in the order of the request, all from one snapshot; names in the order of the values."""

    provenance: Provenance
    feature_names: tuple[str, ...]
    results: Sequence[ProductFeatures]


def provenance_of(message: provenance_pb2.Provenance) -> Provenance:
    """Read a message."""
    return Provenance(
        model_name=message.model_name,
        model_version=message.model_version,
        feature_set=message.feature_set,
        label=message.label,
        threshold=message.threshold,
        snapshot_id=message.snapshot_id,
        as_of_week=_day(message.as_of_week),
        horizon_weeks=message.horizon_weeks,
        evidence=provenance_pb2.Evidence.Name(message.evidence).removeprefix("EVIDENCE_"),
        published_at=message.published_at.ToDatetime(dt.UTC),
        stale=message.stale,
        data_until=_day(message.data_until) if message.HasField("data_until") else None,
        alert_policy=message.alert_policy,
        data_warnings=message.data_warnings,
    )


def risk_of(message: risk_service_pb2.StockoutRiskResult) -> ProductRisk:
    """Read a message."""
    if message.HasField("risk"):
        return _known_risk(message.product_id, message.risk)
    return ProductRisk(message.product_id, None, None, _problem(message.error))


def ranked_of(message: risk_service_pb2.RankedStockoutRisk) -> RankedRisk:
    """Read a message."""
    if not message.HasField("out_of_stock"):
        return RankedRisk(message.rank, _known_risk(message.product_id, message.risk))
    gone = message.out_of_stock
    risk = ProductRisk(message.product_id, None, None, None, category=gone.category)
    since = _day(gone.since) if gone.HasField("since") else None
    losses = (_figure(gone, name) for name in ("units_lost_per_week", "revenue_lost_per_week"))
    return RankedRisk(message.rank, risk, OutOfStock(since, *losses))


def info_of(message: risk_service_pb2.GetServiceInfoResponse) -> ServiceInfo:
    """Read a message."""
    limits = message.limits
    return ServiceInfo(
        provenance=provenance_of(message.provenance),
        serving_since=message.serving_since.ToDatetime(dt.UTC),
        products=message.products,
        first_week=_day(message.first_week),
        server_version=message.server_version,
        max_ids_per_request=limits.max_ids_per_request,
        max_message_bytes=limits.max_message_bytes,
        max_concurrent_rpcs=limits.max_concurrent_rpcs,
        max_streams=limits.max_streams,
        data_warnings=tuple(message.data_warnings),
    )


def features_of(message: feature_service_pb2.ProductFeaturesResult) -> ProductFeatures:
    """Read a message."""
    if message.HasField("features"):
        return ProductFeatures(message.product_id, tuple(message.features.values), message.features.eligible, None)
    return ProductFeatures(message.product_id, None, None, _problem(message.error))


def _figure(message: risk_service_pb2.StockoutRisk | risk_service_pb2.OutOfStock, name: str) -> float | None:
    return getattr(message, name) if message.HasField(name) else None  # type: ignore[arg-type]


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
        expected_stockout_date=_day(risk.expected_stockout_date) if risk.HasField("expected_stockout_date") else None,
        reorder_by_date=_day(risk.reorder_by_date) if risk.HasField("reorder_by_date") else None,
        category=risk.category,
        reasons=tuple(Reason(each.feature, each.value, each.contribution, each.text) for each in risk.reasons),
    )


def _day(message: date_pb2.Date) -> dt.date:
    return dt.date(message.year, message.month, message.day)


def _problem(status: status_pb2.Status) -> ProductProblem:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    return ProductProblem(code=code_pb2.Code.Name(status.code), reason=info.reason, message=status.message)
