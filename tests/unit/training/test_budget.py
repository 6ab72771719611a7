import numpy as np
import pytest

from training.budget import sample_rows

ROWS, WEEKS, BUDGET = 60_000, 80, 6_000


def history(positive_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes that grow rarer, and weeks with ever more rows."""
    draw = np.random.default_rng(5)
    week = np.sort((WEEKS * np.sqrt(draw.random(ROWS))).astype(np.int64))
    outcome = (draw.random(ROWS) < positive_share * (1.5 - week / WEEKS)).astype(np.float32)
    return outcome, week


def test_rows_within_the_budget_are_all_taken_and_weigh_the_same() -> None:
    outcome, week = history(0.3)
    candidates = week < 40
    sample = sample_rows(candidates, outcome, week, int(candidates.sum()), seed=1)
    assert sample.weights is None
    np.testing.assert_array_equal(sample.rows, np.flatnonzero(candidates))


@pytest.mark.parametrize("positive_share", [0.02, 0.3, 0.8])
def test_the_weighted_sample_has_the_outcomes_and_the_weeks_of_all_rows(positive_share: float) -> None:
    outcome, week = history(positive_share)
    candidates = np.ones(ROWS, dtype=np.bool_)
    samples = [sample_rows(candidates, outcome, week, BUDGET, seed) for seed in range(20)]
    assert all(abs(len(each.rows) - BUDGET) < 5 * np.sqrt(BUDGET) for each in samples)
    shares = [np.average(outcome[each.rows], weights=each.weights) for each in samples]
    assert np.mean(shares) == pytest.approx(outcome.mean(), rel=0.02)
    weeks = [np.average(week[each.rows], weights=each.weights) for each in samples]
    assert np.mean(weeks) == pytest.approx(week.mean(), rel=0.01)


def test_the_rarer_outcome_is_kept_whole_up_to_half_of_the_budget_and_newer_weeks_come_first() -> None:
    outcome, week = history(0.02)
    sample = sample_rows(np.ones(ROWS, dtype=np.bool_), outcome, week, BUDGET, seed=1)
    assert np.isin(np.flatnonzero(outcome == 1), sample.rows).all()
    others = week[sample.rows][outcome[sample.rows] == 0]
    kept = [np.mean(others // 20 == part) / np.mean(week[outcome == 0] // 20 == part) for part in range(4)]
    assert kept == sorted(kept)
    often = history(0.5)
    half = sample_rows(np.ones(ROWS, dtype=np.bool_), *often, BUDGET, seed=1)
    assert np.mean(often[0][half.rows]) == pytest.approx(0.5, abs=0.03)


def test_the_same_rows_and_seed_give_the_same_sample() -> None:
    outcome, week = history(0.3)
    candidates = week < 70
    first, again, other = (sample_rows(candidates, outcome, week, BUDGET, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.array_equal(first.rows, other.rows)
    assert candidates[first.rows].all()
