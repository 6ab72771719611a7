"""The one table that turns errors into gRPC statuses, and the google.rpc.Status messages made from it."""

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from stockout.v1.risk_service_pb2 import OutOfStock

from data.snapshots import ShardMismatchError, SnapshotError
from data.snapshots.track_record import TrackRecordError
from feature_service.bundle import BundleError, FeatureShapeError
from feature_service.credentials import CredentialsError
from feature_service.kernel import InsufficientHistoryError, MissingFieldsError, StockoutError, UnknownFeatureSetError
from feature_service.server import errors, plan_errors, product_errors, recording_errors

DOMAIN = "stockout.v1"

STATUSES: dict[type[StockoutError], tuple[grpc.StatusCode, str]] = {
    errors.MalformedRequestError: (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
    errors.InvalidFieldError: (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    errors.TooManyProductsError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_PRODUCTS"),
    errors.AsOfOutOfRangeError: (grpc.StatusCode.OUT_OF_RANGE, "AS_OF_OUT_OF_RANGE"),
    errors.UnknownQuestionError: (grpc.StatusCode.NOT_FOUND, "UNKNOWN_QUESTION"),
    errors.NotLoadedError: (grpc.StatusCode.UNAVAILABLE, "NOT_LOADED"),
    errors.DrainingError: (grpc.StatusCode.UNAVAILABLE, "DRAINING"),
    errors.PageTokenExpiredError: (grpc.StatusCode.FAILED_PRECONDITION, "PAGE_TOKEN_EXPIRED"),
    errors.NoTrackRecordError: (grpc.StatusCode.FAILED_PRECONDITION, "NO_TRACK_RECORD"),
    errors.DeadlinePassedError: (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_PASSED"),
    errors.TooManyStreamsError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"),
    errors.TooManyPastWeeksError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_PAST_WEEKS"),
    errors.UnauthenticatedError: (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"),
    errors.MethodDeniedError: (grpc.StatusCode.PERMISSION_DENIED, "METHOD_DENIED"),
    errors.RateExceededError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED"),
    product_errors.UnknownProductError: (grpc.StatusCode.NOT_FOUND, "UNKNOWN_PRODUCT"),
    product_errors.WrongShardError: (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_SHARD"),
    product_errors.ExcludedProductError: (grpc.StatusCode.FAILED_PRECONDITION, "EXCLUDED_PRODUCT"),
    product_errors.NotLaunchedError: (grpc.StatusCode.FAILED_PRECONDITION, "NOT_LAUNCHED"),
    product_errors.ShortHistoryError: (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_HISTORY"),
    product_errors.OutOfStockError: (grpc.StatusCode.FAILED_PRECONDITION, "OUT_OF_STOCK"),
    product_errors.NotEligibleError: (grpc.StatusCode.FAILED_PRECONDITION, "NOT_ELIGIBLE"),
    recording_errors.EventClashError: (grpc.StatusCode.ALREADY_EXISTS, "EVENT_CLASH"),
    recording_errors.HistoryRefusalError: (grpc.StatusCode.FAILED_PRECONDITION, "HISTORY_REFUSES"),
    recording_errors.HistoryUnavailableError: (grpc.StatusCode.UNAVAILABLE, "HISTORY_UNAVAILABLE"),
    recording_errors.TooManyWaitingError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_WAITING"),
    plan_errors.PlansOffError: (grpc.StatusCode.FAILED_PRECONDITION, "PLANS_OFF"),
    plan_errors.PlanChangedError: (grpc.StatusCode.ABORTED, "PLAN_CHANGED"),
    plan_errors.RequestClashError: (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_CLASH"),
    plan_errors.AuthorDeniedError: (grpc.StatusCode.PERMISSION_DENIED, "AUTHOR_DENIED"),
    plan_errors.PlansUnavailableError: (grpc.StatusCode.UNAVAILABLE, "PLANS_UNAVAILABLE"),
    plan_errors.PlansBusyError: (grpc.StatusCode.RESOURCE_EXHAUSTED, "PLANS_BUSY"),
    InsufficientHistoryError: (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_HISTORY"),
    UnknownFeatureSetError: (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_FEATURE_SET"),
    FeatureShapeError: (grpc.StatusCode.INTERNAL, "INTERNAL"),
}

BEFORE_ANY_CALL: frozenset[type[StockoutError]] = frozenset(
    {
        errors.AddressError,
        errors.PlaintextError,
        errors.CertificateError,
        errors.TokensError,
        errors.ModelMismatchError,
        errors.OtherQuestionError,
        errors.MisplacedQuestionError,
        plan_errors.MissingPackagesError,
        MissingFieldsError,
        SnapshotError,
        ShardMismatchError,
        TrackRecordError,
        BundleError,
        CredentialsError,
    }
)
"""Errors that end the process or refuse what was published before any call could meet them."""

INTERNAL = (grpc.StatusCode.INTERNAL, "INTERNAL")


def status_of(error: Exception) -> tuple[grpc.StatusCode, status_pb2.Status]:
    """The status that tells ``error`` to a client; of an unforeseen one it tells nothing but that there was one."""
    code, reason = STATUSES.get(type(error), INTERNAL) if isinstance(error, StockoutError) else INTERNAL
    foreseen = code is not grpc.StatusCode.INTERNAL
    message = str(error) if foreseen else "internal error; the server's log has the cause under the request id"
    metadata = error.metadata if isinstance(error, errors.AnswerError) else {}
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)]
    if isinstance(error, errors.InvalidFieldError):
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=each.field, description=each.must)
            for each in error.violations
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(error, product_errors.OutOfStockError):
        details.append(out_of_stock(error))
    return code, status_pb2.Status(code=code.value[0], message=message, details=[_packed(detail) for detail in details])


def out_of_stock(error: product_errors.OutOfStockError) -> OutOfStock:
    """The error's facts as a message of their own."""
    message = OutOfStock(
        units_lost_per_week=error.units_lost_per_week,
        revenue_lost_per_week=error.revenue_lost_per_week,
        category=error.category,
        count_recorded=error.count_recorded,
    )
    if error.since is not None:
        message.since.year, message.since.month, message.since.day = error.since.timetuple()[:3]
    if error.suggested_order:
        message.suggested_order.ParseFromString(error.suggested_order)
    if error.next_delivery:
        message.next_delivery.ParseFromString(error.next_delivery)
    return message


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message, deterministic=True)  # metadata is a map: every process gives the same bytes
    return packed
