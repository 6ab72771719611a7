"""Nothing that comes later is known earlier: in the labels."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.training_fixtures import training_panel
from training.labels import LABELS

SALES = training_panel(products=12, weeks=20)
SHAPE = SALES.fields["units_sold"].shape
STOCK = ("units_on_hand", "count_age_days", "min_on_hand", "in_stock")
PANEL = dataclasses.replace(
    SALES, fields={**SALES.fields, **{name: np.ones(SHAPE, dtype=np.float32) for name in STOCK}}
)


@pytest.mark.parametrize("name", LABELS)
@given(cut=st.integers(0, 18), seed=st.integers(0, 1000))
def test_what_comes_after_as_of_never_changes_eligibility(name: str, cut: int, seed: int) -> None:
    later = np.random.default_rng(seed)
    fields = {field: values.copy() for field, values in PANEL.fields.items()}
    for values in fields.values():
        values[:, cut + 1 :] = later.integers(0, 5, size=values[:, cut + 1 :].shape)
    changed = dataclasses.replace(PANEL, fields=fields)
    before, after = (LABELS[name].eligible(panel)[:, : cut + 1] for panel in (PANEL, changed))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", LABELS)
def test_an_outcome_that_lies_ahead_is_unknown(name: str) -> None:
    horizon = LABELS[name].horizon_weeks
    assert np.isnan(LABELS[name].outcome(PANEL)[:, -horizon:]).all()
