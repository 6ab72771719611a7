"""Nothing that comes later is known earlier: in the labels, and between the blocks."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.training_fixtures import training_panel
from training.errors import TrainingHistoryError
from training.labels import LABELS
from training.split import Block, split_by_time

WEEK = np.timedelta64(7, "D")
SALES = training_panel(products=12, weeks=20)
SHAPE = SALES.fields["units_sold"].shape
STOCK = ("units_on_hand", "count_age_days", "min_on_hand", "in_stock")
PANEL = dataclasses.replace(
    SALES, fields={**SALES.fields, **{name: np.ones(SHAPE, dtype=np.float32) for name in STOCK}}
)


def weeks_of(count: int) -> np.ndarray:
    return np.datetime64("2017-01-02") + np.arange(count) * WEEK


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


@given(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.integers(0, 30))
def test_every_outcome_is_over_before_the_next_block_begins(
    horizon: int, train: int, validation: int, test: int, extra: int
) -> None:
    weeks = weeks_of(train + validation + test + 2 * horizon + extra)
    split = split_by_time(
        weeks, horizon_weeks=horizon, min_train_weeks=train, validation_weeks=validation, test_weeks=test
    )
    for earlier, later in ((split.train, split.validation), (split.validation, split.test)):
        assert np.datetime64(earlier.last_week) + horizon * WEEK < np.datetime64(later.first_week)
    assert length(split.train) == train + extra
    assert (length(split.validation), length(split.test)) == (validation, test)
    assert split.test.last_week == str(weeks[-1])


@given(st.integers(0, 37))
def test_fewer_weeks_than_the_blocks_need_are_refused(found: int) -> None:
    with pytest.raises(TrainingHistoryError, match=f"needs 38 weeks whose outcome is known, found {found}:"):
        split_by_time(weeks_of(found), horizon_weeks=1, min_train_weeks=12, validation_weeks=12, test_weeks=12)


def length(block: Block) -> int:
    return int((np.datetime64(block.last_week) - np.datetime64(block.first_week)) / WEEK) + 1
