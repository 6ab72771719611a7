"""What goes in and comes out over HTTP, as the OpenAPI page shows it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from bento.requests import MAX_PRODUCT_IDS, MAX_ROWS


class Predictions(BaseModel):
    """One alert per row: the original system's answer."""

    stockout_prediction: list[int]


class _Provenance(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    feature_set: str
    label: str
    evidence: str
    threshold: float
    horizon_weeks: int


class Probabilities(_Provenance):
    """One probability per row; null where the label does not apply."""

    probabilities: list[float | None]


class Assessment(_Provenance):
    """One result per product: ``probability`` and ``alert``, or ``error`` with ``reason`` and ``message``."""

    snapshot_id: str
    as_of_week: str
    results: list[dict[str, Any]]


def rows(feature_names: Sequence[str]) -> dict[str, Any]:
    """JSON schema of a list of feature rows."""
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ROWS,
        "items": {
            "type": "object",
            "properties": {name: {"type": "number"} for name in feature_names},
            "required": list(feature_names),
            "additionalProperties": False,
        },
        "example": [dict.fromkeys(feature_names, 1.0)],
    }


def assess() -> dict[str, Any]:
    """JSON schema of the products to assess."""
    ids = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_PRODUCT_IDS}
    return {
        "type": "object",
        "properties": {"product_ids": ids, "as_of": {"type": "string", "format": "date"}},
        "required": ["product_ids"],
        "additionalProperties": False,
        "example": {"product_ids": ["aca2eb7d00ea1a7b8ebd4e68314663af"]},
    }
