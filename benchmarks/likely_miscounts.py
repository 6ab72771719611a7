"""Stock-outs that are more likely a wrong count: a full shelf that is empty on one day and full again soon after."""

import numpy as np
import polars as pl

from data.panel import Panel
from data.weeks import mondays
from feature_service.kernel.arrays import BoolArray
from training.backtest.out_of_fold import Backtest

FROM_UNITS, BACK_WITHIN_DAYS = 6, 3


def likely_miscounts(backtested: Backtest, panel: Panel, counts: pl.DataFrame) -> BoolArray:
    """Where the stock-out of the coming week is one: the day before at least ``FROM_UNITS``, back in so many days.

    Args:
        backtested: Of a label of one week; of its rows.
        panel: What it was made from.
        counts: One a day: ``product_id``, ``counted_on`` and ``units_on_hand``.
    Returns:
        Shape ``(rows,)``.
    """
    truth = backtested.truth
    ids = np.array(panel.product_ids)[truth.product]
    last_day = mondays(truth.week) + np.timedelta64(6, "D")
    rows = pl.DataFrame({"row": np.arange(len(ids)), "product_id": ids, "last_day": last_day})
    since = pl.col("counted_on") - pl.col("last_day").cast(pl.Date)
    ahead = rows.join(counts, on="product_id").with_columns(day=since.dt.total_days())
    is_out = pl.col("units_on_hand") <= 0
    out = ahead.filter(is_out & pl.col("day").is_between(1, 7)).group_by("row").agg(out_on=pl.col("day").min())
    with_out = ahead.join(out, on="row").with_columns(later=pl.col("day") - pl.col("out_on"))
    was_full = with_out.filter((pl.col("later") == -1) & (pl.col("units_on_hand") >= FROM_UNITS))
    is_back = with_out.filter(~is_out & pl.col("later").is_between(1, BACK_WITHIN_DAYS))
    found = was_full.join(is_back, on="row", how="semi")["row"].to_numpy()
    miscounted: BoolArray = (truth.outcome == 1) & np.isin(np.arange(len(ids)), found)
    return miscounted
