"""The reasons for a product's probability: the features that moved it most, exactly, for the newest week."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from data.snapshots import Reasons
from feature_service.bundle import MODEL_FILE, Bundle
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray
from feature_service.kernel.groups import SharedTotals
from training.estimators import restore

REASONS = 3
_ROWS_AT_A_TIME = 131_072


def explain(panel: Panel, eligible: BoolArray, bundle_dir: Path, shared: SharedTotals | None = None) -> Reasons | None:
    """The reasons of every product that has a probability at ``as_of``; None if the model has none to give.

    Args:
        panel: Products x weeks.
        eligible: Where the label applies, shape ``(products, weeks)``.
        bundle_dir: The model that is served.
        shared: Sums over all products, where the panel holds a part of them.
    Raises:
        MissingFieldsError: If the panel lacks a field of the model's features, or orders that they look at.
    """
    model, contract = restore((bundle_dir / MODEL_FILE).read_bytes()), Bundle.load(bundle_dir).contract
    definition = feature_set(contract.feature_set)
    # first, so that a panel that lacks what the model takes is refused, whether or not it can tell reasons
    features_of = PanelFeatures(definition, panel.fields, panel.groups, shared, panel.purchase_orders)
    if model is None or len(panel.weeks) < definition.history_weeks:
        return None
    reasons = Reasons(
        feature=np.full((len(panel.product_ids), REASONS), -1, dtype=np.int16),
        contribution=np.zeros((len(panel.product_ids), REASONS), dtype=np.float32),
    )
    known = np.flatnonzero(eligible[:, -1])
    for first in range(0, len(known), _ROWS_AT_A_TIME):
        rows = known[first : first + _ROWS_AT_A_TIME]
        features = features_of.at(len(panel.weeks) - 1, rows)
        if not contract.takes_unknown:
            complete = np.isfinite(features).all(axis=1)
            rows, features = rows[complete], features[complete]
        contributions = model.contributions(features) if len(rows) else None
        if contributions is not None:
            reasons.feature[rows], reasons.contribution[rows] = strongest(contributions)
        panel.release()
    return reasons


def strongest(contributions: DoubleArray) -> tuple[npt.NDArray[np.int16], FloatArray]:
    """The features with the largest contributions either way, largest first, shape ``(rows, REASONS)`` both.

    A contribution of exactly 0 is no reason: its feature is -1.
    """
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :REASONS]
    largest = np.take_along_axis(contributions, order, axis=1).astype(np.float32)
    return np.where(largest != 0, order, -1).astype(np.int16), largest
