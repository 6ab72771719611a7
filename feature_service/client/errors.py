"""What can go wrong in a call.

StockoutError
└── ClientError
    ├── ServerUnavailableError   nobody answers at the target, or the server is loading or draining
    ├── DeadlineError            no answer within the timeout
    ├── RefusedError             the server refused the request
    │   └── PlanChangedError     the plan that was decided upon is another one by now
    ├── OtherServiceError        what answers at the target is another service
    ├── OtherQuestionError       the server answered another question than the one that was asked
    ├── FleetError               the targets are not the servers of all shards, in their order
    └── SnapshotChangedError     the server kept changing its snapshot between batches
        └── DifferentSnapshotsError  the servers of the shards keep serving different snapshots
"""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from feature_service.kernel import StockoutError
from feature_service.terminal import visible

SERVICES = {
    "stockout.v1.RiskService": "a risk service (stockout-server)",
    "stockout.v1.HistoryService": "a history service (stockout-history)",
}


class ClientError(StockoutError):
    """The client got no answer. The sentence may quote a server, so nothing in it steers a terminal."""

    def __init__(self, sentence: str) -> None:
        super().__init__(visible(sentence))


class ServerUnavailableError(ClientError):
    """Nobody answers at the target, or the server is loading or draining."""

    def __init__(self, target: str, details: str, request_id: str = "") -> None:
        self.target, self.details, self.request_id = target, details, request_id
        context = f"{details}, request {request_id}" if request_id else details
        super().__init__(
            f"no server answers at {target}: is it running, is the target right, and does it want TLS, or none? "
            f"({context})"
        )


class DeadlineError(ClientError):
    """No answer within the timeout."""

    def __init__(self, target: str, timeout_s: float) -> None:
        self.target, self.timeout_s = target, timeout_s
        super().__init__(f"{target} gave no answer within {timeout_s:g} s; ask again or allow more time")


class RefusedError(ClientError):
    """The server refused the request.

    Attributes:
        code: The gRPC status code's name.
        request_id: To find the call in the server's log; empty if the server sent none.
        server: Which server of several it was; empty for the only one.
        reason: Why, for programs, e.g. ``UNKNOWN_PRODUCT``; empty where the server does not say.
    """

    def __init__(self, code: str, details: str, request_id: str = "", server: str = "", reason: str = "") -> None:
        self.code, self.details, self.request_id, self.server, self.reason = code, details, request_id, server, reason
        context = f"{code}, request {request_id}" if request_id else code
        super().__init__(f"{server or 'the server'} refused the request: {details} ({context})")


class PlanChangedError(RefusedError):
    """The plan that was decided upon is another one by now; nothing was recorded.

    Attributes:
        etag: Of the plan as it is.
    """

    def __init__(self, etag: str, code: str, details: str, request_id: str = "", server: str = "") -> None:
        self.etag = etag
        super().__init__(code, details, request_id, server, "PLAN_CHANGED")


class OtherServiceError(ClientError):
    """What answers at the target does not know the call: it is another service, or of another version."""

    def __init__(self, target: str, details: str, services: Sequence[str] = ()) -> None:
        self.target, self.services = target, tuple(services)
        seems = f"seems to be {' and '.join(services)}" if services else "is another service, or of another version"
        super().__init__(
            f"what answers at {target} does not know the call and {seems}: is the target right? ({details})"
        )


class OtherQuestionError(ClientError):
    """The server answered another question than the one that was asked."""

    def __init__(self, target: str, asked: str, answered: str) -> None:
        self.target, self.asked, self.answered = target, asked, answered
        what = f"answered {answered!r}" if answered else "does not say which question it answers"
        super().__init__(
            f"{target} was asked the question {asked!r} and {what}: update that server, or name no question "
            "to take what it serves"
        )


class FleetError(ClientError):
    """The targets are not the servers of all shards, in their order."""


class SnapshotChangedError(ClientError):
    """The server kept changing its snapshot between batches, so no whole answer rests on one."""

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"{self.target} changed its snapshot between the batches of one answer each time; ask again"


class DifferentSnapshotsError(SnapshotChangedError):
    """The servers of the shards keep serving different snapshots, so no whole answer rests on one.

    Attributes:
        served: The id of each server's snapshot.
    """

    def __init__(self, target: str, served: Mapping[str, str]) -> None:
        self.served = served
        super().__init__(target)

    def _sentence(self) -> str:
        told = ", ".join(f"{snapshot_id} at {server}" for server, snapshot_id in self.served.items())
        return f"the servers serve different snapshots ({told}): ask again when all have taken the newer one"


def from_rpc_error(
    error: grpc.RpcError, target: str, timeout_s: float, server: str = "", channel: grpc.Channel | None = None
) -> ClientError:
    """The client's own error for one of gRPC's.

    Args:
        error: What gRPC raised.
        target: Who was asked.
        timeout_s: For how long, in seconds.
        server: Which of several it was; empty for the only one.
        channel: Over which the server is asked which service it is, if need be; None: it is not.
    """
    code, details = error.code(), error.details() or "no details"
    metadata: Any = error.trailing_metadata() or ()  # pairs, whatever the stubs say
    request_id = str(dict(metadata).get("x-request-id", ""))
    if code is grpc.StatusCode.UNAVAILABLE:
        return ServerUnavailableError(target, details, request_id)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineError(target, timeout_s)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return OtherServiceError(target, details, _services(channel, timeout_s) if channel else ())
    info = _info_in(error)
    if info.reason == "PLAN_CHANGED":
        return PlanChangedError(info.metadata["etag"], code.name, details, request_id, server)
    return RefusedError(code.name, details, request_id, server, info.reason)


def _info_in(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    """What the server says of the error as data; empty where it is not one of ours."""
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Unpack(info):
            break
    return info


def _services(channel: grpc.Channel, timeout_s: float) -> list[str]:
    """Which of our services a server has, by its health."""
    found = []
    for name, words in SERVICES.items():
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name), timeout=timeout_s)
        except grpc.RpcError:
            continue
        found.append(words)
    return found
