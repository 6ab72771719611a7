"""What holds for every suggested order, whatever the stock, the demand and the terms."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from feature_service.kernel import Demand
from feature_service.kernel.deliveries import Incoming
from feature_service.kernel.negative_binomial import quantile
from feature_service.kernel.ordering import (
    DEFAULT_SERVICE_LEVEL,
    DemandToCover,
    Orders,
    OrderTerms,
    rounded,
    service_levels,
)

FEW = settings(max_examples=80)
LEVELS = st.floats(0.05, 0.99)
MEANS = st.floats(0, 400)
STOCKS = st.floats(-5, 2_000)
UNKNOWN = float("nan")


def ordered(
    means: tuple[float, float, float], stock: float, on_order: float = 0, price: float = UNKNOWN, **terms: float
) -> dict[str, float]:
    """One product's order; ``means`` are those until arrival and until the next, and the dispersion."""
    demand = DemandToCover(*(np.array([each]) for each in (*means, 14.0)))
    there = Incoming.at_once(np.array([on_order]))
    orders = Orders.suggested(demand, np.array([stock]), there, OrderTerms.stated(1, **terms), np.array([price]))
    return {field.name: float(getattr(orders, field.name)[0]) for field in dataclasses.fields(orders)}


demands = st.tuples(MEANS, MEANS, st.floats(0.1, 50))
packs = st.one_of(st.just(UNKNOWN), st.sampled_from([1.0, 6.0, 24.0, 0.5]))
limits = st.one_of(st.just(UNKNOWN), st.floats(0, 500))


@FEW
@given(LEVELS, st.floats(1e-6, 3_000), st.floats(0.05, 50))
def test_a_quantile_is_the_least_that_is_not_exceeded_too_often(level: float, mean: float, dispersion: float) -> None:
    units = quantile(np.array([level]), np.array([mean]), np.array([dispersion]))[0]

    share = dispersion / (dispersion + mean)
    assert nbinom.cdf(units, dispersion, share) >= level - 1e-9
    assert units == 0 or nbinom.cdf(units - 1, dispersion, share) < level + 1e-9


@FEW
@given(demands, STOCKS, st.floats(0, 500), LEVELS, packs, limits, limits)
def test_an_order_is_known_whole_packs_and_within_the_least_and_the_most(
    means: tuple[float, float, float],
    stock: float,
    on_order: float,
    level: float,
    pack: float,
    least: float,
    most: float,
) -> None:
    order = ordered(
        means, stock, on_order, service_level=level, pack_size=pack, minimum_order_units=least, maximum_order_units=most
    )

    units, size = order["units"], 1.0 if np.isnan(pack) else pack
    assert all(np.isfinite(value) and value >= 0 for value in order.values())
    assert units == 0 or (not units < least and not units > most)
    assert (units / size).is_integer()


@FEW
@given(demands, STOCKS, packs, st.lists(LEVELS, min_size=2, max_size=2))
def test_a_higher_service_level_never_orders_less(
    means: tuple[float, float, float], stock: float, pack: float, levels: list[float]
) -> None:
    low, high = (ordered(means, stock, service_level=level, pack_size=pack) for level in sorted(levels))

    assert low["units"] <= high["units"]
    assert low["order_up_to_units"] <= high["order_up_to_units"]


@FEW
@given(demands, st.lists(STOCKS, min_size=2, max_size=2))
def test_more_stock_never_orders_more_and_enough_of_it_orders_nothing(
    means: tuple[float, float, float], stocks: list[float]
) -> None:
    less, more = (ordered(means, stock) for stock in sorted(stocks))
    assert more["units"] <= less["units"]

    assert ordered(means, 1e7)["units"] == 0
    on_order = ordered(means, 0, on_order=max(stocks[0], 0))
    assert on_order == ordered(means, max(stocks[0], 0))  # what arrives in time is as good as what is there


@FEW
@given(demands, STOCKS)
def test_the_numbers_of_an_order_add_up(means: tuple[float, float, float], stock: float) -> None:
    until_arrival, until_next, dispersion = means
    order = ordered(means, stock, service_level=0.8)

    waiting = Demand(np.array([max(until_arrival, 1e-9)]), np.array([dispersion]))
    lost = waiting.expected_units_lost(np.array([stock]))[0]
    left = max(stock, 0) - (until_arrival - lost)
    assert order["expected_left_units"] == pytest.approx(max(left, 0), abs=1e-6)
    lacking = order["order_up_to_units"] - order["expected_left_units"]
    assert order["units"] == (np.ceil(lacking - 0.5) if lacking > 0.5 else 0)
    after = Demand(np.array([max(until_next, 1e-9)]), np.array([dispersion]))
    assert order["units_at_risk"] == after.expected_units_lost(np.array([order["expected_left_units"]]))[0]


def test_without_stock_or_demand_nothing_is_suggested() -> None:
    unknown = ordered((10, 5, 2), UNKNOWN)
    assert np.isnan(list(unknown.values())).all()
    assert np.isnan(ordered((UNKNOWN, UNKNOWN, UNKNOWN), 3)["units"])


def test_a_slow_seller_in_large_packs_is_ordered_though_it_needs_less_than_half_a_pack() -> None:
    assert ordered((0.5, 0.5, 2), 0, pack_size=24)["units"] == 24


def test_an_order_that_must_be_larger_than_it_may_be_is_none() -> None:
    terms = OrderTerms.stated(3, pack_size=6)
    terms = dataclasses.replace(
        terms, minimum_order_units=np.array([30, 31, 40]), maximum_order_units=np.array([UNKNOWN, 40, 35])
    )

    assert rounded(np.array([7.0, 7.0, 7.0]), terms).tolist() == [30, 36, 0]


def test_the_service_level_is_what_is_stated_else_what_costs_ask_for_else_the_default() -> None:
    terms = dataclasses.replace(
        OrderTerms.stated(5), unit_cost=np.array([UNKNOWN, 8, 8, 8, 1]), service_level=np.array([UNKNOWN] * 4 + [0.7])
    )

    levels = service_levels(terms, np.array([10, UNKNOWN, 8.4, 6, 10]))

    margin, holding = 0.4, 8 * 0.005
    assert levels.tolist() == pytest.approx(
        [DEFAULT_SERVICE_LEVEL, DEFAULT_SERVICE_LEVEL, margin / (margin + holding), 0.5, 0.7]
    )
