"""Putting the Bento's own probability beside the planner's figures that the feature service gives."""

import datetime as dt
import math
from typing import Any

import numpy as np
from google.rpc import error_details_pb2, status_pb2
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import StockoutRisk

from bento.errors import FeatureServiceMismatchError
from bento.features import Answer
from bento.schemas import NoRisk, Reason, Refusal, Risk
from feature_service.bundle import Bundle

_NUMBERS = (
    "units_on_hand",
    "expected_demand_units",
    "expected_units_lost",
    "revenue_at_risk",
    "weeks_of_cover",
)
_DATES = ("expected_stockout_date", "reorder_by_date")


def risks(answer: Answer, bundle: Bundle, model: tuple[str, str]) -> list[Risk | NoRisk]:
    """One result per product, in order: its risk, or its error with the gRPC API's reason.

    Args:
        answer: What one snapshot tells of the products.
        bundle: The Bento's own model, which makes the probabilities.
        model: That model's registered name and version. Another model's reasons would not explain its probability,
            so they are left out where the snapshot holds another.
    Raises:
        FeatureServiceMismatchError: If the features or the label are not those of the model.
    """
    _check_same_model(answer.features, bundle)
    same_model = _model(answer.plans.provenance) == model
    probabilities = iter(_probabilities(answer.features, bundle))
    results: list[Risk | NoRisk] = []
    for result, planned in zip(answer.features.results, answer.plans.results, strict=True):
        if result.WhichOneof("outcome") == "error":
            refusal = Refusal(reason=_reason(result.error), message=result.error.message)
            results.append(NoRisk(product_id=result.product_id, error=refusal))
        elif not result.features.eligible:
            message = f"the label {bundle.contract.label.name} does not apply to the product at as_of"
            refusal = Refusal(reason="NOT_ELIGIBLE", message=message)
            results.append(NoRisk(product_id=result.product_id, error=refusal))
        else:
            probability, threshold = next(probabilities), bundle.contract.threshold
            results.append(_risk(result.product_id, probability, threshold, planned.risk, same_model=same_model))
    return results


def _probabilities(response: GetFeaturesResponse, bundle: Bundle) -> list[float]:
    asked = [r for r in response.results if r.WhichOneof("outcome") == "features" and r.features.eligible]
    rows = np.array([r.features.values for r in asked], dtype=np.float32)
    probabilities: list[float] = bundle.predict(rows.reshape(-1, len(bundle.contract.feature_names))).tolist()
    return probabilities


def _risk(product_id: str, probability: float, threshold: float, plan: StockoutRisk, *, same_model: bool) -> Risk:
    known = {field.name: value for field, value in plan.ListFields()}
    numbers: dict[str, Any] = {name: known.get(name) for name in _NUMBERS}
    dates: dict[str, Any] = {name: _date(known[name]) if name in known else None for name in _DATES}
    reasons = [
        Reason(
            feature=each.feature,
            value=each.value if math.isfinite(each.value) else None,
            contribution=each.contribution,
            text=each.text,
        )
        for each in plan.reasons
    ]
    return Risk(
        product_id=product_id,
        probability=probability,
        alert=probability >= threshold,
        **numbers,
        **dates,
        reasons=reasons if same_model else None,
        category=plan.category or None,
    )


def _check_same_model(response: GetFeaturesResponse, bundle: Bundle) -> None:
    theirs, ours = response.provenance, bundle.contract
    same_features = tuple(response.feature_names) == ours.feature_names and theirs.feature_set == ours.feature_set
    if not same_features or theirs.label != ours.label.name:
        raise FeatureServiceMismatchError(
            f"the feature service gives {theirs.feature_set} for the label {theirs.label}, this Bento's model takes "
            f"{ours.feature_set} for {ours.label.name}: publish the snapshot and build the Bento from the same run"
        )


def _model(provenance: Provenance) -> tuple[str, str]:
    return provenance.model_name, provenance.model_version


def _date(message: date_pb2.Date) -> dt.date:
    return dt.date(message.year, message.month, message.day)


def _reason(error: status_pb2.Status) -> str:
    for detail in error.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return "UNKNOWN"
