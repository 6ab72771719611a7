import dataclasses

import numpy as np

from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from tests.support.training_fixtures import training_panel
from training.labels import label

NAN = np.nan


def panel_of(*units: list[float]) -> Panel:
    matrix = np.array(units, dtype=np.float32)
    some = training_panel(products=len(units), weeks=matrix.shape[1])
    return dataclasses.replace(some, fields={UNITS_SOLD: matrix, PRICE_MEAN: matrix})


def test_a_product_is_eligible_where_it_sold_in_the_known_ones_of_the_last_four_weeks() -> None:
    panel = panel_of([1, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0], [NAN, NAN, 1, 1, 1, 0])
    assert label("zero_sales").eligible(panel).tolist() == [
        [True, True, True, True, False, True],
        [False] * 6,
        [False, False, True, True, True, True],
    ]


def test_the_outcome_is_that_of_the_following_week() -> None:
    panel = panel_of([3, 0, 2, 0])
    np.testing.assert_array_equal(label("zero_sales").outcome(panel), np.array([[1, 0, 1, NAN]], dtype=np.float32))


def test_an_unknown_week_is_no_outcome() -> None:
    panel = panel_of([NAN, NAN, 2, 0])
    np.testing.assert_array_equal(label("zero_sales").outcome(panel), np.array([[NAN, 0, 1, NAN]], dtype=np.float32))
