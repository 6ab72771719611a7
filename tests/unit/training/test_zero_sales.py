import dataclasses

import numpy as np
import pytest

from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from tests.support.training_fixtures import training_panel
from training.errors import UnknownLabelError
from training.labels import LABELS, label

NAN = np.nan


def panel_of(*units: list[float]) -> Panel:
    matrix = np.array(units, dtype=np.float32)
    some = training_panel(products=len(units), weeks=matrix.shape[1])
    return dataclasses.replace(some, fields={UNITS_SOLD: matrix, PRICE_MEAN: matrix})


def test_a_product_is_eligible_only_where_it_sold_in_four_known_weeks() -> None:
    panel = panel_of([1, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0], [NAN, 1, 1, 1, 1, 0])
    assert label("zero_sales").eligible(panel).tolist() == [
        [False, False, False, True, False, True],
        [False] * 6,
        [False, False, False, False, True, True],
    ]


def test_the_outcome_is_that_of_the_following_week() -> None:
    panel = panel_of([3, 0, 2, 0])
    np.testing.assert_array_equal(label("zero_sales").outcome(panel), np.array([[1, 0, 1, NAN]], dtype=np.float32))


def test_an_unknown_week_is_no_outcome() -> None:
    panel = panel_of([NAN, NAN, 2, 0])
    np.testing.assert_array_equal(label("zero_sales").outcome(panel), np.array([[NAN, 0, 1, NAN]], dtype=np.float32))


def test_an_unknown_label_is_refused_by_naming_the_known_ones() -> None:
    with pytest.raises(UnknownLabelError, match=r"no label is named 'stockouts'; there is zero_sales"):
        label("stockouts")


def test_every_label_says_what_it_rests_on() -> None:
    assert {each.evidence for each in LABELS.values()} <= {"SALES_ONLY", "STOCK_AWARE"}
    assert all(name == each.name and each.horizon_weeks >= 1 for name, each in LABELS.items())
