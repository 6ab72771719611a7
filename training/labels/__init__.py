"""Labels: the outcomes that a model predicts. A new one is a file here and an entry in ``LABELS``."""

import dataclasses
from typing import Any

from data.panel import IN_STOCK, UNITS_ON_HAND
from feature_service.bundle import Bound
from feature_service.kernel import FeatureSet
from training.errors import LabelFeaturesError, LabelSettingError, UnknownLabelError
from training.labels.availability import Availability
from training.labels.eligible import eligible_rows
from training.labels.interface import STOCK_AWARE, Label
from training.labels.inventory import Inventory
from training.labels.unusual_zero import DEFAULT_ALPHA, UnusualZero, variant_of
from training.labels.zero_sales import ZeroSales

LABELS = {each.name: each for each in (ZeroSales(), UnusualZero(), Inventory(), Availability())}
LONGEST_HORIZON_WEEKS = 4

STOCK_FIELDS = frozenset({UNITS_ON_HAND, IN_STOCK})

__all__ = [
    "DEFAULT_ALPHA",
    "LABELS",
    "LONGEST_HORIZON_WEEKS",
    "STOCK_AWARE",
    "Availability",
    "Inventory",
    "Label",
    "bounds_in",
    "eligible_rows",
    "label",
    "variant_of",
]


def label(name: str, *, horizon_weeks: int = 1, alpha: float = DEFAULT_ALPHA) -> Label:
    """The label of that name.

    Args:
        name: E.g. ``zero_sales``.
        horizon_weeks: Weeks ahead, 1 to 4.
        alpha: For labels that have such a setting; see ``UnusualZero``.
    Raises:
        UnknownLabelError: If there is none.
        LabelSettingError: If a setting lies outside its limits.
    """
    try:
        base = LABELS[name]
    except KeyError:
        raise UnknownLabelError(name, LABELS) from None
    if not 1 <= horizon_weeks <= LONGEST_HORIZON_WEEKS:
        raise LabelSettingError(f"the horizon is {horizon_weeks} weeks; it can be 1 to {LONGEST_HORIZON_WEEKS}")
    settings: dict[str, Any] = {"horizon_weeks": horizon_weeks, "alpha": alpha}
    return dataclasses.replace(
        base, **{each.name: settings[each.name] for each in dataclasses.fields(base) if each.name in settings}
    )


def bounds_in(chosen: FeatureSet, target: Label) -> tuple[Bound, ...]:
    """How the features of a set tell where a label applies; empty if no feature of any set could.

    Raises:
        LabelFeaturesError: If a model of this label must not be trained on this set: it would rest on no stock though
            the label is about stock, or nobody could tell from its features where the label applies.
    """
    if target.evidence == STOCK_AWARE and not STOCK_FIELDS & set(chosen.fields):
        raise LabelFeaturesError(target.name, chosen.name, "it is about stock, and no feature of that set knows any")
    if not target.applies_where:
        return ()
    for bounds in target.applies_where:
        if {bound.feature for bound in bounds} <= set(chosen.feature_names):
            return bounds
    wanted = " or ".join(" and ".join(bound.feature for bound in bounds) for bounds in target.applies_where)
    raise LabelFeaturesError(target.name, chosen.name, f"where it applies is told by {wanted}, which that set lacks")
