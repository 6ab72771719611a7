"""Products' features and planner's figures from the gRPC feature service, both of one snapshot."""

import asyncio
from dataclasses import dataclass

import grpc

from bento.errors import (
    BadRequestError,
    FeatureServiceBusyError,
    FeatureServiceFailedError,
    FeatureServiceMismatchError,
    FeatureServiceUnavailableError,
    SnapshotChangedError,
)
from bento.requests import AssessRequest
from feature_service import client
from feature_service.client import AsyncRiskClient, ClientError, FeatureAnswer, Provenance, RiskAnswer
from feature_service.client.batching import SEVERAL, smaller_limit
from feature_service.kernel import StockoutError

ATTEMPTS = 3
"""A snapshot or its recorded counts change now and then; between two calls three times in a row, something is wrong."""

_BAD_REQUEST = {"INVALID_ARGUMENT", "OUT_OF_RANGE"}
_BUSY = {"RESOURCE_EXHAUSTED", "CANCELLED"}  # gRPC's own answer to a burst beyond what may wait is CANCELLED
_NOT_SERVED = "NOT_FOUND"  # the question; a product that is not found is a result
_NOT_LET_IN = {"UNAUTHENTICATED", "PERMISSION_DENIED"}


@dataclass(frozen=True)
class Answer:
    """What one snapshot tells of the asked products, each in the order of the request."""

    features: FeatureAnswer
    plans: RiskAnswer


class FeatureClient:
    """Gets features and planner's figures by product id. Made without a connection; the first call opens it.

    Args:
        target: Where the service is, as gRPC writes it, e.g. ``127.0.0.1:50051``; of servers that hold a shard each,
            all of them in the order of the shards, with commas between them.
        question: What the Bento's model answers; a service may answer others, too.
        credentials: TLS, and the token if any; None is plaintext.
    """

    def __init__(self, target: str, question: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._target, self._question, self._credentials = target, question, credentials
        self._client: AsyncRiskClient | None = None

    async def get(self, request: AssessRequest) -> Answer:
        """The features and the planner's figures of the asked products.

        Raises:
            BadRequestError: If the service refuses the request, e.g. for an ``as_of`` that it has no week for.
            FeatureServiceBusyError: If it has too many calls to take this one.
            FeatureServiceUnavailableError: If it does not answer in time, or has nothing loaded.
            FeatureServiceMismatchError: If it does not answer the Bento's question, or lacks a shard of its products.
            FeatureServiceFailedError: If it fails in another way.
            SnapshotChangedError: If the two keep coming from different snapshots.
        """
        for _ in range(ATTEMPTS):
            answer = await self._ask(request)
            if _are_of_one_state(answer.features.provenance, answer.plans.provenance):
                return answer
        raise SnapshotChangedError(
            f"the feature service at {self._target} answered {ATTEMPTS} times from one snapshot with the features "
            "and from another, or with other counts of stock, with the planner's figures: ask again in a moment"
        )

    async def served(self) -> Provenance:
        """What answers for the newest week rest on now.

        Raises:
            StockoutError: As :meth:`get`.
        """
        try:
            return (await self._connected().info()).provenance
        except ClientError as error:
            raise http_error(error, self._target) from error

    async def _ask(self, request: AssessRequest) -> Answer:
        ids, as_of = request.product_ids, request.as_of
        try:
            asked = self._connected()
            return Answer(*await asyncio.gather(asked.features(ids, as_of), asked.assess(ids, as_of)))
        except ClientError as error:
            raise http_error(error, self._target) from error

    def _connected(self) -> AsyncRiskClient:
        if self._client is None:  # here, since its channel belongs to the loop that is running now
            self._client = AsyncRiskClient(self._target, credentials=self._credentials, question=self._question)
        return self._client

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        if self._client is not None:
            await self._client.close()


def _are_of_one_state(*each: Provenance) -> bool:
    """Whether features and figures rest on the same counts: a product's probability and its stock belong together."""
    states = {(one.snapshot_id, one.counts_version) for one in each}
    return len(states) == 1 and SEVERAL not in each[0].counts_version


def http_error(error: ClientError, target: str) -> StockoutError:
    """What the HTTP service answers where the client raised ``error``."""
    match error:
        case client.RefusedError(code=code, details=details):
            return _refusal(error, code, details, target)
        case client.ServerUnavailableError(target=server, details=details):
            return _unavailable(server, details)
        case client.DeadlineError(target=server, timeout_s=timeout_s):
            return _unavailable(server, f"nothing within {timeout_s:g} s")
        case client.OtherQuestionError():
            return FeatureServiceMismatchError(f"the feature service answers another question: {error}")
        case client.FleetError():
            return FeatureServiceMismatchError(
                f"FEATURE_SERVICE_TARGET does not name the servers of all shards: {error}"
            )
        case client.DifferentSnapshotsError():
            return SnapshotChangedError(f"the feature service is taking a newer snapshot: {error}")
        case client.SnapshotChangedError():
            return SnapshotChangedError(f"the feature service at {target} keeps changing its snapshot: ask again")
    return FeatureServiceFailedError(f"the feature service at {target} failed: {error}")


def _refusal(error: ClientError, code: str, details: str, target: str) -> StockoutError:
    if code in _BAD_REQUEST or _asks_too_much(error):
        return BadRequestError(f"the feature service refused: {details}")
    if code in _BUSY:
        return FeatureServiceBusyError(
            f"the feature service at {target} is too busy ({details or code}): ask again in a moment"
        )
    if code in _NOT_LET_IN:
        return FeatureServiceFailedError(
            f"the feature service at {target} does not let this Bento in ({details}): "
            "set FEATURE_SERVICE_TOKEN_FILE to a file with a token that it knows"
        )
    if code == _NOT_SERVED:
        return FeatureServiceMismatchError(
            f"the feature service at {target} does not answer what this Bento's model does ({details}): "
            "publish the snapshot of the same run there"
        )
    return FeatureServiceFailedError(f"the feature service at {target} failed with {code}: {details}")


def _asks_too_much(error: ClientError) -> bool:
    """Whether the request itself holds too many products; other exhausted resources are not the caller's doing."""
    return smaller_limit(error) is not None


def _unavailable(target: str, details: str) -> FeatureServiceUnavailableError:
    return FeatureServiceUnavailableError(
        f"the feature service at {target} does not answer ({details}): "
        "start it, or set FEATURE_SERVICE_TARGET to where it is"
    )
