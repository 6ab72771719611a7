"""Which recorded counts are newer than what the snapshot knows of a product."""

import dataclasses
import datetime as dt

import numpy as np

from data.panel import COUNT_AGE_DAYS, UNITS_ON_HAND
from feature_service.server.scoring.recount import newer_counts
from tests.unit.feature_service.server.scoring.test_newer_stock import assessor_of


def test_a_count_that_the_panel_has_used_does_not_come_back_where_sales_left_the_stock_unknown() -> None:
    """A shelf that was counted empty 11 days ago and has sold since: nobody knows what is on it."""
    assessor = assessor_of(np.array([np.nan, 4, 4], dtype=np.float32))
    ages = np.zeros_like(assessor.panel.fields[UNITS_ON_HAND])
    ages[:, -1] = (11, 11, np.nan)
    assessor.panel = dataclasses.replace(assessor.panel, fields={**assessor.panel.fields, COUNT_AGE_DAYS: ages})
    ids = assessor.panel.product_ids

    def found(days_ago: int) -> list[int]:
        counted_on = assessor.last_day - dt.timedelta(days=days_ago)
        rows: list[int] = newer_counts(assessor, [(each, counted_on, 0.0) for each in ids]).rows.tolist()
        return rows

    assert found(11) == found(12) == [2]
    assert found(10) == [0, 1, 2]
