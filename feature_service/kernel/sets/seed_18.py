"""The feature set ``seed-18``: the original system's 18 lag and rolling features, under the names that clients send.

For units sold and mean price each: the last three weeks, and the sum and the mean over the last two to four weeks. The
price of a week without sales counts as 0, as the original had it, so a price "mean" here is a mean over weeks, not over
sales. Any of the 18 is a linear function of the last four weeks.
"""

import numpy as np

from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.block import Block
from feature_service.kernel.features import Feature
from feature_service.kernel.windows import lag, rolling_sums

LAGS = (1, 2, 3)
WINDOWS = (2, 3, 4)
FIELDS = ("units_sold", "price_mean")

_MEASURES = (("sales_qtd", "units_sold", "units"), ("price_mean", "price_mean", "currency per unit"))
_WORDS = {"sales_qtd": "units sold", "price_mean": "price"}

FEATURES = (
    *(
        Feature(f"{stem}_lag_{k}", unit, k, f"{_WORDS[stem]} in week {k} before the predicted one: {{:.2f}}")
        for stem, _, unit in _MEASURES
        for k in LAGS
    ),
    *(
        Feature(
            f"{stem}_roll_{statistic}_{window}",
            unit,
            window,
            f"{statistic} {_WORDS[stem]} over {window} weeks: {{:.2f}}",
        )
        for stem, _, unit in _MEASURES
        for statistic in ("mean", "sum")
        for window in WINDOWS
    ),
)

_INDEX = {feature.name: index for index, feature in enumerate(FEATURES)}


def compute_into(block: Block, out: FloatArray) -> None:
    """Fill ``out``, shape ``(18, products, weeks)``, from the block's ``units_sold`` and ``price_mean``."""
    for stem, field, _ in _MEASURES:
        panel = block.fields[field]
        for k in LAGS:
            lag(panel, k, out=out[_INDEX[f"{stem}_lag_{k}"]])
        sums = {window: out[_INDEX[f"{stem}_roll_sum_{window}"]] for window in WINDOWS}
        rolling_sums(panel, max(WINDOWS), sums)
        for window in WINDOWS:
            np.divide(sums[window], np.float32(window), out=out[_INDEX[f"{stem}_roll_mean_{window}"]])
