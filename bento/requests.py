"""Request bodies, from bytes to checked values.

What the API takes is told once, by pydantic models; the OpenAPI document is made from the same models.
"""

import datetime as dt
import functools
import json
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from bento.errors import BadRequestError
from bento.refusals import UNKNOWN_FIELDS, assess_refusal, rows_refusal
from feature_service.kernel import FloatArray
from feature_service.limits import MAX_ID_BYTES, MAX_IDS

MAX_ROWS = 10_000
MAX_BODY_BYTES = 32 * 1024 * 1024
_GREATEST = float(np.finfo(np.float32).max)  # the model computes in float32


class _Fields(BaseModel):
    """A JSON object with exactly the fields of the model."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _refuse_more_fields(cls, body_value: Any) -> Any:
        """At once, since pydantic would take seconds to list a million unknown fields."""
        if isinstance(body_value, dict) and len(body_value) > len(cls.model_fields):
            unknown = body_value.keys() - cls.model_fields.keys()
            raise PydanticCustomError(UNKNOWN_FIELDS, "unknown fields", {"unknown": unknown})
        return body_value


Number = Annotated[float, Field(allow_inf_nan=False, ge=-_GREATEST, le=_GREATEST)]


@functools.cache
def feature_rows(feature_names: tuple[str, ...]) -> TypeAdapter[list[BaseModel]]:
    """The model of a list of feature rows: each has every feature by name, in any order, and nothing else."""
    fields: dict[str, Any] = dict.fromkeys(feature_names, (Number, ...))
    row: Any = create_model("FeatureRow", __base__=_Fields, **fields)
    example: JsonDict = {"example": [dict.fromkeys(feature_names, 1.0)]}
    limits = Field(min_length=1, max_length=MAX_ROWS, json_schema_extra=example)
    return TypeAdapter(Annotated[list[row], limits, FailFast()])


def _fits(product_id: str) -> str:
    if len(product_id.encode()) > MAX_ID_BYTES:
        raise ValueError("too long")
    return product_id


def _day(value: Any) -> dt.date | None:
    """Not pydantic's own reading, which takes a number for the seconds since 1970."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - pydantic lets a TypeError through
    return dt.date.fromisoformat(value)


ProductId = Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES), AfterValidator(_fits)]


class AssessRequest(_Fields):
    """Which products to assess, as of which day; without a day, as of the newest week."""

    model_config = ConfigDict(json_schema_extra={"example": {"product_ids": ["aca2eb7d00ea1a7b8ebd4e68314663af"]}})

    # not strict: JSON has lists, no tuples
    product_ids: Annotated[tuple[ProductId, ...], Field(strict=False, min_length=1, max_length=MAX_IDS), FailFast()]
    as_of: Annotated[dt.date | None, BeforeValidator(_day)] = None


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
    body_value = _json(body)
    try:
        rows = feature_rows(tuple(feature_names)).validate_python(body_value)
    except ValidationError as error:
        raise BadRequestError(rows_refusal(error, len(feature_names))) from None
    return np.array([list(vars(row).values()) for row in rows], dtype=np.float32)  # a model keeps its fields' order


def decode_assess(body: bytes) -> AssessRequest:
    """The products of ``/assess``.

    Args:
        body: ``{"product_ids": ["..."], "as_of": "2018-08-26"}``; ``as_of`` may be left out.
    Raises:
        BadRequestError: If it is anything else, or breaks a limit of the feature service.
    """
    body_value = _json(body)
    try:
        return AssessRequest.model_validate(body_value)
    except ValidationError as error:
        raise BadRequestError(assess_refusal(error)) from None


def _json(body: bytes) -> Any:
    """Not pydantic's own parser: it takes half a minute for a row with a million unknown fields."""
    if len(body) > MAX_BODY_BYTES:
        raise BadRequestError(f"the body holds {len(body)} bytes; one request may hold {MAX_BODY_BYTES}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error
