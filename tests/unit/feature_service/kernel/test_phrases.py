"""What a feature's value says to whoever keeps the shop."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_service.kernel import feature_set
from feature_service.kernel.sets.catalogue import FEATURE_SETS

SETS = tuple(FEATURE_SETS)


def says(set_name: str, feature: str, value: float) -> str:
    (found,) = (each for each in feature_set(set_name).features if each.name == feature)
    return found.in_words(value)


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        ("depletion_mean_4", 16.0, "16 units a week left the shelf in the last 4 weeks"),
        ("depletion_mean_4", 0.25, "0.2 units a week left the shelf in the last 4 weeks"),
        ("units_on_hand", 1.0, "1 unit on hand"),
        ("margin_weekly", -0.6, "the stock is less than a week needs, given how its weeks differ"),
        ("margin_poisson", 0.1, "the stock is about what a usual week needs"),
        ("margin_poisson", 30.0, "the stock is vastly more than a usual week needs"),
        ("days_since_receipt", 0.0, "the last delivery came on the newest day"),
        ("days_since_receipt", 1.0, "the last delivery came 1 day ago"),
        ("weeks_since_out", 12.0, "it was last out of stock 12 weeks ago"),
        ("relative_drop_1", 0.4, "in the last week the stock fell by 40%"),
        ("relative_drop_1", -0.4, "in the last week the stock grew by 40%"),
        ("relative_drop_1", 1.23, "in the last week the stock fell by 100%"),
        ("weeks_since_out", math.nan, "when it was last out of stock is not known: not once in the data"),
        ("drop_smoothed_2", -1.0, "in a week lately the shelf grew by 1 unit"),
        ("out_week_share", 0.004, "it was out of stock in less than 1% of its weeks"),
        ("item_receipts_1_4", 1.0, "deliveries of the item to other shops were about the usual"),
        ("item_receipts_1_4", 0.3, "deliveries of the item to other shops were 30% of the usual"),
        ("item_receipts_1_4", 2.04, "deliveries of the item to other shops were 2 times the usual"),
        ("item_demand", math.nan, "how the item does in other shops is not known"),
    ],
)
def test_a_value_is_said_in_the_words_of_a_shop(feature: str, value: float, sentence: str) -> None:
    assert says("stock-1", feature, value) == sentence


@pytest.mark.parametrize(
    ("set_name", "feature", "value", "sentence"),
    [
        ("stock-2", "days_to_delivery", -2.0, "the next delivery is overdue by 2 days"),
        ("stock-2", "days_to_delivery", 0.0, "the next delivery is overdue"),
        ("stock-2", "days_to_delivery", 1.0, "the next delivery comes tomorrow"),
        ("stock-2", "days_to_delivery", 3.0, "the next delivery comes in 3 days"),
        ("stock-2", "margin_on_day_2", 3.0, "the stock with what comes by then is far more than 2 days need"),
        ("availability-1", "sales_surprise_1", -3.0, "the last week sold far less than usual for a week in stock"),
        ("availability-1", "market_out_change", 0.0, "the share of all products out of stock is as high as a week ago"),
        (
            "availability-1",
            "market_out_change",
            -0.01,
            "the share of all products out of stock is 1 point lower than a week ago",
        ),
        ("availability-1", "out_share_52", math.nan, "out share 52 is not known"),
        ("sales-2", "price_last", 1234.5, "last sold at 1234.50"),
        ("sales-2", "trend_2_8", 1.6, "the last 2 weeks sold 1.6 times what is usual over 8 weeks"),
        ("sales-2", "sales_qtd_lag_1", 1234.0, "1,234 units sold in the last week"),
    ],
)
def test_deliveries_surprises_and_prices_are_said_in_words_too(
    set_name: str, feature: str, value: float, sentence: str
) -> None:
    assert says(set_name, feature, value) == sentence


def test_a_price_of_0_in_a_week_without_a_sale_is_said_to_be_none() -> None:
    assert says("seed-18", "price_mean_lag_1", 0.0) == "nothing sold in the last week, so there is no price"
    assert says("seed-18", "price_mean_roll_sum_4", 0.0) == "nothing sold in the last 4 weeks, so there is no price"
    assert says("seed-18", "price_mean_lag_1", 59.9) == "sold at 59.90 in the last week"


@pytest.mark.parametrize("name", SETS)
@given(value=st.one_of(st.floats(0, 1e6, width=32), st.sampled_from([0.0, 1.0, math.nan])))
def test_no_value_is_said_in_the_words_of_statistics(name: str, value: float) -> None:
    for feature in feature_set(name).features:
        sentence = feature.in_words(value)
        assert not re.search(
            r"deviation|log-odds|\bnan\b|\be[+-]|[{}]|-0\b|(?<![\d.,])1 (units|weeks|days|orders)\b", sentence
        )
        assert sentence == sentence.strip()
