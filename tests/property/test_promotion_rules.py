"""The rules of promotion are monotone: what is better in a figure is never refused where the worse was let in."""

from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.comparison import Comparison
from training.evaluation.newest_weeks import Continuity, NewestWeeks
from training.metrics.bootstrap import Interval
from training.registry.promotion import should_refresh, should_replace

DIFFERENCES = st.floats(-0.5, 0.5)
SHARES = st.floats(0, 1)
SHIFTS = st.floats(0, 0.3)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, value, high = sorted(draw(st.tuples(DIFFERENCES, DIFFERENCES, DIFFERENCES)))
    return Interval(value, low, high)


COMPARISONS = st.builds(Comparison, intervals(), intervals())
CONTINUITIES = st.builds(Continuity, SHARES, SHARES, SHARES)
NEWEST = st.builds(
    NewestWeeks,
    weeks=st.just(12),
    weeks_since=st.integers(0, 12),
    rarer=st.integers(0, 40),
    base_rate=st.floats(0.01, 0.9),
    champion=st.builds(lambda value: Interval(value, value * 0.9, value * 1.1), st.floats(0.01, 0.9)),
    over_champion=COMPARISONS,
    continuity=CONTINUITIES,
)


def shifted(interval: Interval, by: float) -> Interval:
    return Interval(interval.value + by, interval.low + by, interval.high + by)


def better(comparison: Comparison, precision: float, error: float) -> Comparison:
    assert comparison.calibration_error is not None
    return Comparison(shifted(comparison.average_precision, precision), shifted(comparison.calibration_error, -error))


@given(NEWEST, SHIFTS, SHIFTS, SHARES)
def test_a_refresh_that_is_better_in_anything_is_not_refused_where_the_worse_came_through(
    newest: NewestWeeks, precision: float, error: float, towards_whole: float
) -> None:
    assert newest.over_champion is not None
    shares = (newest.continuity.rows_kept, newest.continuity.outcomes_kept, newest.continuity.newest_rows)
    higher = NewestWeeks(
        newest.weeks,
        newest.weeks_since,
        newest.rarer,
        newest.base_rate,
        newest.champion,
        better(newest.over_champion, precision, error),
        Continuity(*(each + (1 - each) * towards_whole for each in shares)),
    )
    assert should_refresh(higher, {}).promote >= should_refresh(newest, {}).promote


@given(COMPARISONS, COMPARISONS, SHIFTS, SHIFTS)
def test_a_replacement_that_is_better_in_anything_is_not_refused_where_the_worse_came_through(
    over_champion: Comparison, over_rule: Comparison, precision: float, error: float
) -> None:
    worse = should_replace(over_champion, {"TSB": over_rule})
    higher = should_replace(better(over_champion, precision, error), {"TSB": better(over_rule, precision, error)})
    assert higher.promote >= worse.promote


@given(COMPARISONS, st.dictionaries(st.sampled_from(["TSB", "base rate"]), COMPARISONS))
def test_what_replaces_the_champion_would_have_refreshed_it_too(
    over_champion: Comparison, over_rules: dict[str, Comparison]
) -> None:
    error = over_champion.calibration_error
    newest = NewestWeeks(12, 4, 100, 0.1, Interval(0.3, 0.2, 0.4), over_champion, Continuity(1.0, 1.0, 1.0))
    if should_replace(over_champion, over_rules).promote and error is not None and error.high <= 0.01:
        assert should_refresh(newest, over_rules).promote


@given(NEWEST)
def test_a_decision_always_says_why(newest: NewestWeeks) -> None:
    assert all(should_refresh(newest, {}).reasons)
