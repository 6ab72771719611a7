import datetime as dt

import numpy as np
from google.type import date_pb2
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest, ListStockoutRisksRequest

from feature_service.server.rpc.requests import DEFAULT_PAGE, list_query, risk_query
from feature_service.server.scoring.queries import RankOrder


def test_as_of_is_read_as_a_day_and_unset_is_the_newest_week() -> None:
    day = date_pb2.Date(year=2018, month=2, day=28)
    assert risk_query(AssessStockoutRisksRequest(product_ids=["a"], as_of=day)).as_of == dt.date(2018, 2, 28)
    assert risk_query(AssessStockoutRisksRequest(product_ids=["a"])).as_of is None


def test_what_the_caller_says_of_its_stock_is_told_from_what_it_leaves_out() -> None:
    items = [AssessmentItem(product_id="a", units_on_hand=0, lead_time_days=0), AssessmentItem(product_id="b")]
    query = risk_query(AssessStockoutRisksRequest(items=items))
    assert list(query.product_ids) == ["a", "b"]
    assert query.caller_stock is not None
    np.testing.assert_array_equal(query.caller_stock.units_on_hand, [0, np.nan])
    np.testing.assert_array_equal(query.caller_stock.lead_time_days, [0, np.nan])


def test_an_unset_page_size_and_order_stand_for_what_the_proto_says() -> None:
    query = list_query(ListStockoutRisksRequest())
    assert (query.page_size, query.filter.order) == (DEFAULT_PAGE, RankOrder.RELIEF_PROBABILITY)
