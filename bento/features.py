"""Asking the gRPC feature service for products' features and planner's figures, both of one snapshot."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from bento.errors import (
    BadRequestError,
    FeatureServiceFailedError,
    FeatureServiceUnavailableError,
    SnapshotChangedError,
)
from bento.requests import AssessRequest

TIMEOUT_S = 10.0
ATTEMPTS = 3
"""A snapshot is replaced now and then; between two questions three times in a row, something is wrong."""

T = TypeVar("T")

_THEIRS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_NOT_LET_IN = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@dataclass(frozen=True)
class Answer:
    """What one snapshot tells of the asked products, each in the order of the request."""

    features: GetFeaturesResponse
    plans: AssessStockoutRisksResponse


class FeatureClient:
    """Gets features and planner's figures by product id. Made without a connection; the first question opens it.

    Args:
        target: Where the service is, as gRPC writes it, e.g. ``127.0.0.1:50051``.
        credentials: TLS, and the token if any; None is plaintext.
    """

    def __init__(self, target: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._target, self._credentials = target, credentials
        self._channel: grpc.aio.Channel | None = None

    async def get(self, question: AssessRequest) -> Answer:
        """The features and the planner's figures of the asked products.

        Raises:
            BadRequestError: If the service refuses the question, e.g. for an ``as_of`` that it has no week for.
            FeatureServiceUnavailableError: If it does not answer in time, or has nothing loaded.
            FeatureServiceFailedError: If it fails in another way.
            SnapshotChangedError: If the two keep coming from different snapshots.
        """
        for _ in range(ATTEMPTS):
            answer = await self._ask(question)
            if answer.features.provenance.snapshot_id == answer.plans.provenance.snapshot_id:
                return answer
        raise SnapshotChangedError(
            f"the feature service at {self._target} answered {ATTEMPTS} times from one snapshot with the features "
            "and from another with the planner's figures: ask again in a moment"
        )

    async def _ask(self, question: AssessRequest) -> Answer:
        if self._channel is None:  # here, since the channel belongs to the loop that is running now
            self._channel = (
                grpc.aio.secure_channel(self._target, self._credentials)
                if self._credentials
                else grpc.aio.insecure_channel(self._target)
            )
        day, ids = question.as_of, question.product_ids
        as_of = day and date_pb2.Date(year=day.year, month=day.month, day=day.day)
        features = FeatureServiceStub(self._channel).GetFeatures(
            GetFeaturesRequest(product_ids=ids, as_of=as_of), timeout=TIMEOUT_S
        )
        plans = RiskServiceStub(self._channel).AssessStockoutRisks(
            AssessStockoutRisksRequest(product_ids=ids, as_of=as_of), timeout=TIMEOUT_S
        )
        return Answer(*await asyncio.gather(self._answered(features), self._answered(plans)))

    async def _answered(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._channel is not None:
            await self._channel.close()

    def _translated(self, error: grpc.aio.AioRpcError) -> Exception:
        code, said = error.code(), error.details()
        if code in _THEIRS:
            return BadRequestError(f"the feature service refused: {said}")
        if code in _AWAY:
            return FeatureServiceUnavailableError(
                f"the feature service at {self._target} does not answer ({said}): "
                "start it, or set FEATURE_SERVICE_TARGET to where it is"
            )
        if code in _NOT_LET_IN:
            return FeatureServiceFailedError(
                f"the feature service at {self._target} does not let this Bento in ({said}): "
                "set FEATURE_SERVICE_TOKEN_FILE to a file with a token that it knows"
            )
        return FeatureServiceFailedError(f"the feature service at {self._target} failed with {code.name}: {said}")
