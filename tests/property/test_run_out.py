"""Run-out curves: the times that they are learned from, and what is read off them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from feature_service.kernel.arrays import DoubleArray, FloatArray
from feature_service.kernel.run_out import days_until, until_relief
from training.labels.run_out import FARTHEST_WEEKS, known_at, out_by, run_out_times, weeks_at_risk, weeks_known

OUTCOMES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 20)),
    elements=st.sampled_from([np.float32(0), np.float32(0), np.float32(0), np.float32(1), np.float32(np.nan)]),
)
HAZARDS = arrays.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 12)), elements=st.floats(0, 0.95))


def curve_of(hazards: DoubleArray) -> FloatArray:
    return (1 - np.cumprod(1 - hazards, axis=1)).astype(np.float32)


@given(outcome=OUTCOMES)
def test_a_time_is_what_one_finds_by_walking_week_by_week(outcome: FloatArray) -> None:
    times = run_out_times(outcome)
    for (product, week), time in np.ndenumerate(times):
        found = np.nan
        for ahead, out in enumerate(outcome[product, week : week + FARTHEST_WEEKS], 1):
            if np.isnan(out):
                break
            found = ahead if out else -ahead
            if out:
                break
        np.testing.assert_equal(time, np.float32(found))


@given(outcome=OUTCOMES, cut=st.integers(0, 19))
def test_what_was_known_at_an_origin_is_what_the_data_up_to_it_give(outcome: FloatArray, cut: int) -> None:
    origin = min(cut, outcome.shape[1])
    until_then = outcome.copy()
    until_then[:, origin:] = np.nan  # column t tells of week t + 1
    week = np.broadcast_to(np.arange(outcome.shape[1]), outcome.shape)
    known = known_at(run_out_times(outcome), weeks_known(week, origin, 1))
    np.testing.assert_array_equal(known, run_out_times(until_then))


@given(outcome=OUTCOMES, reach=st.integers(2, 12))
def test_weeks_at_risk_hold_each_run_out_once_and_every_week_that_was_survived(outcome: FloatArray, reach: int) -> None:
    times = run_out_times(outcome).ravel()
    at_risk = weeks_at_risk(times, reach)
    assert at_risk.outcome.sum() == ((times >= 2) & (times <= reach)).sum()
    for row, time in enumerate(times):
        asked = at_risk.ahead[at_risk.row == row].tolist()
        last = 0 if np.isnan(time) else min(abs(int(time)), reach)
        assert asked == list(range(2, last + 1))


@given(outcome=OUTCOMES)
def test_being_out_by_a_week_never_becomes_untrue_later(outcome: FloatArray) -> None:
    times = run_out_times(outcome).ravel()
    by_week = np.stack([out_by(times, week) for week in range(1, FARTHEST_WEEKS + 1)], axis=1)
    for before, after in zip(by_week.T[:-1], by_week.T[1:], strict=True):
        assert (after[before == 1] == 1).all()
        assert not (after[np.isnan(before)] == 0).any()


@given(hazards=HAZARDS, days=st.integers(0, 90))
def test_the_risk_until_relief_is_that_of_every_day_until_then(hazards: DoubleArray, days: int) -> None:
    curve = curve_of(hazards)
    relief = until_relief(curve, np.full(len(curve), float(days)))
    days = min(days, 7 * curve.shape[1])  # of later days nothing is told
    # in small steps: what is in stock falls by the same share in each step of a week
    steps = 700
    in_stock = np.cumprod(np.repeat((1 - hazards) ** (1 / steps), steps, axis=1), axis=1)
    until = days * steps // 7
    out = 1 - np.column_stack([np.ones(len(curve)), in_stock])[:, : until + 1]
    np.testing.assert_allclose(relief.probability, out[:, -1], atol=1e-5)
    np.testing.assert_allclose(relief.days_out, np.trapezoid(out, dx=7 / steps, axis=1), atol=2e-3)


@given(hazards=HAZARDS)
def test_at_a_weeks_end_the_risk_is_the_curves_own(hazards: DoubleArray) -> None:
    curve = curve_of(hazards)
    for week in range(curve.shape[1]):
        found = until_relief(curve, np.full(len(curve), 7.0 * (week + 1))).probability
        np.testing.assert_allclose(found, curve[:, week], atol=1e-5)


@given(hazards=HAZARDS, probability=st.sampled_from([0.1, 0.5, 0.9]))
def test_a_date_is_the_first_day_by_which_the_probability_is_reached(hazards: DoubleArray, probability: float) -> None:
    curve = curve_of(hazards)
    day = days_until(curve, probability)
    for each in range(len(curve)):
        row = curve[[each]]
        if np.isnan(day[each]):
            assert row[0, -1] < probability
            continue
        assert 1 <= day[each] <= 7 * curve.shape[1]
        by, before = (until_relief(row, np.array([day[each] - earlier])).probability[0] for earlier in (0, 1))
        assert by >= probability - 1e-5
        assert before <= probability + 1e-5


@given(hazards=HAZARDS)
def test_the_dates_of_the_interval_are_in_order(hazards: DoubleArray) -> None:
    curve = curve_of(hazards)
    early, median, late = (np.nan_to_num(days_until(curve, each), nan=np.inf) for each in (0.1, 0.5, 0.9))
    assert (early <= median).all()
    assert (median <= late).all()


def test_without_a_curve_nothing_is_said() -> None:
    nothing = np.empty((3, 0), dtype=np.float32)
    assert np.isnan(until_relief(nothing, np.full(3, 7.0)).probability).all()
    assert np.isnan(days_until(nothing, 0.5)).all()
