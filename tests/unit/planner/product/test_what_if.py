"""What is supposed of a product: read from a form, and back into a link."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_service.client import ExpectedDelivery, Item
from planner.product.links import ProductLinks, span_of
from planner.product.timeline import Arrival
from planner.product.what_if import MOST_UNITS, FieldError, WhatIf, days_reach, units_reach
from tests.support.product_histories import HISTORY, ON_ITS_WAY, week

EMPTY = {"units_on_hand": " ", "weeks": "26"}


def test_an_empty_form_supposes_nothing_and_asks_for_the_product_as_it_is_known() -> None:
    what_if = WhatIf.read(EMPTY)
    assert (what_if, what_if.is_any, what_if.fields()) == (WhatIf(), False, {})
    assert what_if.product(HISTORY) == "a"


def test_a_decimal_comma_is_a_point() -> None:
    what_if = WhatIf.read({"units_on_hand": "2,5", "lead_time_days": "0"})
    assert what_if.product(HISTORY) == Item("a", 2.5, 0)


@pytest.mark.parametrize(
    ("field", "text"),
    [("units_on_hand", text) for text in ("-1", "nan", "inf", "1e9", "many", "1,000.5")]
    + [("lead_time_days", text) for text in ("366", "1.5", "-1")]
    + [("demand_percent", "0"), ("unit_price", "-1"), ("delivery_units", "-1"), ("delivery_days", "0")],
)
def test_what_is_no_number_of_its_range_is_named(field: str, text: str) -> None:
    with pytest.raises(FieldError) as raised:
        WhatIf.read({field: text})
    assert raised.value.field == field


@given(st.floats(0, MOST_UNITS).map(lambda units: round(units, 2)), st.integers(0, 365))
def test_a_link_supposes_what_the_form_did(units: float, days: int) -> None:
    what_if = WhatIf(units, days)
    again = WhatIf.read(what_if.fields())
    assert again == what_if


def test_one_more_delivery_comes_besides_those_on_their_way() -> None:
    history = dataclasses.replace(HISTORY, on_order=(ON_ITS_WAY,))
    what_if = WhatIf.read({"delivery_units": "12", "delivery_days": "9"})
    last_day = week(2) - dt.timedelta(days=1)
    assert what_if.arrivals(history) == [
        Arrival(ON_ITS_WAY.expected_on, 5.0),
        Arrival(last_day + dt.timedelta(days=9), 12.0),
    ]
    asked = what_if.product(history)
    assert asked == Item("a", deliveries=[ExpectedDelivery(3, 5.0), ExpectedDelivery(9, 12.0)])
    assert WhatIf.read({"delivery_units": "12"}).delivery_days == 7
    assert WhatIf().arrivals(history) == [Arrival(ON_ITS_WAY.expected_on, 5.0)]


def test_demand_and_price_are_asked_as_the_server_takes_them() -> None:
    what_if = WhatIf.read({"demand_percent": "150", "unit_price": "9,90"})
    assert what_if.product(HISTORY) == Item("a", unit_price=9.9, demand_factor=1.5)


def test_sliders_reach_beyond_what_is_there() -> None:
    assert units_reach(None, None) == 10
    assert units_reach(15, None) == 50
    assert units_reach(300, None) == 1000
    assert (days_reach(7), days_reach(30), days_reach(300)) == (42, 60, 365)


def test_links_hold_ids_of_any_characters_and_the_question() -> None:
    links = ProductLinks("a/b c?é", "inventory", {"units_on_hand": "3"})
    assert links.page == "/products/a%2Fb%20c%3F%C3%A9?question=inventory"
    assert links.spans[52] == links.page + "&units_on_hand=3&weeks=52"
    assert links.spans[26] == links.page + "&units_on_hand=3"
    assert links.weeks == "/product-weeks/a%2Fb%20c%3F%C3%A9"
    assert span_of({"weeks": "52"}) == 52
    assert span_of({"weeks": "9999"}) == span_of({}) == 26
