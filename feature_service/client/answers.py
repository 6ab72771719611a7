"""What the server answers, as plain frozen values."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from google.rpc import code_pb2, error_details_pb2, status_pb2
from stockout.v1 import feature_service_pb2, provenance_pb2, risk_service_pb2


@dataclass(frozen=True)
class Provenance:
    """What an answer rests on; ``evidence`` is ``SALES_ONLY`` or ``STOCK_AWARE``."""

    model_name: str
    model_version: str
    feature_set: str
    label: str
    threshold: float
    snapshot_id: str
    as_of_week: dt.date
    horizon_weeks: int
    evidence: str


@dataclass(frozen=True)
class ProductProblem:
    """Why a product has no answer: gRPC code, reason for programs, sentence for people."""

    code: str
    reason: str
    message: str


@dataclass(frozen=True)
class ProductRisk:
    """One product's risk; ``probability`` and ``alert`` are None exactly where ``error`` is not."""

    product_id: str
    probability: float | None
    alert: bool | None
    error: ProductProblem | None


@dataclass(frozen=True)
class ProductFeatures:
    """One product's features; ``values`` and ``eligible`` are None exactly where ``error`` is not."""

    product_id: str
    values: tuple[float, ...] | None
    eligible: bool | None
    error: ProductProblem | None


@dataclass(frozen=True)
class RiskAnswer:
    """One result per asked product, in the order asked, all from one snapshot."""

    provenance: Provenance
    results: Sequence[ProductRisk]


@dataclass(frozen=True)
class FeatureAnswer:
    """One result per asked product, in the order asked, all from one snapshot; names in the order of the values."""

    provenance: Provenance
    feature_names: tuple[str, ...]
    results: Sequence[ProductFeatures]


def provenance_of(message: provenance_pb2.Provenance) -> Provenance:
    """Read a message."""
    week = message.as_of_week
    return Provenance(
        model_name=message.model_name,
        model_version=message.model_version,
        feature_set=message.feature_set,
        label=message.label,
        threshold=message.threshold,
        snapshot_id=message.snapshot_id,
        as_of_week=dt.date(week.year, week.month, week.day),
        horizon_weeks=message.horizon_weeks,
        evidence=provenance_pb2.Evidence.Name(message.evidence).removeprefix("EVIDENCE_"),
    )


def risk_of(message: risk_service_pb2.StockoutRiskResult) -> ProductRisk:
    """Read a message."""
    if message.HasField("risk"):
        return ProductRisk(message.product_id, message.risk.probability, message.risk.alert, None)
    return ProductRisk(message.product_id, None, None, _problem(message.error))


def features_of(message: feature_service_pb2.ProductFeaturesResult) -> ProductFeatures:
    """Read a message."""
    if message.HasField("features"):
        return ProductFeatures(message.product_id, tuple(message.features.values), message.features.eligible, None)
    return ProductFeatures(message.product_id, None, None, _problem(message.error))


def _problem(status: status_pb2.Status) -> ProductProblem:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    return ProductProblem(code=code_pb2.Code.Name(status.code), reason=info.reason, message=status.message)
