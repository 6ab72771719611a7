"""What holds where deliveries are netted by date, whatever the stock, the demand and the deliveries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_service.kernel import Demand
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.netting import Netted, days_until_out, netted

FEW = settings(max_examples=80)
STOCKS = st.floats(0, 200)
DAYS = st.integers(1, 60)
DELIVERIES = st.lists(st.tuples(st.integers(-5, 60), st.floats(0, 300)), max_size=4)
DEMANDS = st.tuples(st.floats(0.1, 100), st.floats(0.2, 50))


def coming(*deliveries: tuple[int, float]) -> Incoming:
    days, units = (np.array([each[part] for each in deliveries], dtype=np.float64) for part in (0, 1))
    return Incoming.listed(1, np.zeros(len(days), dtype=np.int64), days.astype(np.int64), units)


def demand_of(mean: float, dispersion: float) -> Demand:
    return Demand(np.array([mean]), np.array([dispersion]))


def over(demand: tuple[float, float], days: int, stock: float, *deliveries: tuple[int, float]) -> Netted:
    return netted(demand_of(*demand), days, np.array([stock]), coming(*deliveries))


@FEW
@given(DEMANDS, DAYS, STOCKS, DELIVERIES)
def test_nothing_comes_from_nowhere_and_nothing_is_lost_without_being_told(
    demand: tuple[float, float], days: int, stock: float, deliveries: list[tuple[int, float]]
) -> None:
    found = over(demand, days, stock, *deliveries)

    arrived = sum(units for day, units in deliveries if max(day, 1) <= days)
    sold = demand[0] - found.lost_units[0]
    assert -1e-6 <= found.lost_units[0] <= demand[0] + 1e-6
    assert found.left_units[0] == pytest.approx(stock + arrived - sold, abs=1e-6)


@FEW
@given(DEMANDS, DAYS, STOCKS)
def test_without_deliveries_it_is_the_demand_that_the_stock_cannot_meet(
    demand: tuple[float, float], days: int, stock: float
) -> None:
    lost = demand_of(*demand).expected_units_lost(np.array([stock]))

    assert over(demand, days, stock).lost_units == pytest.approx(lost)


@FEW
@given(DEMANDS, DAYS, STOCKS, DELIVERIES, st.tuples(DAYS, st.floats(1, 100)))
def test_one_more_delivery_loses_no_more_and_lasts_no_shorter(
    demand: tuple[float, float],
    days: int,
    stock: float,
    deliveries: list[tuple[int, float]],
    another: tuple[int, float],
) -> None:
    lasts, longer = (
        days_until_out(demand_of(*demand), np.array([stock]), coming(*each))
        for each in (deliveries, [*deliveries, another])
    )
    assert longer >= lasts
    before, after = over(demand, days, stock, *deliveries), over(demand, days, stock, *deliveries, another)
    assert after.lost_units <= before.lost_units + 1e-6


@FEW
@given(DEMANDS, st.integers(2, 60), STOCKS, st.floats(0.5, 300), st.data())
def test_what_is_there_on_the_first_day_is_as_good_as_stock_and_what_comes_after_the_last_day_is_nothing(
    demand: tuple[float, float], days: int, stock: float, units: float, data: st.DataObject
) -> None:
    day = data.draw(st.integers(1, days))

    first, some_day, never = (over(demand, days, stock, (each, units)).lost_units[0] for each in (1, day, days + 1))

    assert first == pytest.approx(over(demand, days, stock + units).lost_units[0], abs=1e-9)
    assert first - 1e-9 <= some_day <= never + 1e-9
    assert never == pytest.approx(over(demand, days, stock).lost_units[0], abs=1e-9)


@pytest.mark.parametrize("day", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(
    ("mean", "dispersion", "stock", "units"), [(20, 1.5, 2, 20), (60, 0.8, 5, 60), (3, 2, 1, 3), (25, 3, 15, 40)]
)
def test_what_is_lost_in_a_week_is_what_days_that_are_played_lose(
    day: int, mean: float, dispersion: float, stock: float, units: float
) -> None:
    random = np.random.default_rng(day)
    level = random.gamma(dispersion, mean / dispersion, 20_000) / 7
    there, lost = np.full(20_000, float(stock)), 0.0
    for today in range(1, 8):
        there += units * (today == day)
        wanted = random.poisson(level)
        lost += np.maximum(wanted - there, 0).mean()
        there = np.maximum(there - wanted, 0)

    assert over((mean, dispersion), 7, stock, (day, units)).lost_units[0] == pytest.approx(lost, abs=0.025 * mean)


def test_a_delivery_behind_the_last_unit_does_not_help() -> None:
    week = demand_of(7.0, 5.0)

    assert days_until_out(week, np.array([5.0]), coming((6, 100.0))) == 5
    assert days_until_out(week, np.array([5.0]), coming((5, 100.0))) == 105
    assert days_until_out(week, np.array([5.0]), coming((3, 2.0), (7, 10.0))) == 17
    assert days_until_out(week, np.array([0.0]), coming((-3, 14.0))) == 0


def test_what_a_newer_count_has_seen_come_does_not_come_again() -> None:
    expected = coming((2, 10.0), (5, 20.0), (-4, 30.0))

    left = expected.after(np.array([3.0]))

    assert left.days.tolist() == [[4.0, 5.0]]
    assert left.units.tolist() == [[30.0, 20.0]]
    assert expected.after(np.array([np.nan])).days.tolist()[0][:3] == [1.0, 2.0, 5.0]
