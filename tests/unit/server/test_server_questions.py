import datetime as dt

import pytest
from google.type import date_pb2
from hypothesis import given
from hypothesis import strategies as st
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from feature_service.server.errors import InvalidFieldError, TooManyProductsError
from feature_service.server.questions import feature_question, risk_question


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), max_size=8))
def test_exactly_ids_of_1_to_256_bytes_are_accepted_and_the_first_other_is_named(product_ids: list[str]) -> None:
    wrong = [position for position, each in enumerate(product_ids) if not 1 <= len(each.encode()) <= 256]
    request = AssessStockoutRisksRequest(product_ids=product_ids)
    if not product_ids:
        with pytest.raises(InvalidFieldError, match="product_ids must hold at least one"):
            risk_question(request, max_ids=8)
    elif wrong:
        with pytest.raises(InvalidFieldError) as raised:
            risk_question(request, max_ids=8)
        assert raised.value.field == f"product_ids[{wrong[0]}]"
    else:
        assert list(risk_question(request, max_ids=8).product_ids) == product_ids


@pytest.mark.parametrize("product_id", ["é" * 128, "a" * 256, "🛒" * 64, "\0", " "])
def test_the_longest_and_the_strangest_ids_are_accepted(product_id: str) -> None:
    request = GetFeaturesRequest(product_ids=[product_id])
    assert list(feature_question(request, max_ids=1).product_ids) == [product_id]


def test_more_ids_than_allowed_are_refused_before_the_ids_are_looked_at() -> None:
    with pytest.raises(TooManyProductsError, match="3 product ids asked, one request may hold 2"):
        risk_question(AssessStockoutRisksRequest(product_ids=["", "", ""]), max_ids=2)


def test_as_of_is_read_as_a_day_and_unset_is_the_newest_week() -> None:
    day = date_pb2.Date(year=2018, month=2, day=28)
    assert risk_question(AssessStockoutRisksRequest(product_ids=["a"], as_of=day), 1).as_of == dt.date(2018, 2, 28)
    assert risk_question(AssessStockoutRisksRequest(product_ids=["a"]), 1).as_of is None


@pytest.mark.parametrize(("year", "month", "day"), [(0, 0, 0), (2018, 2, 29), (2018, 0, 0), (-1, 1, 1), (10000, 1, 1)])
def test_what_is_no_day_of_the_calendar_is_refused(year: int, month: int, day: int) -> None:
    request = AssessStockoutRisksRequest(product_ids=["a"], as_of=date_pb2.Date(year=year, month=month, day=day))
    with pytest.raises(InvalidFieldError, match="as_of must be a full date"):
        risk_question(request, 1)
