"""Labels: what a probability is the probability of. A new one is a file here and a line in ``LABELS``."""

import dataclasses
from typing import Any

from training.errors import LabelSettingError, UnknownLabelError
from training.labels.availability import Availability
from training.labels.interface import BoolArray, Label
from training.labels.inventory import Inventory
from training.labels.unusual_zero import DEFAULT_ALPHA, UnusualZero
from training.labels.zero_sales import ZeroSales

_ALL = (
    ZeroSales(),
    UnusualZero(),
    Inventory(),
    Availability(),
)
LABELS: dict[str, Label] = {label.name: label for label in _ALL}
LONGEST_HORIZON_WEEKS = 4

__all__ = ["DEFAULT_ALPHA", "LABELS", "LONGEST_HORIZON_WEEKS", "BoolArray", "Label", "label"]


def label(name: str, *, horizon_weeks: int = 1, alpha: float = DEFAULT_ALPHA) -> Label:
    """The label of that name.

    Args:
        name: E.g. ``zero_sales``.
        horizon_weeks: Weeks ahead, 1 to 4.
        alpha: For labels that have such a setting; see ``UnusualZero``.
    Raises:
        UnknownLabelError: If there is none.
        LabelSettingError: If a setting cannot be meant.
    """
    found = next((each for each in _ALL if each.name == name), None)
    if found is None:
        raise UnknownLabelError(name, LABELS)
    if not 1 <= horizon_weeks <= LONGEST_HORIZON_WEEKS:
        raise LabelSettingError(f"the horizon is {horizon_weeks} weeks; it can be 1 to {LONGEST_HORIZON_WEEKS}")
    given: dict[str, Any] = {"horizon_weeks": horizon_weeks, "alpha": alpha}
    return dataclasses.replace(
        found, **{each.name: given[each.name] for each in dataclasses.fields(found) if each.name in given}
    )
