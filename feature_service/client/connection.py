"""One of a client's servers, over a channel of its own."""

from typing import Any

import grpc
from grpc_health.v1.health_pb2_grpc import HealthStub
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.plan_service_pb2_grpc import PlanServiceStub
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.client.errors import ClientError, from_rpc_error
from feature_service.client.fleet.servers import Fleet


class Connection:
    """The methods of a server by their names; on a channel of asyncio, what they give is awaited.

    Args:
        fleet: The client's servers.
        server: Which of them it is.
        channel: To that one.
        timeout_s: Longest wait for a call, in seconds.
    """

    def __init__(self, fleet: Fleet, server: int, channel: Any, timeout_s: float) -> None:
        self._name, self._timeout_s, self._channel = fleet.name(server), timeout_s, channel
        self._server = self._name if fleet.is_sharded else ""
        self._metadata = fleet.metadata(server)
        stubs = (RiskServiceStub(channel), FeatureServiceStub(channel), HealthStub(channel), PlanServiceStub(channel))
        self._methods: dict[str, Any] = {name: method for stub in stubs for name, method in vars(stub).items()}

    def close(self) -> Any:
        """Close the channel; calls in flight are cancelled."""
        return self._channel.close()

    def call(self, method: str, request: Any) -> Any:
        """The response."""
        return self._methods[method](request, timeout=self._timeout_s, metadata=self._metadata)

    def future(self, method: str, request: Any) -> Any:
        """A future of the response, without asyncio."""
        return self._methods[method].future(request, timeout=self._timeout_s, metadata=self._metadata)

    def stream(self, method: str, request: Any, timeout_s: float | None) -> Any:
        """The responses of a stream."""
        return self._methods[method](request, timeout=timeout_s, metadata=self._metadata)

    def error(self, error: grpc.RpcError) -> ClientError:
        """The client's own for one of gRPC's."""
        asked = (
            self._channel if isinstance(self._channel, grpc.Channel) else None
        )  # asyncio's cannot be waited for here
        ours = from_rpc_error(error, self._name, self._timeout_s, self._server, asked)
        ours.__cause__ = error
        return ours
