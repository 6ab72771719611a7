"""The synchronous client."""

import datetime as dt
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

import grpc
from google.type import date_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.client.answers import FeatureAnswer, RiskAnswer, features_of, provenance_of, risk_of
from feature_service.client.errors import SnapshotChangedError, from_rpc_error

MAX_IDS = 1000
DEFAULT_TIMEOUT_S = 10.0
_TRIES = 3


class _Response(Protocol):
    @property
    def provenance(self) -> Provenance: ...


Response = TypeVar("Response", bound=_Response)


class RiskClient:
    """Asks one server, over one channel, for the risk and the features of products.

    Args:
        target: ``host:port``.
        timeout_s: Longest wait for each call, in seconds.
    """

    def __init__(self, target: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._target, self._timeout_s = target, timeout_s
        self._channel = grpc.insecure_channel(target)
        self._risks = RiskServiceStub(self._channel)
        self._features = FeatureServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()

    def health(self, service: str = "") -> str:
        """``SERVING``, ``NOT_SERVING`` or ``SERVICE_UNKNOWN``; an empty name asks for the whole server.

        Raises:
            ClientError: If nobody answers in time.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            status = health_pb2_grpc.HealthStub(self._channel).Check(request, timeout=self._timeout_s).status
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return "SERVICE_UNKNOWN"
            raise from_rpc_error(error, self._target, self._timeout_s) from error
        name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(status)
        return name

    def assess(self, product_ids: Sequence[str], as_of: dt.date | None = None, horizon_weeks: int = 0) -> RiskAnswer:
        """The risk of each product, in the order asked. Any number of ids: they are asked in batches.

        Args:
            product_ids: At least one.
            as_of: The last complete week up to this day is the last that may be known; None is the newest.
            horizon_weeks: 0 stands for the model's horizon.
        Raises:
            ClientError: If there is no answer to be had; a single product without one is a result, not an error.
        """

        def ask(ids: Sequence[str]) -> AssessStockoutRisksResponse:
            request = AssessStockoutRisksRequest(product_ids=ids, as_of=_date(as_of), horizon_weeks=horizon_weeks)
            return self._risks.AssessStockoutRisks(request, timeout=self._timeout_s)

        responses = self._ask_in_batches(ask, product_ids)
        return RiskAnswer(
            provenance=provenance_of(responses[0].provenance),
            results=[risk_of(result) for response in responses for result in response.results],
        )

    def features(
        self, product_ids: Sequence[str], as_of: dt.date | None = None, feature_set: str = ""
    ) -> FeatureAnswer:
        """The features of each product, in the order asked. Any number of ids: they are asked in batches.

        Args:
            product_ids: At least one.
            as_of: The last complete week up to this day is the last that may be known; None is the newest.
            feature_set: Empty stands for the model's.
        Raises:
            ClientError: If there is no answer to be had; a single product without one is a result, not an error.
        """

        def ask(ids: Sequence[str]) -> GetFeaturesResponse:
            request = GetFeaturesRequest(product_ids=ids, as_of=_date(as_of), feature_set=feature_set)
            return self._features.GetFeatures(request, timeout=self._timeout_s)

        responses = self._ask_in_batches(ask, product_ids)
        return FeatureAnswer(
            provenance=provenance_of(responses[0].provenance),
            feature_names=tuple(responses[0].feature_names),
            results=[features_of(result) for response in responses for result in response.results],
        )

    def _ask_in_batches(self, ask: Callable[[Sequence[str]], Response], product_ids: Sequence[str]) -> list[Response]:
        """All batches from one snapshot: where it changed meanwhile, all are asked again."""
        batches = [product_ids[start : start + MAX_IDS] for start in range(0, len(product_ids), MAX_IDS)]
        for _ in range(_TRIES):
            try:
                responses = [ask(batch) for batch in batches or [product_ids]]
            except grpc.RpcError as error:
                raise from_rpc_error(error, self._target, self._timeout_s) from error
            if len({response.provenance.SerializeToString() for response in responses}) == 1:
                return responses
        raise SnapshotChangedError(self._target)


def _date(day: dt.date | None) -> date_pb2.Date | None:
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)
