"""What customers will want: weeks out of stock, and the season of the market."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_service.kernel import FloatArray, forecast_demand, forecast_wanted
from feature_service.kernel.season import Market

UNKNOWN = float("nan")


def weeks(*units: float) -> FloatArray:
    return np.array([units], dtype=np.float32)


@pytest.mark.parametrize("name", ["in_stock", "min_on_hand"])
def test_a_week_out_of_stock_that_sold_less_than_expected_tells_nothing(name: str) -> None:
    fields = {"units_sold": weeks(8, 9, 7, 0, 2), name: weeks(1, 1, 1, 0, 0)}

    wanted = forecast_wanted(fields, 4).mean

    assert wanted == pytest.approx(forecast_wanted(fields, 2).mean, rel=0.05)  # what is older weighs less
    assert wanted > forecast_demand(fields, 4).mean * 1.5


def test_a_week_out_of_stock_that_sold_more_than_expected_counts_as_if_it_had_been_in_stock() -> None:
    sold = weeks(3, 4, 3, 30)

    assert (
        forecast_wanted({"units_sold": sold, "in_stock": weeks(1, 1, 1, 0)}, 3).mean
        == forecast_wanted({"units_sold": sold}, 3).mean
    )


def test_a_product_that_was_never_in_stock_is_taken_for_a_slow_seller_and_an_unknown_one_for_unknown() -> None:
    always_out = {"units_sold": weeks(0, 0, 0), "in_stock": weeks(0, 0, 0)}

    assert forecast_wanted(always_out, 2).mean == pytest.approx([0.2])
    assert np.isnan(forecast_wanted({"units_sold": weeks(UNKNOWN, UNKNOWN)}, 1).mean)


def test_a_peak_of_the_market_a_year_before_is_half_expected_on_the_scale_of_ratios() -> None:
    sold = np.full((3, 60), 10, dtype=np.float32)
    sold[:, 10:13] = 40  # in the year before, five weeks after the as_of of then

    ahead = Market.of({"units_sold": sold}).weeks_ahead(57, 8)

    factors = np.diff(ahead)
    assert factors[5] == pytest.approx(2)  # the root of 4
    assert factors[[0, 1, 2]] == pytest.approx([1, 1, 1])


def test_without_a_year_before_or_beyond_one_a_week_is_a_week() -> None:
    sold = np.arange(120, dtype=np.float32).reshape(2, 60)

    assert Market.of({"units_sold": sold}).weeks_ahead(40, 3).tolist() == [0, 1, 2, 3]
    assert np.diff(Market.of({"units_sold": sold}).weeks_ahead(59, 60))[51:].tolist() == [1] * 9


@settings(max_examples=40)
@given(st.data())
def test_the_market_is_the_same_in_whatever_parts_and_later_weeks_never_change_what_is_ahead(
    data: st.DataObject,
) -> None:
    shape = (6, data.draw(st.integers(54, 70)))
    sold = data.draw(hnp.arrays(np.float32, shape, elements=st.floats(0, 1_000, width=32)))
    sold[data.draw(hnp.arrays(np.bool_, shape))] = UNKNOWN
    flags = data.draw(hnp.arrays(np.float32, shape, elements=st.sampled_from([0, 1])))
    fields = {"units_sold": sold, "in_stock": flags}
    rows = data.draw(st.permutations(range(6)))

    whole = Market.of(fields)
    parts = [Market.of({name: matrix[part] for name, matrix in fields.items()}) for part in (rows[:2], rows[2:])]

    ahead = whole.weeks_ahead(52, 20)
    assert Market.joined(parts).weeks_ahead(52, 20).tobytes() == ahead.tobytes()
    assert (
        Market.of({name: matrix[:, :53] for name, matrix in fields.items()}).weeks_ahead(52, 20).tobytes()
        == ahead.tobytes()
    )
    assert (np.diff(ahead) > 0).all()
