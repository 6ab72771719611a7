"""Putting the Bento's own probability beside the planner's figures that the feature service gives."""

import math

import numpy as np

from bento.errors import FeatureServiceMismatchError
from bento.features import Answer
from bento.schemas import NoRisk, Reason, Refusal, Risk
from feature_service.bundle import Bundle
from feature_service.client import FeatureAnswer, ProductFeatures, ProductRisk

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
)


def risks(answer: Answer, bundle: Bundle, model: tuple[str, str]) -> list[Risk | NoRisk]:
    """One result per product, in order: its risk, or its error with the gRPC API's reason.

    Args:
        answer: What one snapshot tells of the products.
        bundle: The Bento's own model, which makes the probabilities.
        model: That model's registered name and version. Another model's reasons would not explain its probability,
            so they are left out where the snapshot holds another.
    Raises:
        FeatureServiceMismatchError: If the features, the label, its horizon or its evidence are not those of the model.
    """
    _check_same_model(answer.features, bundle)
    theirs = answer.plans.provenance
    same_model = (theirs.model_name, theirs.model_version) == model
    probabilities = iter(_probabilities(answer.features, bundle))
    results: list[Risk | NoRisk] = []
    for product, plan in zip(answer.features.results, answer.plans.results, strict=True):
        refusal = _refusal(product, plan, bundle.contract.label.name)
        if refusal:
            results.append(NoRisk(product_id=product.product_id, error=refusal))
        else:
            risk = _risk(product.product_id, next(probabilities), theirs.threshold, plan, same_model=same_model)
            results.append(risk)
    return results


def _refusal(product: ProductFeatures, plan: ProductRisk, label: str) -> Refusal | None:
    if product.error:
        return Refusal(reason=product.error.reason or "UNKNOWN", message=product.error.message)
    if product.eligible:
        return None
    if plan.error and plan.error.reason == "OUT_OF_STOCK":
        return Refusal(reason=plan.error.reason, message=plan.error.message)
    return Refusal(reason="NOT_ELIGIBLE", message=f"the label {label} does not apply to the product at as_of")


def _probabilities(answer: FeatureAnswer, bundle: Bundle) -> list[float]:
    rows = np.array([product.values for product in answer.results if product.eligible], dtype=np.float32)
    probabilities: list[float] = bundle.predict(rows.reshape(-1, len(bundle.contract.feature_names))).tolist()
    return probabilities


def _risk(product_id: str, probability: float, threshold: float, plan: ProductRisk, *, same_model: bool) -> Risk:
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
        **{name: getattr(plan, name) for name in _FIGURES},
        reasons=reasons if same_model else None,
        category=plan.category or None,
    )


def _check_same_model(answer: FeatureAnswer, bundle: Bundle) -> None:
    """Which version or threshold the snapshot's model has may differ; what its probabilities mean may not."""
    theirs, ours = answer.provenance, bundle.contract
    given = _meaning(theirs.feature_set, theirs.label, theirs.horizon_weeks, theirs.evidence)
    taken = _meaning(ours.feature_set, ours.label.name, ours.label.horizon_weeks, ours.label.evidence)
    if given != taken or answer.feature_names != ours.feature_names:
        raise FeatureServiceMismatchError(
            f"the feature service gives {given}, this Bento's model takes {taken}: "
            "publish the snapshot and build the Bento from the same run"
        )


def _meaning(feature_set: str, label: str, horizon_weeks: int, evidence: str) -> str:
    return f"{feature_set} for the label {label} ({evidence}, horizon_weeks {horizon_weeks})"
