"""Reading request bodies: pure functions from bytes to checked values. Every refusal names the row and the field."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bento.errors import BadRequestError
from feature_service.kernel import FloatArray

MAX_ROWS = 10_000
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_PRODUCT_IDS = 1000
MAX_PRODUCT_ID_BYTES = 256
_NAMES_SHOWN = 5
_GREATEST_INT = int(np.finfo(np.float32).max)  # an int: Python cannot compare a longer one with a float


@dataclass(frozen=True)
class AssessRequest:
    """Which products to assess, as of which day; None: the newest week."""

    product_ids: tuple[str, ...]
    as_of: dt.date | None


def decode_rows(body: bytes, feature_names: Sequence[str]) -> FloatArray:
    """Feature rows as the model takes them.

    Args:
        body: A JSON list of objects, each with every feature by name and nothing else; the order does not matter.
        feature_names: The model's features, in its order.
    Returns:
        Finite numbers, shape ``(rows, features)``.
    Raises:
        BadRequestError: If it is anything else, or holds no row or more than ``MAX_ROWS``.
    """
    rows = _json(body)
    if not isinstance(rows, list) or not rows:
        raise BadRequestError("the body must be a JSON list of at least one object with the model's features")
    if len(rows) > MAX_ROWS:
        raise BadRequestError(f"the body holds {len(rows)} rows; one request may hold {MAX_ROWS}")
    wanted = set(feature_names)
    for index, row in enumerate(rows):
        _check_names(index, row, wanted)
    values = [[row[name] for name in feature_names] for row in rows]
    for index, given in enumerate(values):
        _check_numbers(index, given, feature_names)
    with np.errstate(over="ignore"):
        matrix = np.array(values, dtype=np.float64).astype(np.float32)
    _check_finite(matrix, feature_names)
    return matrix


def decode_assess(body: bytes) -> AssessRequest:
    """The products of ``/assess``.

    Args:
        body: ``{"product_ids": ["..."], "as_of": "2018-08-26"}``; ``as_of`` may be left out.
    Raises:
        BadRequestError: If it is anything else, or breaks a limit of the feature service.
    """
    fields = _json(body)
    if not isinstance(fields, dict) or not isinstance(fields.get("product_ids"), list):
        raise BadRequestError('the body must be a JSON object with a list "product_ids", and "as_of" if wanted')
    if unknown := fields.keys() - {"product_ids", "as_of"}:
        raise BadRequestError(f"the body has unknown fields: {_shown(unknown)}; it takes product_ids and as_of")
    ids = fields["product_ids"]
    if not 1 <= len(ids) <= MAX_PRODUCT_IDS:
        raise BadRequestError(f"product_ids holds {len(ids)} ids; one request takes 1 to {MAX_PRODUCT_IDS}")
    for index, product_id in enumerate(ids):
        _check_product_id(index, product_id)
    return AssessRequest(tuple(ids), _date(fields.get("as_of")))


def _json(body: bytes) -> Any:
    if len(body) > MAX_BODY_BYTES:
        raise BadRequestError(f"the body holds {len(body)} bytes; one request may hold {MAX_BODY_BYTES}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error


def _check_names(index: int, row: Any, wanted: set[str]) -> None:
    if not isinstance(row, dict):
        raise BadRequestError(f"row {index} is not a JSON object with the model's features")
    if row.keys() == wanted:
        return
    if missing := wanted - row.keys():
        raise BadRequestError(f"row {index} lacks {_shown(missing)}; every row needs all {len(wanted)} features")
    raise BadRequestError(f"row {index} has features that the model does not know: {_shown(row.keys() - wanted)}")


def _check_numbers(index: int, values: list[Any], names: Sequence[str]) -> None:
    for name, value in zip(names, values, strict=True):
        # true and false are ints to Python, not to a client
        if type(value) is not float and (type(value) is not int or abs(value) > _GREATEST_INT):
            raise BadRequestError(f"row {index}: {name} is no number that the model can take: {_brief(value)}")


def _check_finite(matrix: FloatArray, names: Sequence[str]) -> None:
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise BadRequestError(f"row {row}: {names[column]} is NaN, infinite or too large for the model")


def _check_product_id(index: int, product_id: Any) -> None:
    try:
        fits = isinstance(product_id, str) and 1 <= len(product_id.encode()) <= MAX_PRODUCT_ID_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
        fits = False
    if not fits:
        raise BadRequestError(f"product_ids[{index}] must be a string of 1 to {MAX_PRODUCT_ID_BYTES} bytes of UTF-8")


def _date(value: Any) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadRequestError(f"as_of must be a date like 2018-08-26, got {_brief(value)}") from None


def _shown(names: set[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _NAMES_SHOWN} more" if len(ordered) > _NAMES_SHOWN else ""
    return ", ".join(_brief(name, quote=False) for name in ordered[:_NAMES_SHOWN]) + more


def _brief(value: Any, *, quote: bool = True) -> str:
    """At most 40 characters of what was sent."""
    text = json.dumps(value, default=str) if quote else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
