"""Many ``StockoutRisk`` messages at once, as bytes.

A message object for each product would take several times as long as all the rest of an answer. So the fields of fixed
length are laid out side by side for all rows, those that are not set are left out, and what remains is cut row by row.
"""

import datetime as dt
import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from stockout.v1.feature_service_pb2 import ProductFeatures
from stockout.v1.risk_service_pb2 import NextDelivery, Reason, StockoutRisk, SuggestedOrder

from feature_service.kernel.arrays import BoolArray, DoubleArray
from feature_service.kernel.ordering import OrderTerms
from feature_service.kernel.run_out import days_at_risk
from feature_service.server.scoring.assessment import Assessment
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.reasons import FeatureReason

Bytes = npt.NDArray[np.uint8]

_WIRE_TYPES = {
    FieldDescriptor.TYPE_BOOL: 0,
    FieldDescriptor.TYPE_INT32: 0,
    FieldDescriptor.TYPE_DOUBLE: 1,
    FieldDescriptor.TYPE_STRING: 2,
    FieldDescriptor.TYPE_MESSAGE: 2,
    FieldDescriptor.TYPE_FLOAT: 5,
}
_LENGTH_DELIMITED = 2


def _varint(number: int) -> bytes:
    content = bytearray()
    while number >= 0x80:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)


def tag_of(message: type[Message], name: str) -> bytes:
    """What a field of a message begins with: its number and how it is laid out, as the descriptor says."""
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    packed = descriptor.is_repeated and descriptor.type == FieldDescriptor.TYPE_FLOAT
    wire_type = _LENGTH_DELIMITED if packed else _WIRE_TYPES[descriptor.type]
    return _varint(descriptor.number << 3 | wire_type)


_PROBABILITY, _ALERT = tag_of(StockoutRisk, "probability"), tag_of(StockoutRisk, "alert")
_COUNT_RECORDED = tag_of(StockoutRisk, "count_recorded")
_RELIEF_AFTER_CURVE = tag_of(StockoutRisk, "relief_after_curve")
_CHALLENGER_PROBABILITY = tag_of(StockoutRisk, "challenger_probability")
_CHALLENGER_ALERT = tag_of(StockoutRisk, "challenger_alert")
_RUN_OUT = tag_of(StockoutRisk, "run_out_probabilities")
_AMOUNTS = {
    "units_on_hand": tag_of(StockoutRisk, "units_on_hand"),
    "expected_demand_units": tag_of(StockoutRisk, "expected_demand_units"),
    "expected_units_lost": tag_of(StockoutRisk, "expected_units_lost"),
    "revenue_at_risk": tag_of(StockoutRisk, "revenue_at_risk"),
    "weeks_of_cover": tag_of(StockoutRisk, "weeks_of_cover"),
    "relief_probability": tag_of(StockoutRisk, "relief_probability"),
    "units_lost_before_relief": tag_of(StockoutRisk, "expected_units_lost_before_relief"),
    "revenue_at_risk_before_relief": tag_of(StockoutRisk, "revenue_at_risk_before_relief"),
}
_DATES = {
    "stockout_in_days": tag_of(StockoutRisk, "expected_stockout_date"),
    "reorder_in_days": tag_of(StockoutRisk, "reorder_by_date"),
    "counted_in_days": tag_of(StockoutRisk, "counted_on"),
    "relief_in_days": tag_of(StockoutRisk, "relief_date"),
    "earliest_in_days": tag_of(StockoutRisk, "earliest_stockout_date"),
    "median_in_days": tag_of(StockoutRisk, "median_stockout_date"),
    "latest_in_days": tag_of(StockoutRisk, "latest_stockout_date"),
    "expedite_in_days": tag_of(StockoutRisk, "expedite_by"),
}
_PROTECTION_DAYS = tag_of(SuggestedOrder, "protection_days")
_ORDER_AMOUNTS = {
    "units": tag_of(SuggestedOrder, "units"),
    "up_to_units": tag_of(SuggestedOrder, "order_up_to_units"),
    "left_units": tag_of(SuggestedOrder, "expected_left_units"),
    "demand_units": tag_of(SuggestedOrder, "demand_units"),
    "service_level": tag_of(SuggestedOrder, "service_level"),
    "units_at_risk": tag_of(SuggestedOrder, "units_at_risk"),
}
_VALUE_AT_RISK, _COST, _PACK_SIZE, _MINIMUM_UNITS, _MAXIMUM_UNITS = (
    tag_of(SuggestedOrder, name) for name in ("value_at_risk", "cost", "pack_size", "minimum_units", "maximum_units")
)
_EXPECTED_ON, _DELIVERY_UNITS, _OVERDUE_DAYS, _INFERRED, _ON_ORDER = (
    tag_of(NextDelivery, name) for name in ("expected_on", "units", "overdue_days", "inferred", "on_order_units")
)
_YEAR, _MONTH, _DAY = (tag_of(Date, name) for name in ("year", "month", "day"))
_REASONS = tag_of(StockoutRisk, "reasons")
_REASON_FEATURE, _REASON_TEXT = tag_of(Reason, "feature"), tag_of(Reason, "text")
_REASON_VALUE, _REASON_CONTRIBUTION = tag_of(Reason, "value"), tag_of(Reason, "contribution")
_VALUES = tag_of(ProductFeatures, "values")
_FLOAT = struct.Struct("<f")
_LENGTHS = [_varint(length) for length in range(0x800)]
"""Encoded; hardly any field is longer."""


