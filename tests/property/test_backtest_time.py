"""Nothing that comes later is known earlier: in the calendar of the backtest, and in the rules."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.panel import Panel
from data.weeks import monday, week_number
from tests.support.training_fixtures import training_panel
from training.backtest.origins import WEEKLY_FIT_ROWS, BacktestSettings, calendar_of
from training.baselines.past_rows import PanelRows
from training.baselines.rules import logistic_inputs, rules_for
from training.errors import TrainingHistoryError


def panel_with_stock(weeks: int = 70) -> Panel:
    panel = training_panel(products=12, weeks=weeks)
    random = np.random.default_rng(1)
    shape = panel.fields["units_sold"].shape
    stock = {
        "units_on_hand": random.integers(0, 9, shape),
        "depletion": random.integers(0, 4, shape),
        "in_stock": random.integers(0, 2, shape),
    }
    return dataclasses.replace(
        panel, fields={**panel.fields, **{name: each.astype(np.float32) for name, each in stock.items()}}
    )


PANEL = panel_with_stock()


@given(cut=st.integers(0, 68), seed=st.integers(0, 1000))
def test_what_comes_after_as_of_never_changes_a_rule(cut: int, seed: int) -> None:
    later = np.random.default_rng(seed)
    fields = {field: values.copy() for field, values in PANEL.fields.items()}
    for values in fields.values():
        values[:, cut + 1 :] = later.integers(0, 2, size=values[:, cut + 1 :].shape)
    changed = dataclasses.replace(PANEL, fields=fields)
    for rule in rules_for(PANEL):
        before, after = (rule.score(panel)[:, : cut + 1] for panel in (PANEL, changed))
        np.testing.assert_array_equal(before, after, err_msg=rule.name)
    before, after = (logistic_inputs(panel)[:, : cut + 1] for panel in (PANEL, changed))
    np.testing.assert_array_equal(before, after)


def test_the_rules_of_stock_need_stock() -> None:
    names = {rule.name for rule in rules_for(PANEL)}
    of_sales = {rule.name for rule in rules_for(training_panel(products=12, weeks=20))}
    assert {"days of cover", "out share of 8 weeks"} <= names - of_sales
    assert {"no sale last week", "exp(-4-week rate)", "Gamma-Poisson zero", "TSB", "same week last year"} == of_sales


def test_rules_of_some_products_at_a_time_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.baselines.past_rows._PRODUCTS_PER_BLOCK", 5)
    random = np.random.default_rng(3)
    product, column = random.integers(0, 12, 300), random.integers(0, 70, 300)
    rows = PanelRows(PANEL, product, column)
    for rule in rules_for(PANEL):
        np.testing.assert_array_equal(rows.take(rule.score), rule.score(PANEL)[product, column], err_msg=rule.name)
    np.testing.assert_array_equal(rows.take(logistic_inputs), logistic_inputs(PANEL)[product, column])


@pytest.mark.parametrize("rule", rules_for(PANEL), ids=lambda rule: rule.name)
def test_a_rule_that_says_a_probability_says_one(rule) -> None:  # type: ignore[no-untyped-def]
    predictions = rule.score(PANEL)
    if rule.is_probability:
        assert ((predictions >= 0) & (predictions <= 1) | np.isnan(predictions)).all()


@given(
    known=st.integers(14, 200),
    horizon=st.integers(1, 4),
    every=st.integers(0, 9),
    origins=st.integers(8, 40),
    calibration=st.integers(2, 30),
)
def test_the_calendar_keeps_its_promises(known: int, horizon: int, every: int, origins: int, calibration: int) -> None:
    settings = BacktestSettings(origins=origins, calibration_weeks=calibration, refit_every=every)
    week = np.arange(2_000, 2_000 + known)
    if known < settings.min_train_weeks + horizon - 1 + 2 + 8:
        with pytest.raises(TrainingHistoryError):
            calendar_of(week, horizon, settings)
        return
    calendar = calendar_of(week, horizon, settings)
    assert calendar.last == week[-1]
    assert 8 <= calendar.last - calendar.first + 1 <= origins
    assert calendar.first < calendar.first_locked <= calendar.last
    assert calendar.has_outcome_at(calendar.first_prediction, week).sum() >= settings.min_train_weeks
    for origin in range(calendar.first_prediction, calendar.last + 1):
        assert (week[calendar.has_outcome_at(origin, week)] + horizon <= origin).all()


@given(cut=st.integers(40, 99), every=st.integers(0, 9), rows_a_week=st.integers(1, 1_000))
def test_data_cut_off_at_a_week_are_fitted_at_the_same_origins(cut: int, every: int, rows_a_week: int) -> None:
    settings = BacktestSettings(refit_every=every, origins=60)
    week = np.repeat(np.arange(2_000, 2_100), rows_a_week)
    whole, part = (calendar_of(week[: weeks * rows_a_week], 1, settings) for weeks in (100, cut))
    for origin in range(whole.first_prediction + 1, part.last + 1):
        if origin > part.first_prediction:
            assert whole.is_fit_due(origin) == part.is_fit_due(origin)


def test_a_fit_a_week_ends_where_it_would_learn_from_many_rows() -> None:
    weeks = np.arange(2_000, 2_100)
    rows_a_week = WEEKLY_FIT_ROWS // 60
    calendar = calendar_of(np.repeat(weeks, rows_a_week), 1, BacktestSettings(origins=60))
    fits = [each.start for each in calendar.origins_by_fit()]
    weekly = [fit for fit in fits if calendar.has_outcome_at(fit, weeks).sum() * rows_a_week <= WEEKLY_FIT_ROWS]
    assert weekly == list(range(calendar.first_prediction, weekly[-1] + 1))
    later = fits[len(weekly) :]
    assert len(later) > 5
    assert set(np.diff(later)) == {4}


def test_a_week_number_is_that_of_its_monday() -> None:
    weeks = np.array(["2018-08-20", "2018-08-27"], dtype="datetime64[D]")
    numbers = week_number(weeks)
    assert numbers[1] - numbers[0] == 1
    assert [monday(int(number)) for number in numbers] == list(weeks)
