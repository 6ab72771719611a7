"""Product-weeks with what was said of them and how they turned out, for figures that are made by hand."""

import datetime as dt
from typing import Any

import numpy as np

from data.weeks import week_number
from monitoring.outcomes.rows import Rows
from training.metrics.yardstick import Yardstick

FIRST = dt.date(2024, 5, 6)
WEEK = int(week_number(np.array([FIRST], dtype="datetime64[D]"))[0])
FEW = Yardstick(draws=20)


def rows(*each: dict[str, Any]) -> Rows:
    """Rows of one product each, unless they say otherwise; neither alerts nor stock-outs."""
    default = {"week": 0, "outcome": 0, "probability": 0.1, "alert": False, "acknowledged": False, "received": False}
    default |= {"out_day": 0, "units_lost": 0.0, "revenue_lost": 0.0, "rule": 0.0}
    default |= {"alert_days": 7, "alert_is_over": True}
    default |= {"challenger": np.nan, "challenger_alert": False}
    whole = [default | {"product": place} | row for place, row in enumerate(each)]
    whole = [{"alert_outcome": row["outcome"]} | row for row in whole]

    def column(name: str, kind: type) -> Any:
        return np.array([row[name] for row in whole], dtype=kind)

    return Rows(
        product=column("product", np.int64),
        week=column("week", np.int32) + WEEK,
        outcome=column("outcome", np.float32),
        probability=column("probability", np.float32),
        alert=column("alert", np.bool_),
        alert_days=column("alert_days", np.int64),
        alert_is_over=column("alert_is_over", np.bool_),
        alert_outcome=column("alert_outcome", np.float32),
        acknowledged=column("acknowledged", np.bool_),
        received=column("received", np.bool_),
        out_day=column("out_day", np.int64),
        units_lost=column("units_lost", np.float64),
        revenue_lost=column("revenue_lost", np.float64),
        challenger=column("challenger", np.float32),
        challenger_alert=column("challenger_alert", np.bool_),
        rules={"rule": column("rule", np.float32)},
    )


HIT = {"outcome": 1, "alert": True, "probability": 0.9, "out_day": 3, "units_lost": 4.0, "revenue_lost": 40.0}
MISS = {"outcome": 1, "probability": 0.3, "out_day": 6, "units_lost": 1.0, "revenue_lost": np.nan}
IN_VAIN = {"alert": True, "probability": 0.6}
RECEIVED = {"alert": True, "probability": 0.7, "received": True}
