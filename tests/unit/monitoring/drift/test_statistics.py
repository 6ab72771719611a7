import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from feature_service.kernel.arrays import DoubleArray
from monitoring.drift.alarm.usual import FALSE_DISCOVERY_RATE, Usual, discoveries
from monitoring.drift.statistics.clusters import CLUSTERS, clusters_of, draws_of
from monitoring.drift.statistics.histograms import histogram

WEEKS, COLUMNS = 39, 4_000


def moved(before: DoubleArray, now: DoubleArray) -> float:
    clusters = np.zeros(len(before), dtype=np.intp)
    spread, counts = histogram(np.stack([before, now], axis=1), clusters)
    return float(spread.distance(counts[0, 1], counts[0, 0]))


def test_a_distance_of_a_tenth_is_a_tenth_more_of_everything() -> None:
    prices = np.random.default_rng(0).lognormal(2, 1, 3_000)
    assert moved(prices, prices * 1.1) == pytest.approx(0.08, abs=0.02)
    assert moved(prices, prices) == 0


def test_of_flags_a_distance_is_the_share_of_products_that_changed() -> None:
    flags = np.repeat([0.0, 1.0], [400, 600])
    assert moved(flags, np.repeat([0.0, 1.0], [300, 700])) == pytest.approx(0.1 * np.arcsinh(1))


def test_one_product_that_sells_a_million_times_the_usual_moves_little() -> None:
    units = np.random.default_rng(0).poisson(3, 1_000).astype(np.float64)
    other = units.copy()
    other[0] = 3e6
    assert moved(units, other) < 0.02


def test_clusters_hang_on_ids_and_are_even() -> None:
    ids = [f"{shop}-{item}" for shop in range(8) for item in range(400)]
    clusters = clusters_of(draws_of(ids, seed=1))
    assert (clusters_of(draws_of(ids[::-1], seed=1))[::-1] == clusters).all()
    assert (clusters_of(draws_of(ids, seed=2)) != clusters).mean() > 0.9
    assert np.bincount(clusters, minlength=CLUSTERS).min() > 60


def series(alike: float, seed: int) -> DoubleArray:
    """Distances of columns in which successive weeks are alike, shape ``(columns, weeks + 1)``."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(COLUMNS, WEEKS + 1))
    for week in range(1, WEEKS + 1):
        values[:, week] = alike * values[:, week - 1] + np.sqrt(1 - alike**2) * values[:, week]
    return values


@pytest.mark.parametrize(("alike", "most"), [(0.0, 1.3), (0.5, 1.5), (0.8, 2.0)])
def test_where_nothing_changes_so_many_p_values_are_low_as_should_be(alike: float, most: float) -> None:
    values = series(alike, seed=3)
    noise = np.zeros_like(values)
    usual = Usual(values[:, :-1], noise[:, :-1], np.ones((COLUMNS, WEEKS), dtype=np.bool_))
    p = usual.p_values(values[:, -1], noise[:, -1], np.ones(COLUMNS, dtype=np.bool_))
    for level in (0.1, 0.01):
        assert 0.3 < (p < level).mean() / level < most


def test_a_spread_is_never_smaller_than_over_resampled_products() -> None:
    values, noise = series(0, seed=4) / 1_000, np.ones((COLUMNS, WEEKS + 1))
    usual = Usual(values[:, :-1], noise[:, :-1], np.ones((COLUMNS, WEEKS), dtype=np.bool_))
    p = usual.p_values(np.full(COLUMNS, 0.5), noise[:, -1], np.ones(COLUMNS, dtype=np.bool_))
    assert p.min() > 0.3


@given(st.lists(st.floats(0, 1, exclude_max=True) | st.just(float("nan")), min_size=1, max_size=40))
def test_the_correction_over_columns_is_that_of_benjamini_and_hochberg(values: list[float]) -> None:
    p = np.array(values)
    known = np.isfinite(p)
    expected = np.zeros(len(p), dtype=np.bool_)
    if known.any():
        adjusted = false_discovery_control(p[known])
        near = np.abs(adjusted - FALSE_DISCOVERY_RATE) < 1e-12
        if near.any():
            return
        expected[known] = adjusted < FALSE_DISCOVERY_RATE
    assert (discoveries(p) == expected).all()
