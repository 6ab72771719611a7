"""The rules of the protos, as the server reads them."""

import datetime as dt
from typing import Any

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.type import date_pb2
from hypothesis import given
from hypothesis import strategies as st
from stockout.v1 import feature_service_pb2, risk_service_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

from feature_service.server.errors import InvalidFieldError, TooManyProductsError
from feature_service.server.rpc.validation import RequestReader

FREE = {
    "stockout.v1.AssessStockoutRisksRequest.items": "its own fields have rules, and so has the message",
    "stockout.v1.AssessmentItem.deliveries": "its own fields have rules; none in it says that nothing comes",
    "stockout.v1.ListStockoutRisksRequest.alert_only": "both values of a bool mean something",
    "stockout.v1.ListStockoutRisksRequest.include_out_of_stock": "both values of a bool mean something",
    **{
        f"stockout.v1.{name}StockoutRisksRequest.include_challenger": "both values of a bool mean something"
        for name in ("Assess", "List", "Stream", "Watch")
    },
}
REQUESTS = [
    method.input_type
    for file in (risk_service_pb2, feature_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
WITH_DAY: list[Any] = [
    AssessStockoutRisksRequest,
    GetFeaturesRequest,
    StreamStockoutRisksRequest,
    StreamFeaturesRequest,
]


def read(request_type: type[Any], raw: bytes, max_ids: int) -> Any:
    reader = RequestReader(request_type, max_ids)
    request, _ = reader.parse(raw)
    reader.check(request)
    return request


def read_assess(raw: bytes) -> Any:
    return read(AssessStockoutRisksRequest, raw, max_ids=1000)


def fields_of(message: Descriptor) -> list[FieldDescriptor]:
    """With those of the messages of ours that it holds."""
    below = [each.message_type for each in message.fields if each.message_type]
    ours = [each for each in below if each.file.package == "stockout.v1"]
    return [*message.fields, *(field for each in ours for field in fields_of(each))]


def test_every_field_of_every_request_has_a_rule_or_a_reason_to_have_none() -> None:
    fields = {field.full_name: field for request in REQUESTS for field in fields_of(request)}
    without = {name for name, field in fields.items() if not field.GetOptions().HasExtension(validate_pb2.field)}
    assert without == set(FREE)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), max_size=8))
def test_exactly_ids_of_1_to_256_bytes_are_accepted_and_every_other_is_named(product_ids: list[str]) -> None:
    wrong = [f"product_ids[{at}]" for at, each in enumerate(product_ids) if not 1 <= len(each.encode()) <= 256]
    kinds: list[Any] = [GetFeaturesRequest, WatchStockoutRisksRequest, AssessStockoutRisksRequest]
    for kind in kinds:
        raw = kind(product_ids=product_ids).SerializeToString()
        if product_ids and not wrong:
            assert read(kind, raw, max_ids=8).product_ids == product_ids
            continue
        with pytest.raises(InvalidFieldError) as raised:
            read(kind, raw, max_ids=8)
        if wrong:
            assert [each.field for each in raised.value.violations] == wrong


@pytest.mark.parametrize("product_id", ["é" * 128, "a" * 256, "🛒" * 64, "\0", " "])
def test_the_longest_and_the_strangest_ids_are_accepted(product_id: str) -> None:
    request = AssessStockoutRisksRequest(product_ids=[product_id])
    assert read_assess(request.SerializeToString()) == request


@given(st.integers(-1, 10_001), st.integers(-1, 13), st.integers(-1, 32))
def test_the_rule_for_days_and_the_calendar_agree(year: int, month: int, day: int) -> None:
    check_day(year, month, day)


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1900, 2, 29), (2000, 2, 29), (2018, 2, 29), (2020, 2, 29), (2018, 4, 31), (2018, 12, 31)],
)
def test_the_last_days_of_months_are_those_of_the_calendar(year: int, month: int, day: int) -> None:
    check_day(year, month, day)


def check_day(year: int, month: int, day: int) -> None:
    for kind in WITH_DAY:
        request = kind(as_of=date_pb2.Date(year=year, month=month, day=day))
        if "product_ids" in kind.DESCRIPTOR.fields_by_name:
            request.product_ids.append("a")
        raw = request.SerializeToString()
        try:
            dt.date(year, month, day)
        except ValueError:
            with pytest.raises(InvalidFieldError, match=r"^as_of must be a full date of the calendar"):
                read(kind, raw, max_ids=1)
        else:
            assert read(kind, raw, max_ids=1) == request


@pytest.mark.parametrize("field", ["product_ids", "items"])
def test_more_ids_than_allowed_are_refused_before_the_ids_are_looked_at(field: str) -> None:
    bad: dict[str, Any] = {"product_ids": [""] * 3, "items": [AssessmentItem()] * 3}
    raw = AssessStockoutRisksRequest(**{field: bad[field]}).SerializeToString()
    with pytest.raises(TooManyProductsError, match="3 product ids asked, one request may hold 2"):
        read(AssessStockoutRisksRequest, raw, max_ids=2)


def test_of_a_thousand_broken_rules_the_first_are_told_and_all_are_counted() -> None:
    raw = AssessStockoutRisksRequest(product_ids=[""] * 1000).SerializeToString()
    with pytest.raises(InvalidFieldError) as raised:
        read_assess(raw)
    assert str(raised.value) == "product_ids[0] must be at least 1 bytes; and 999 more"
    assert raised.value.metadata == {"field": "product_ids[0]"}
    assert [each.field for each in raised.value.violations] == [f"product_ids[{at}]" for at in range(20)]
