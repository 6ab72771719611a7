"""Putting the Bento's own probability beside the planner's figures that the feature service gives."""

import datetime as dt
import math

import numpy as np

from bento.errors import FeatureServiceMismatchError
from bento.features import Answer
from bento.models import Model, ModelId
from bento.schemas import NoRisk, Reason, Refusal, Risk
from feature_service.bundle import Bundle, Contract
from feature_service.client import FeatureAnswer, ProductFeatures, ProductRisk, Provenance
from feature_service.kernel import FloatArray
from feature_service.kernel.run_out import risk_until_relief

_FIGURES = (
    "units_on_hand",
    "expected_demand_units",
    "expected_units_lost",
    "revenue_at_risk",
    "weeks_of_cover",
    "expected_stockout_date",
    "reorder_by_date",
    "counted_on",
    "count_recorded",
    "expedite_by",
)
_OF_CURVE = (
    "run_out_probabilities",
    "relief_date",
    "relief_probability",
    "relief_after_curve",
    "earliest_stockout_date",
    "median_stockout_date",
    "latest_stockout_date",
    "expected_units_lost_before_relief",
    "revenue_at_risk_before_relief",
)
"""These follow from the probability of the model that answered, so they are left out where the Bento's is another."""


def basis(answer: Answer, model: Model) -> Provenance:
    """What an answer that is scored with ``model`` rests on: what the figures do where they are of the same model."""
    figures = answer.plans.provenance
    return figures if ModelId.of(figures) == model.id else answer.features.provenance


def risks(answer: Answer, model: Model) -> list[Risk | NoRisk]:
    """One result per product, in order: its risk, or its error with the gRPC API's reason.

    Args:
        answer: What one snapshot tells of the products.
        model: What makes the probabilities. Another model's reasons would not explain them, so they are left out where
            the figures are of another.
    Raises:
        FeatureServiceMismatchError: If the features, the label, its horizon or its evidence are not those of the model.
    """
    bundle, rests_on = model.bundle, basis(answer, model)
    _check_same_features(answer.features, bundle.contract)
    same_model = ModelId.of(answer.plans.provenance) == model.id
    curves = iter(_curves(answer.features, bundle))
    results: list[Risk | NoRisk] = []
    for product, plan in zip(answer.features.results, answer.plans.results, strict=True):
        refusal = _refusal(product, plan, bundle.contract.label.name)
        if refusal:
            results.append(NoRisk(product_id=product.product_id, error=refusal))
        else:
            curve = next(curves)
            alert = plan.alert if same_model else _alert(curve, plan, rests_on)
            results.append(_risk(product.product_id, float(curve[0]), alert, plan, same_model=same_model))
    return results


def _refusal(product: ProductFeatures, plan: ProductRisk, label: str) -> Refusal | None:
    if product.error:
        return Refusal(reason=product.error.reason or "UNKNOWN", message=product.error.message)
    if product.eligible:
        return None
    if plan.error and plan.error.reason == "OUT_OF_STOCK":
        return Refusal(reason=plan.error.reason, message=plan.error.message)
    return Refusal(reason="NOT_ELIGIBLE", message=f"the label {label} does not apply to the product at as_of")


def _curves(answer: FeatureAnswer, bundle: Bundle) -> FloatArray:
    """The probability to be out by each week's end, shape ``(products, weeks)``; without a curve that of the label."""
    rows = np.array([product.values for product in answer.results if product.eligible], dtype=np.float32)
    return bundle.predict_run_out(rows.reshape(-1, len(bundle.contract.feature_names)))


def _alert(curve: FloatArray, plan: ProductRisk, rests_on: Provenance) -> bool | None:
    """Whether a model that the figures are not of raises an alert, by its own curve and the figures' day of relief.

    None where one of the two is missing: the threshold is of the risk until relief, and not of another one.
    """
    if not rests_on.alerts_until_relief:
        return bool(curve[0] >= rests_on.threshold)
    if plan.relief_date is None or len(curve) == 1:
        return None
    last_day = rests_on.as_of_week + dt.timedelta(days=6)
    relief_in_days = np.array([(plan.relief_date - last_day).days], dtype=np.float64)
    return bool(risk_until_relief(curve[None], relief_in_days)[0] >= rests_on.threshold)


def _risk(product_id: str, probability: float, alert: bool | None, plan: ProductRisk, *, same_model: bool) -> Risk:
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
        alert=alert,
        **{name: getattr(plan, name) for name in _FIGURES},
        **({name: getattr(plan, name) for name in _OF_CURVE} if same_model else {}),
        reasons=reasons if same_model else None,
        category=plan.category or None,
    )


def check_same_meaning(theirs: Provenance, ours: Contract) -> None:
    """Which version or threshold a model has may differ; what it takes and what its probabilities mean may not.

    Raises:
        FeatureServiceMismatchError: If they do.
    """
    given = _meaning(theirs.feature_set, theirs.label, theirs.horizon_weeks, theirs.evidence)
    taken = _meaning(ours.feature_set, ours.label.name, ours.label.horizon_weeks, ours.label.evidence)
    if given != taken:
        raise FeatureServiceMismatchError(
            f"the feature service gives {given}, this Bento's model takes {taken}: "
            "publish the snapshot and build the Bento from the same run"
        )


def _check_same_features(answer: FeatureAnswer, contract: Contract) -> None:
    check_same_meaning(answer.provenance, contract)
    if answer.feature_names != contract.feature_names:
        raise FeatureServiceMismatchError(
            f"the feature service gives other features of {contract.feature_set} than this Bento's model takes: "
            "publish the snapshot and build the Bento with the same version of the program"
        )


def _meaning(feature_set: str, label: str, horizon_weeks: int, evidence: str) -> str:
    return f"{feature_set} for the label {label} ({evidence}, horizon_weeks {horizon_weeks})"
