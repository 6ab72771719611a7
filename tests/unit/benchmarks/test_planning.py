"""The simulation of weekly orders: what it counts, on numbers made by hand, and what policies cost on a made market."""

import numpy as np
import pytest

from benchmarks.planning.policies import Case, all_weeks_quantile, known_ahead, seasonal_average, suggestion
from benchmarks.planning.simulation import simulate
from data.panel import Panel
from feature_service.kernel.arrays import BoolArray, DoubleArray


def everything(wanted: DoubleArray) -> BoolArray:
    return np.isfinite(wanted)


def test_an_order_is_on_the_shelf_three_weeks_after_the_week_it_ended_and_what_is_not_there_is_lost() -> None:
    wanted = np.array([[4.0, 4.0, 4.0, 4.0, 4.0, 4.0]])
    seen: list[tuple[int, float, float]] = []

    def ten_once(week: int, on_hand: DoubleArray, on_order: DoubleArray) -> DoubleArray:
        seen.append((week, on_hand[0], on_order[0]))
        return np.array([10.0 if week == 0 else 0.0])

    outcome = simulate(wanted, everything(wanted), ten_once, range(6), warm_up=0, lead_time_weeks=2)

    assert seen == [(0, 0, 0), (1, 0, 10), (2, 0, 10), (3, 6, 0), (4, 2, 0), (5, 0, 0)]
    assert outcome.lost.tolist() == [4 + 4 + 4 + 2]
    assert outcome.held.tolist() == [6 + 2]
    assert outcome.cost.tolist() == pytest.approx([14 * 1.0 + 8 * 0.2])
    assert outcome.fill_rate == pytest.approx(10 / 24)
    assert outcome.service_level == pytest.approx(2 / 6)


def test_a_warm_up_and_weeks_of_unknown_demand_are_lived_through_but_not_counted() -> None:
    wanted = np.array([[5.0, 5.0, np.nan, 5.0]])

    outcome = simulate(
        wanted, everything(wanted), lambda *_: np.array([5.0]), range(1, 4), warm_up=1, lead_time_weeks=0
    )

    assert outcome.wanted.tolist() == [10]
    assert outcome.lost.tolist() == [0]
    assert outcome.held.tolist() == [5]  # what nobody is known to have wanted is there a week later


def test_the_difference_from_a_benchmark_has_an_interval_over_products() -> None:
    wanted = np.tile(np.array([[1.0, 1.0]]), (50, 1))
    none = simulate(wanted, everything(wanted), lambda *_: np.zeros(50), range(2), 0, 0)
    half = simulate(wanted, everything(wanted), lambda *_: np.repeat([1.0, 0.0], 25), range(2), 0, 0)

    value, low, high = half.difference(none, seed=1)

    assert value == pytest.approx(-0.25)
    assert low < value < high


def test_on_a_made_market_the_suggestion_costs_less_than_the_rules_and_more_than_knowing_all() -> None:
    rng = np.random.default_rng(4)
    level = rng.gamma(1.2, 4, size=(150, 1)) * np.exp(np.cumsum(rng.normal(0, 0.06, size=(150, 40)), axis=1))
    sold = rng.poisson(level * rng.gamma(4, 1 / 4, size=level.shape)).astype(np.float32)
    flags = (rng.random(sold.shape) > 0.1).astype(np.float32)
    weeks = np.arange("2024-01-01", "2024-10-07", 7, dtype="datetime64[D]")
    ids = tuple(f"P{number:03d}" for number in range(150))
    case = Case(Panel(ids, weeks, {"units_sold": sold * flags, "in_stock": flags}, ("",) * 150, {}))
    counts = case.counts(after_launch_weeks=4)

    cost = {
        policy.__name__: float(simulate(case.wanted, counts, policy(case), range(20, 40), 6, 2).cost.sum())
        for policy in (suggestion, seasonal_average, all_weeks_quantile, known_ahead)
    }

    assert cost["known_ahead"] < 0.1 * cost["suggestion"]
    assert cost["suggestion"] < 0.95 * min(cost["seasonal_average"], cost["all_weeks_quantile"])