def field(tag: bytes, content: bytes) -> bytes:
    """A length-delimited field of a message."""
    length = len(content)
    return tag + (_LENGTHS[length] if length < len(_LENGTHS) else _varint(length)) + content


def risks(answers: Assessment, last_day: dt.date) -> list[bytes]:
    """Of each row the fields of a ``StockoutRisk`` but reasons and category; what is not known stays unset.

    Args:
        answers: Of the rows; of one without a probability the bytes say nothing.
        last_day: Of the ``as_of`` week; dates count from it.
    """
    scores, figures = answers.scores, answers.figures
    probabilities = scores.probabilities.astype(np.float64)
    parts = [
        (_doubles(_PROBABILITY, probabilities), probabilities != 0),
        (_constant(_ALERT + b"\x01", len(probabilities)), answers.alerts),
        (_constant(_COUNT_RECORDED + b"\x01", len(probabilities)), answers.recorded),
    ]
    for name, tag in _AMOUNTS.items():
        amounts: DoubleArray = getattr(figures, name)
        parts.append((_doubles(tag, amounts), ~np.isnan(amounts)))
    for name, tag in _DATES.items():
        days: DoubleArray = getattr(figures, name)
        known = ~np.isnan(days)
        parts.append((_dates(tag, np.where(known, days, 0), last_day), known))
    if scores.run_out.shape[1]:
        parts.append((_packed(_RUN_OUT, scores.run_out), np.isfinite(probabilities)))
        is_later = days_at_risk(scores.run_out, figures.relief_in_days) < figures.relief_in_days
        parts.append((_constant(_RELIEF_AFTER_CURVE + b"\x01", len(probabilities)), is_later))
    return _cut([(part, known) for part, known in parts if known.any()], len(probabilities))


def orders(figures: Figures, terms: OrderTerms) -> list[bytes]:
    """Of each row the fields of a ``SuggestedOrder`` but the supplier; nothing where none can be suggested."""
    known = ~np.isnan(figures.order_units)
    if not known.any():
        return [b""] * len(known)
    days = np.where(known, figures.order_days, 0).astype(np.int64)
    low, high = (each.astype(np.uint8)[:, None] for each in (days & 0x7F, days >> 7))
    tag = _constant(_PROTECTION_DAYS, len(days))
    parts = [
        (np.concatenate([tag, low], axis=1), known & (days > 0) & (days < 0x80)),
        (np.concatenate([tag, low | 0x80, high], axis=1), known & (days >= 0x80)),
    ]
    for name, of_field in _ORDER_AMOUNTS.items():
        amounts: DoubleArray = getattr(figures, f"order_{name}")
        parts.append((_doubles(of_field, amounts), known & (amounts != 0)))
    stated = {
        _VALUE_AT_RISK: figures.order_value_at_risk,
        _COST: figures.order_units * terms.unit_cost,
        _PACK_SIZE: terms.pack_size,
        _MINIMUM_UNITS: terms.minimum_order_units,
        _MAXIMUM_UNITS: terms.maximum_order_units,
    }
    parts += [(_doubles(of_field, amounts), known & ~np.isnan(amounts)) for of_field, amounts in stated.items()]
    return _cut([(part, here) for part, here in parts if here.any()], len(known))


