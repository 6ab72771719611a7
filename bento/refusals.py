"""The sentence that a refused request body is answered with, from what pydantic found wrong with it."""

import heapq
import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from feature_service.limits import MAX_ID_BYTES, MAX_IDS

UNKNOWN_FIELDS = "unknown_fields"
"""Type of the error for an object that has more fields than its model; its context names the unknown ones."""

_NAMES_SHOWN = 5
_TOO_LARGE = {"finite_number", "greater_than_equal", "less_than_equal"}


def rows_refusal(error: ValidationError, needed: str) -> str:
    """What is wrong with the first bad row, or with the list as a whole.

    Args:
        error: Of a body that should be a list of feature rows.
        needed: What each row must hold, and nothing else.
    """
    found = error.errors(include_url=False)
    first = found[0]
    if not first["loc"]:
        if first["type"] == "too_long":
            return f"the body holds {len(first['input'])} rows; one request may hold {first['ctx']['max_length']}"
        return "the body must be a JSON list of at least one object with the model's features"
    row = first["loc"][0]
    if missing := _missing(found):
        return f"row {row} lacks {_shown(missing)}; every row needs {needed}, which /docs.json lists"
    if unknown := _unknown(found):
        return f"row {row} has features that the model does not know: {_shown(unknown)}; it takes {needed}"
    if len(first["loc"]) == 1:
        return f"row {row} is not a JSON object with the model's features"
    feature = first["loc"][1]
    if first["type"] in _TOO_LARGE:
        return f"row {row}: {feature} is NaN, infinite or too large for the model"
    return f"row {row}: {feature} is no number that the model can take: {_brief(first['input'])}"


def assess_refusal(error: ValidationError) -> str:
    """What is wrong with a body that should name the products to assess."""
    found = error.errors(include_url=False)
    first = found[0]
    match first["loc"]:
        case ("product_ids",) if first["type"] in {"too_short", "too_long"}:
            return f"product_ids holds {len(first['input'])} ids; one request takes 1 to {MAX_IDS}"
        case ("product_ids", index):
            return f"product_ids[{index}] must be a string of 1 to {MAX_ID_BYTES} bytes of UTF-8"
        case ("as_of", *_):
            return f"as_of must be a date like 2018-08-26, got {_brief(first['input'])}"
    if first["loc"] != ("product_ids",) and (unknown := _unknown(found)):
        return f"the body has unknown fields: {_shown(unknown)}; it takes product_ids and as_of"
    return 'the body must be a JSON object with a list "product_ids", and "as_of" if wanted'


def _missing(found: Iterable[ErrorDetails]) -> set[str]:
    return {str(each["loc"][-1]) for each in found if each["type"] == "missing"}


def _unknown(found: Iterable[ErrorDetails]) -> set[str]:
    names: set[str] = set()
    for each in found:
        if each["type"] == "extra_forbidden":
            names.add(str(each["loc"][-1]))
        elif each["type"] == UNKNOWN_FIELDS:
            names |= each["ctx"]["unknown"]
    return names


def _shown(names: set[str]) -> str:
    first = heapq.nsmallest(_NAMES_SHOWN, names)  # there may be a million
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return ", ".join(_brief(name, quote=False) for name in first) + more


def _brief(value: Any, *, quote: bool = True) -> str:
    """At most 40 characters of what was sent, with nothing that an answer in UTF-8 could not hold."""
    text = json.dumps(value, default=str) if quote else str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= 40 else f"{text[:37]}..."
