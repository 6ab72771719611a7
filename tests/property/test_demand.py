"""What holds for the demand forecast whatever the history and the stock."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import nbinom

from feature_service.kernel import Demand, FloatArray, forecast_demand
from feature_service.kernel.negative_binomial import probability_of_at_least

FEW = settings(max_examples=60)
MEANS = st.floats(0.01, 3_000)
DISPERSIONS = st.floats(0.05, 50)


@st.composite
def histories(draw: st.DrawFn) -> FloatArray:
    """Units of up to 5 products in 1 to 12 weeks, some unknown."""
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 12)))
    units = draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 400)))
    unknown = draw(hnp.arrays(np.bool_, shape))
    return np.where(unknown, np.float32(np.nan), units)


def one(mean: float, dispersion: float) -> Demand:
    return Demand(np.array([mean]), np.array([dispersion]))


@FEW
@given(hnp.arrays(np.float64, 8, elements=st.floats(0, 20_000)), MEANS, DISPERSIONS)
def test_the_tail_is_the_negative_binomials_and_each_element_its_own(
    units: np.ndarray, mean: float, dispersion: float
) -> None:
    same = np.ones_like(units)

    tail = probability_of_at_least(units, same * mean, same * dispersion)

    expected = nbinom.sf(np.ceil(units) - 1, dispersion, dispersion / (dispersion + mean))
    np.testing.assert_allclose(tail, expected, rtol=1e-7, atol=1e-10)
    for index in (0, 3, 7):
        alone = probability_of_at_least(units[[index]], same[:1] * mean, same[:1] * dispersion)
        assert alone.tobytes() == tail[[index]].tobytes()


@FEW
@given(st.floats(0, 60), st.floats(0.05, 20), st.floats(0.2, 50), st.integers(1, 4))
def test_probability_and_units_lost_are_the_sums_they_stand_for(
    stock: float, mean: float, dispersion: float, horizon: int
) -> None:
    demand = one(mean, dispersion)
    units = np.arange(40_000)
    mass = nbinom.pmf(units, dispersion, dispersion / (dispersion + mean * horizon))

    probability = demand.stockout_probability(np.array([stock]), horizon)[0]
    lost = demand.expected_units_lost(np.array([stock]), horizon)[0]

    assert probability == pytest.approx(mass[units >= stock].sum(), abs=1e-9)
    assert lost == pytest.approx((np.maximum(units - stock, 0) * mass).sum(), abs=1e-7)


@FEW
@given(MEANS, DISPERSIONS, st.floats(0, 5_000), st.floats(0, 500))
def test_more_stock_never_raises_the_risk(mean: float, dispersion: float, stock: float, more: float) -> None:
    demand = one(mean, dispersion)
    little, much = np.array([stock]), np.array([stock + more])

    for risk in (demand.stockout_probability, demand.expected_units_lost):
        assert 0 <= risk(much)[0] <= risk(little)[0] + 1e-8 * max(1.0, mean)
    assert demand.stockout_probability(little)[0] <= 1
    assert demand.days_until_out(much)[0] >= demand.days_until_out(little)[0]


def test_no_stock_is_out_for_certain_and_loses_all_demand() -> None:
    demand = one(12.5, 2)

    for stock in (np.array([0.0]), np.array([-3.0])):
        assert demand.stockout_probability(stock)[0] == 1
        assert demand.expected_units_lost(stock)[0] == pytest.approx(12.5)
        assert demand.days_until_out(stock)[0] == 0
    assert demand.weeks_of_cover(np.array([25.0]))[0] == 2
    assert demand.days_until_out(np.array([25.0]))[0] == 14


def test_where_stock_or_history_is_unknown_so_is_the_answer() -> None:
    demand = Demand(np.array([np.nan, 3.0]), np.array([np.nan, 2.0]))
    stock = np.array([5.0, np.nan])

    for answer in (
        demand.stockout_probability(stock),
        demand.expected_units_lost(stock),
        demand.weeks_of_cover(stock),
        demand.days_until_out(stock),
    ):
        assert np.isnan(answer).all()


@FEW
@given(histories(), st.data())
def test_nothing_after_as_of_and_no_other_product_changes_a_forecast(units: FloatArray, data: st.DataObject) -> None:
    week = data.draw(st.integers(0, units.shape[1] - 1))
    row = data.draw(st.integers(0, len(units) - 1))

    forecast = forecast_demand({"units_sold": units}, week)
    alone = forecast_demand({"units_sold": units[[row], : week + 1]}, week)

    assert alone.mean.tobytes() == forecast.of(slice(row, row + 1)).mean.tobytes()
    assert alone.dispersion.tobytes() == forecast.dispersion[[row]].tobytes()
    known = np.isfinite(units[:, : week + 1]).any(axis=1)
    assert (np.isfinite(forecast.mean) == known).all()
    assert (forecast.dispersion[known] > 0).all()
    assert (forecast.mean[known] > 0).all()


def test_counted_stock_tells_more_of_demand_than_recorded_sales() -> None:
    fields = {"units_sold": np.ones((1, 9), np.float32), "depletion": np.full((1, 9), 20, np.float32)}

    assert forecast_demand(fields, 8).mean[0] > 15


def test_forecasts_of_steady_and_of_wild_sellers_cover_what_comes() -> None:
    random = np.random.default_rng(3)
    level = random.gamma(2, 5, size=(400, 1))
    units = random.poisson(level * random.gamma(3, 1 / 3, size=(400, 41))).astype(np.float32)

    forecast = forecast_demand({"units_sold": units}, 39)

    tail = forecast.stockout_probability(units[:, 40])
    assert 0.05 < (tail < 0.1).mean() < 0.15
    assert 0.4 < (tail < 0.5).mean() < 0.6