def deliveries(figures: Figures, last_day: dt.date) -> list[bytes]:
    """Of each row the fields of a ``NextDelivery``; nothing where none is known."""
    known, rows = ~np.isnan(figures.delivery_in_days), len(figures.delivery_in_days)
    if not known.any():
        return [b""] * rows
    units, on_order = figures.delivery_units, figures.on_order_units
    overdue = np.minimum(np.where(known, figures.delivery_overdue_days, 0), 0x7F).astype(np.uint8)
    inferred = known & np.isnan(on_order)
    parts = [
        (_dates(_EXPECTED_ON, np.where(known, figures.delivery_in_days, 0), last_day), known),
        (_doubles(_DELIVERY_UNITS, units), known & (units != 0)),
        (np.concatenate([_constant(_OVERDUE_DAYS, rows), overdue[:, None]], axis=1), known & (overdue > 0)),
        (_constant(_INFERRED + b"\x01", rows), inferred),
        (_doubles(_ON_ORDER, on_order), known & ~inferred),
    ]
    return _cut([(part, here) for part, here in parts if here.any()], rows)


def challenger(probabilities: DoubleArray, alerts: BoolArray) -> list[bytes]:
    """Of each row what a ``StockoutRisk`` says of the challenger; nothing where its probability is NaN."""
    known, rows = ~np.isnan(probabilities), len(probabilities)
    return _cut(
        [
            (_doubles(_CHALLENGER_PROBABILITY, probabilities), known),
            (_constant(_CHALLENGER_ALERT + b"\x01", rows), known & alerts),
            (_constant(_CHALLENGER_ALERT + b"\x00", rows), known & ~alerts),
        ],
        rows,
    )


def reason(each: FeatureReason) -> bytes:
    """A field ``reasons`` of a ``StockoutRisk``."""
    numbers = ((_REASON_VALUE, each.value), (_REASON_CONTRIBUTION, each.contribution))
    parts = [
        field(_REASON_FEATURE, each.feature.encode()),
        *(tag + _FLOAT.pack(number) for tag, number in numbers if number),
        field(_REASON_TEXT, each.text.encode()),
    ]
    return field(_REASONS, b"".join(parts))


def floats(values: npt.NDArray[np.float32]) -> list[bytes]:
    """Of each row of shape ``(rows, numbers)`` a packed field 1."""
    size = 4 * values.shape[1]
    blob = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return [field(_VALUES, blob[start : start + size]) for start in range(0, len(blob), size)]


def whole_number(tag: bytes, number: int) -> bytes:
    """A field of a whole number of at least 0; left out where it is 0."""
    return tag + _varint(number) if number else b""


def _cut(parts: Iterable[tuple[Bytes, BoolArray]], rows: int) -> list[bytes]:
    """The parts that a row has, end to end."""
    kept = [(part, np.broadcast_to(known[:, None], part.shape)) for part, known in parts]
    if not kept:
        return [b""] * rows
    here = np.concatenate([known for _, known in kept], axis=1)
    blob = np.concatenate([part for part, _ in kept], axis=1)[here].tobytes()
    ends = here.sum(axis=1).cumsum().tolist()
    return [blob[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _constant(content: bytes, rows: int) -> Bytes:
    return np.broadcast_to(np.frombuffer(content, dtype=np.uint8), (rows, len(content)))


def _doubles(tag: bytes, amounts: DoubleArray) -> Bytes:
    return np.concatenate([_constant(tag, len(amounts)), amounts.astype("<f8")[:, None].view(np.uint8)], axis=1)


def _packed(tag: bytes, values: npt.NDArray[np.float32]) -> Bytes:
    """A packed field of shape ``(rows, numbers)``; of fewer than 32 numbers, so that its length takes one byte."""
    content = np.ascontiguousarray(values, dtype="<f4").view(np.uint8)
    return np.concatenate([_constant(tag + _LENGTHS[content.shape[1]], len(values)), content], axis=1)


def _dates(tag: bytes, days: DoubleArray, last_day: dt.date) -> Bytes:
    """``google.type.Date`` in a field; a year takes two bytes from 128 to 16383."""
    day = np.datetime64(last_day, "D") + days.astype("timedelta64[D]")
    month = day.astype("datetime64[M]")
    years = day.astype("datetime64[Y]").astype(np.int64) + 1970
    fields = _constant(field(tag, _YEAR + bytes(2) + _MONTH + bytes(1) + _DAY + bytes(1)), len(days)).copy()
    fields[:, -6], fields[:, -5] = years & 0x7F | 0x80, years >> 7
    fields[:, -3] = month.astype(np.int64) % 12 + 1
    fields[:, -1] = (day - month).astype(np.int64) + 1
    return fields
