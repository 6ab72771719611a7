"""Where a label applies, asked some products at a time."""

import numpy as np

from data.panel import Panel
from feature_service.kernel.arrays import BoolArray
from training.labels.interface import Label

_CELLS_PER_BLOCK = 1_000_000


def eligible_rows(target: Label, panel: Panel) -> BoolArray:
    """What ``target.eligible`` says of a whole panel, shape ``(products, weeks)``.

    Raises:
        LabelInputError: If the panel lacks what the label is about.
    """
    if target.pools_products:
        return target.eligible(panel)
    products, weeks = len(panel.product_ids), len(panel.weeks)
    result = np.empty((products, weeks), dtype=np.bool_)
    size = max(1, _CELLS_PER_BLOCK // weeks)
    for first in range(0, max(products, 1), size):
        block = slice(first, first + size)
        result[block] = target.eligible(panel.part(block))
        panel.release()
    return result
