"""Labels: what a probability is the probability of. A new one is a file here and a line in ``LABELS``."""

from training.errors import UnknownLabelError
from training.labels.interface import BoolArray, Label
from training.labels.zero_sales import ZeroSales

LABELS: dict[str, Label] = {label.name: label for label in (ZeroSales(),)}

__all__ = ["LABELS", "BoolArray", "Label", "label"]


def label(name: str) -> Label:
    """The label of that name.

    Raises:
        UnknownLabelError: If there is none.
    """
    try:
        return LABELS[name]
    except KeyError:
        raise UnknownLabelError(name, LABELS) from None
