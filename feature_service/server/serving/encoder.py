"""Many ``StockoutRisk`` messages at once, as bytes.

A message object for each product would take several times as long as all the rest of an answer. So the fields of fixed
length are laid out side by side for all rows, those that are not set are left out, and what remains is cut row by row.
"""

import datetime as dt
import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from feature_service.server.scoring.planner import Figure, Figures
from feature_service.server.scoring.reasons import Reason
from feature_service.server.scoring.scorer import Flags, Scores

Bytes = npt.NDArray[np.uint8]

_DOUBLE_TAGS = {
    "units_on_hand": 0x19,
    "expected_demand_units": 0x21,
    "expected_units_lost": 0x29,
    "revenue_at_risk": 0x31,
    "weeks_of_cover": 0x39,
}
_DATE_TAGS = {"stockout_in_days": 0x42, "reorder_in_days": 0x4A}
_REASON_FLOATS = struct.Struct("<Bf")


def field(tag: int, content: bytes) -> bytes:
    """A length-delimited field of a message."""
    length = len(content)
    if length < 0x80:
        return b"%c%c%b" % (tag, length, content)
    if length < 0x4000:
        return b"%c%c%c%b" % (tag, length & 0x7F | 0x80, length >> 7, content)
    return b"%c%c%c%c%b" % (tag, length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14, content)


def risks(scores: Scores, figures: Figures, last_day: dt.date) -> list[bytes]:
    """Of each row the fields of a ``StockoutRisk`` up to its dates; what is not known stays unset.

    Args:
        scores: Of the rows; of one without a probability the bytes say nothing.
        figures: Of the same rows.
        last_day: Of the ``as_of`` week; dates count from it.
    """
    probabilities = scores.probabilities.astype(np.float64)
    parts = [
        (_doubles(0x09, probabilities), probabilities != 0),
        (_constant(b"\x10\x01", len(probabilities)), scores.alerts),
    ]
    for name, tag in _DOUBLE_TAGS.items():
        amounts: Figure = getattr(figures, name)
        parts.append((_doubles(tag, amounts), ~np.isnan(amounts)))
    for name, tag in _DATE_TAGS.items():
        days: Figure = getattr(figures, name)
        known = ~np.isnan(days)
        parts.append((_dates(tag, np.where(known, days, 0), last_day), known))
    return _cut([(part, known) for part, known in parts if known.any()], len(probabilities))


def reason(each: Reason) -> bytes:
    """A field ``reasons`` of a ``StockoutRisk``."""
    numbers = [
        _REASON_FLOATS.pack(tag, number) for tag, number in ((0x15, each.value), (0x1D, each.contribution)) if number
    ]
    return field(0x52, b"".join([field(0x0A, each.feature.encode()), *numbers, field(0x22, each.text.encode())]))


def floats(values: npt.NDArray[np.float32]) -> list[bytes]:
    """Of each row of shape ``(rows, numbers)`` a packed field 1."""
    size = 4 * values.shape[1]
    blob = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return [field(0x0A, blob[start : start + size]) for start in range(0, len(blob), size)]


def varint(tag: int, number: int) -> bytes:
    """A field of a whole number of at least 0; left out where it is 0."""
    if not number:
        return b""
    content = bytearray([tag])
    while number >= 0x80:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)


def _cut(parts: Iterable[tuple[Bytes, Flags]], rows: int) -> list[bytes]:
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


def _doubles(tag: int, amounts: Figure) -> Bytes:
    return np.concatenate(
        [_constant(bytes([tag]), len(amounts)), amounts.astype("<f8")[:, None].view(np.uint8)], axis=1
    )


def _dates(tag: int, days: Figure, last_day: dt.date) -> Bytes:
    """``google.type.Date`` in a field; a year takes two bytes from 128 to 16383."""
    day = np.datetime64(last_day, "D") + days.astype("timedelta64[D]")
    month = day.astype("datetime64[M]")
    years = day.astype("datetime64[Y]").astype(np.int64) + 1970
    fields = _constant(bytes([tag, 7, 0x08, 0, 0, 0x10, 0, 0x18, 0]), len(days)).copy()
    fields[:, 3], fields[:, 4] = years & 0x7F | 0x80, years >> 7
    fields[:, 6] = month.astype(np.int64) % 12 + 1
    fields[:, 8] = (day - month).astype(np.int64) + 1
    return fields
