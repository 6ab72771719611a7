"""The model bundle: an ONNX graph and its JSON contract, the one artifact that every door serves from.

Training writes it; the gRPC server and the Bento read it. It needs NumPy and ONNX Runtime, and never loads a pickle.
"""

from feature_service.bundle.contract import (
    CONTRACT_SCHEMA,
    SALES_ONLY,
    STOCK_AWARE,
    Bound,
    BundleError,
    Calibration,
    Contract,
    LabelContract,
    question_name,
)
from feature_service.bundle.model import ASKS_HAZARDS, CONTRACT_FILE, HAZARDS, MODEL_FILE, Bundle, FeatureShapeError

__all__ = [
    "ASKS_HAZARDS",
    "CONTRACT_FILE",
    "CONTRACT_SCHEMA",
    "HAZARDS",
    "MODEL_FILE",
    "SALES_ONLY",
    "STOCK_AWARE",
    "Bound",
    "Bundle",
    "BundleError",
    "Calibration",
    "Contract",
    "FeatureShapeError",
    "LabelContract",
    "question_name",
]
