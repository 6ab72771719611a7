"""What one product's weeks say of its stock where counts are old, below none, or flags only."""

import dataclasses

import numpy as np

from data.panel import COUNT_AGE_DAYS, IN_STOCK, MIN_ON_HAND, UNITS_ON_HAND, Panel
from feature_service.server.scoring.product_history import product_weeks
from tests.support.snapshots import synthetic_panel

NAN = float("nan")


def panel_with(**fields: list[float]) -> Panel:
    """One product of five weeks."""
    panel = synthetic_panel(products=1, weeks=5)
    added = {name: np.array([weeks], dtype=np.float32) for name, weeks in fields.items()}
    return dataclasses.replace(panel, fields={**panel.fields, **added})


def test_an_old_count_is_told_with_its_age_but_does_not_say_whether_the_shelf_is_empty() -> None:
    weeks = product_weeks(
        panel_with(
            **{
                UNITS_ON_HAND: [NAN, 4, -2, 0, 0],
                COUNT_AGE_DAYS: [NAN, 1, 2, 28, 35],
                MIN_ON_HAND: [NAN, 0, -2, NAN, NAN],
            }
        ),
        row=0,
        weeks=9,
    )
    np.testing.assert_array_equal(weeks.units_on_hand, [NAN, 4, 0, 0, 0])
    np.testing.assert_array_equal(weeks.count_age_days, [NAN, 1, 2, 28, 35])
    np.testing.assert_array_equal(weeks.out_of_stock, [NAN, 1, 1, 1, NAN])
    assert np.isnan(weeks.in_stock).all()


def test_flags_tell_weeks_out_of_stock_without_counts() -> None:
    weeks = product_weeks(panel_with(**{IN_STOCK: [1, 0, NAN, 1, 0]}), row=0, weeks=4)
    np.testing.assert_array_equal(weeks.in_stock, [0, NAN, 1, 0])
    np.testing.assert_array_equal(weeks.out_of_stock, [1, NAN, 0, 1])
    assert np.isnan(weeks.units_on_hand).all()
