"""A suggested order adds up as it is shown, whatever its figures are."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_service.client import SuggestedOrder
from feature_service.kernel.ordering import OrderTerms, rounded
from planner.product.arithmetic import Rounding, order_lines

UNITS = st.floats(0, 5000, allow_nan=False)


def suggested(up_to: float, left: float, pack: float | None, least: float | None, most: float | None) -> SuggestedOrder:
    """What the server makes of it."""
    stated = {"pack_size": pack, "minimum_order_units": least, "maximum_order_units": most}
    terms = OrderTerms.stated(1, **{name: value for name, value in stated.items() if value is not None})
    units = float(rounded(np.array([up_to - left]), terms)[0])
    return SuggestedOrder(units, up_to, left, 10.0, 14, 0.9, 1.0, None, None, pack, least, most)


@given(
    up_to=UNITS.map(round),
    left=UNITS,
    sold=UNITS,
    coming=UNITS,
    later=st.just(0.0) | UNITS,
    pack=st.none() | st.integers(1, 48).map(float),
    least=st.none() | st.integers(1, 100).map(float),
    most=st.none() | st.integers(1, 400).map(float),
)
def test_the_lines_add_up_as_they_are_shown(
    up_to: int,
    left: float,
    sold: float,
    coming: float,
    later: float,
    pack: float | None,
    least: float | None,
    most: float | None,
) -> None:
    order = suggested(float(up_to), left, pack, least, most)
    on_hand_units = max(left + sold - coming, 0.0)
    lines = order_lines(order, on_hand_units, coming, later)
    assert coming - 1 <= lines.coming <= coming + later + 1
    on_hand, comes, gone, there, wanted, missing = (
        Fraction(f"{each:.{lines.decimals}f}")
        for each in (lines.on_hand, lines.coming, lines.sold, lines.left, lines.up_to, lines.missing)
    )
    assert on_hand + comes - gone == there
    assert wanted - there == missing
    assert lines.units == order.units
    again = suggested(float(missing), 0.0, pack, least, most)
    assert again.units == order.units


def test_what_comes_after_the_arrival_counts_as_far_as_the_server_says_that_it_helps() -> None:
    order = suggested(up_to=20.0, left=8.0, pack=None, least=None, most=None)  # 10 are wanted in 14 days, so 5 in 7
    lines = order_lines(order, units_on_hand=6.0, coming_units=2.0, later_units=50.0)
    assert (lines.on_hand, lines.coming, lines.sold, lines.left) == (6.0, 7.0, 5.0, 8.0)


@pytest.mark.parametrize(
    ("missing", "pack", "least", "most", "rounding", "units"),
    [
        (0.4, None, None, None, Rounding.ENOUGH, 0),
        (-7.0, 6.0, 12.0, None, Rounding.ENOUGH, 0),
        (3.2, None, None, None, Rounding.WHOLE_UNITS, 3),
        (3.2, 6.0, None, None, Rounding.WHOLE_PACKS, 6),
        (3.2, 6.0, 20.0, None, Rounding.RAISED_TO_MINIMUM, 24),
        (30.0, 6.0, None, 20.0, Rounding.LOWERED_TO_MAXIMUM, 18),
        (3.2, 6.0, 20.0, 10.0, Rounding.NOT_ALLOWED, 0),
    ],
)
def test_what_makes_of_the_missing_what_is_ordered_is_named(
    missing: float, pack: float | None, least: float | None, most: float | None, rounding: Rounding, units: float
) -> None:
    lines = order_lines(suggested(10.0, 10.0 - missing, pack, least, most), 10.0)
    assert (lines.rounding, lines.units) == (rounding, units)
