"""The feature set ``seed-18``: the original system's 18 lag and rolling features, under the names that clients send.

For units sold and mean price each: the last three weeks, and the sum and the mean over the last two to four weeks. The
price of a week without sales counts as 0, as the original had it, so a price "mean" here is a mean over weeks, not over
sales. Any of the 18 is a linear function of the last four weeks.
"""

import numpy as np

from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.block import Block
from feature_service.kernel.features import Feature
from feature_service.kernel.phrases import Phrase, Words, counted
from feature_service.kernel.windows import lag, rolling_sums

LAGS = (1, 2, 3)
WINDOWS = (2, 3, 4)
FIELDS = ("units_sold", "price_mean")

_MEASURES = (("sales_qtd", "units_sold", "units"), ("price_mean", "price_mean", "currency per unit"))
_WEEKS_AGO = {1: "in the last week", 2: "in the week before the last", 3: "2 weeks before the last"}


def _lag_phrase(stem: str, weeks: int) -> Phrase:
    when = _WEEKS_AGO[weeks]
    if stem == "sales_qtd":
        return counted(f"{{}} sold {when}", "unit")
    return _price(f"sold at {{}} {when}", f"nothing sold {when}, so there is no price")


def _roll_phrase(stem: str, statistic: str, weeks: int) -> Phrase:
    if stem == "sales_qtd":
        per_week = " a week" if statistic == "mean" else ""
        return counted(f"{{}}{per_week} sold over the last {weeks} weeks", "unit", 2)
    total = "add up to" if statistic == "sum" else "average"
    return _price(
        f"the prices of the last {weeks} weeks {total} {{}}, counting 0 for a week without a sale",
        f"nothing sold in the last {weeks} weeks, so there is no price",
    )


def _price(text: str, nothing: str) -> Phrase:
    def say(price: float, words: Words) -> str:
        return words.text(text).format(words.number(f"{price:,.2f}")) if price else words.text(nothing)

    return say


FEATURES = (
    *(Feature(f"{stem}_lag_{k}", unit, k, _lag_phrase(stem, k)) for stem, _, unit in _MEASURES for k in LAGS),
    *(
        Feature(f"{stem}_roll_{statistic}_{window}", unit, window, _roll_phrase(stem, statistic, window))
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
