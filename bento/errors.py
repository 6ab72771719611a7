"""What the HTTP service answers when it cannot answer, each with its HTTP status.

StockoutError
├── BadRequestError                   400  the request is not what the API takes
├── FeatureServiceMismatchError       502  the feature service serves another model's features
├── FeatureServiceFailedError         502  the feature service failed
├── FeatureServiceUnavailableError    503  the feature service does not answer
├── FeatureServiceBusyError           503  the feature service has more calls than it takes, from others or from us
├── SnapshotChangedError              503  the feature service's two answers keep coming from different snapshots
├── ModelNotFoundError                503  no Bento of the store gives the model that the feature service answers with
└── BentoBuildError                        the Bento could not be built (never an answer)
"""

from http import HTTPStatus

from feature_service.kernel import StockoutError


class BadRequestError(StockoutError):
    """The request is not what the API takes."""


class FeatureServiceMismatchError(StockoutError):
    """The feature service and the Bento were made for different models."""


class FeatureServiceFailedError(StockoutError):
    """The feature service answered with a failure of its own."""


class FeatureServiceUnavailableError(StockoutError):
    """The feature service does not answer, or is not ready."""


class FeatureServiceBusyError(StockoutError):
    """The feature service has more calls than it takes at a time, or than the Bento's token may make."""


class SnapshotChangedError(StockoutError):
    """The features and the planner's figures keep coming from different snapshots."""


class ModelNotFoundError(StockoutError):
    """No Bento of the store gives the model that the feature service answers with."""


class BentoBuildError(StockoutError):
    """BentoML could not build the Bento."""


STATUS: dict[type[StockoutError], HTTPStatus] = {
    BadRequestError: HTTPStatus.BAD_REQUEST,
    FeatureServiceMismatchError: HTTPStatus.BAD_GATEWAY,
    FeatureServiceFailedError: HTTPStatus.BAD_GATEWAY,
    FeatureServiceUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    FeatureServiceBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    SnapshotChangedError: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelNotFoundError: HTTPStatus.SERVICE_UNAVAILABLE,
}

RETRY_AFTER = {"retry-after": "1"}
"""Header of every answer with 503: each of its causes may be over in a second."""
