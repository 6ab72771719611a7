"""Asking the gRPC feature service, and turning its answer into risks with the Bento's own model."""

from typing import Any

import grpc
import numpy as np
from google.rpc import error_details_pb2
from google.type import date_pb2
from stockout.v1 import feature_service_pb2, feature_service_pb2_grpc

from bento.errors import (
    BadRequestError,
    FeatureServiceFailedError,
    FeatureServiceMismatchError,
    FeatureServiceUnavailableError,
)
from bento.requests import AssessRequest
from training.bundle import Bundle

TIMEOUT_S = 10.0

_THEIRS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class FeatureClient:
    """Gets features by product id. Made without a connection; the first question opens it.

    Args:
        target: Where the service is, as gRPC writes it, e.g. ``127.0.0.1:50051``.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._channel: grpc.aio.Channel | None = None

    async def get(self, question: AssessRequest) -> feature_service_pb2.GetFeaturesResponse:
        """The features of the asked products, in order.

        Raises:
            BadRequestError: If the service refuses the question, e.g. for an ``as_of`` that it has no week for.
            FeatureServiceUnavailableError: If it does not answer in time, or has nothing loaded.
            FeatureServiceFailedError: If it fails in another way.
        """
        if self._channel is None:  # here, since the channel belongs to the loop that is running now
            self._channel = grpc.aio.insecure_channel(self._target)
        stub = feature_service_pb2_grpc.FeatureServiceStub(self._channel)
        request = feature_service_pb2.GetFeaturesRequest(product_ids=question.product_ids)
        if (day := question.as_of) is not None:
            request.as_of.CopyFrom(date_pb2.Date(year=day.year, month=day.month, day=day.day))
        try:
            return await stub.GetFeatures(request, timeout=TIMEOUT_S)
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
        return FeatureServiceFailedError(f"the feature service at {self._target} failed with {code.name}: {said}")


def risks(response: feature_service_pb2.GetFeaturesResponse, bundle: Bundle) -> list[dict[str, Any]]:
    """One result per product, in order: its probability and alert, or its error with the gRPC API's reason.

    Raises:
        FeatureServiceMismatchError: If the features or the label are not those of the model.
    """
    _check_same_model(response, bundle)
    contract = bundle.contract
    asked = [r for r in response.results if r.WhichOneof("outcome") == "features" and r.features.eligible]
    rows = np.array([r.features.values for r in asked], dtype=np.float32).reshape(-1, len(contract.feature_names))
    probabilities = iter(bundle.predict(rows).tolist())
    answers = []
    for result in response.results:
        if result.WhichOneof("outcome") == "error":
            answer = {"error": {"reason": _reason(result), "message": result.error.message}}
        elif not result.features.eligible:
            message = f"the label {contract.label.name} does not apply to the product at as_of"
            answer = {"error": {"reason": "NOT_ELIGIBLE", "message": message}}
        else:
            probability = next(probabilities)
            answer = {"probability": probability, "alert": probability >= contract.threshold}
        answers.append({"product_id": result.product_id, **answer})
    return answers


def _check_same_model(response: feature_service_pb2.GetFeaturesResponse, bundle: Bundle) -> None:
    theirs, ours = response.provenance, bundle.contract
    same_features = tuple(response.feature_names) == ours.feature_names and theirs.feature_set == ours.feature_set
    if not same_features or theirs.label != ours.label.name:
        raise FeatureServiceMismatchError(
            f"the feature service gives {theirs.feature_set} for the label {theirs.label}, this Bento's model takes "
            f"{ours.feature_set} for {ours.label.name}: publish the snapshot and build the Bento from the same run"
        )


def _reason(result: feature_service_pb2.ProductFeaturesResult) -> str:
    for detail in result.error.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return "UNKNOWN"
