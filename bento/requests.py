"""Request bodies, from bytes on the connection to checked values.

What the API takes is told once, by pydantic models; the OpenAPI document is made from the same models.
"""

import asyncio
import contextlib
import datetime as dt
import functools
import json
from collections.abc import Sequence
from http import HTTPStatus
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
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bento.errors import RETRY_AFTER, BadRequestError
from bento.refusals import UNKNOWN_FIELDS, assess_refusal, rows_refusal
from feature_service.kernel import FloatArray
from feature_service.limits import MAX_ID_BYTES, MAX_IDS

MAX_ROWS = 10_000
MAX_ROW_BYTES = 3072
"""The widest feature set's row of 17-digit numbers takes 2,087 bytes on one line and 2,461 indented."""
MAX_BODY_BYTES = MAX_ROWS * MAX_ROW_BYTES
MAX_HELD_BYTES = 4 * MAX_BODY_BYTES
"""Of all bodies that one process holds at a time."""
BODY_TIMEOUT_S = 20.0
LINGER_S = 2.0
"""How long what still comes is thrown away after a refusal: a client that is cut off at once may never read it."""
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


def decode_rows(body: bytes, feature_set: str, feature_names: Sequence[str]) -> FloatArray:
    """Feature rows as the model takes them.

    Args:
        body: A JSON list of objects, each with every feature by name and nothing else; the order does not matter.
        feature_set: What the model's features are called.
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
        raise BadRequestError(rows_refusal(error, f"all {len(feature_names)} features of {feature_set}")) from None
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
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error


class BodyLimit:
    """ASGI middleware: reads a request's body, no more than one may hold and no longer than it may take, then goes on.

    A body that says or turns out to be too long is refused at the byte that is too many, whatever the rest would be.
    Nothing after this inflates a compressed body: it counts as it came, and is refused as no JSON.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int = MAX_BODY_BYTES,
        max_held_bytes: int = MAX_HELD_BYTES,
        timeout_s: float = BODY_TIMEOUT_S,
    ) -> None:
        self._app, self._max_bytes, self._max_held_bytes, self._timeout_s = app, max_bytes, max_held_bytes, timeout_s
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the refusal, or let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                announced = int(Headers(scope=scope).get("content-length", 0))
                refusal = await self._read(announced, body, receive)
        except TimeoutError:
            refusal = _refusal(408, f"the body did not come whole within {self._timeout_s:g} s")
        try:
            if refusal:
                self._held_bytes -= len(body)
                body.clear()
                await _refuse(refusal, scope, receive, send)
            else:
                await self._app(scope, _replay(body, receive), send)
        finally:
            self._held_bytes -= len(body)

    async def _read(self, announced: int, body: bytearray, receive: Receive) -> JSONResponse | None:
        """Fill ``body``; gives what to answer instead if it may not be read to its end."""
        more = True
        while more:
            if announced <= self._max_bytes:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _refusal(400, "the body broke off")
                body += message.get("body", b"")
                self._held_bytes += len(message.get("body", b""))
                more = message.get("more_body", False)
            if max(announced, len(body)) > self._max_bytes:
                return _refusal(413, f"the body is longer than {self._max_bytes} bytes: send fewer rows at a time")
            if self._held_bytes > self._max_held_bytes:
                return _refusal(503, "this service holds too many other bodies: ask again in a moment")
        return None


def _refusal(status: int, sentence: str) -> JSONResponse:
    headers = RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse({"error": sentence}, status, {**headers, "connection": "close"})


async def _refuse(refusal: JSONResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in full, then throw away for a moment what still comes, then close the connection."""

    async def send_unfinished(message: Message) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await refusal(scope, receive, send_unfinished)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body"})


def _replay(body: bytearray, receive: Receive) -> Receive:
    whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replayed() -> Message:
        return whole.pop() if whole else await receive()

    return replayed
