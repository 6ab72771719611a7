"""The health service, all of it: the library's own leaves ``List`` out and lets anyone watch without end."""

from __future__ import annotations  # grpc's classes are generic in their stubs only

from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

from feature_service.server.errors import TooManyStreamsError
from feature_service.server.limits import StreamLimit

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class HealthServicer(health.aio.HealthServicer):  # type: ignore[misc]
    """Says of each service whether it is serving.

    Args:
        max_watches: Open at a time. Health asks for no token, so they must not use up the places of other calls.
    """

    def __init__(self, max_watches: int) -> None:
        super().__init__()
        self._watches = StreamLimit(max_watches)
        self._statuses: dict[str, health_pb2.HealthCheckResponse.ServingStatus] = {}
        self._draining = False

    async def set(self, service: str, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        """Say this of a service from now on; of a server that drains it stays. Watches hear of changes alone."""
        if self._statuses.get(service) == status:
            return
        await super().set(service, status)
        if not self._draining:
            self._statuses[service] = status

    async def enter_graceful_shutdown(self) -> None:
        """Say NOT_SERVING of every service, for good."""
        self._draining = True
        self._statuses = dict.fromkeys(self._statuses, NOT_SERVING)
        await super().enter_graceful_shutdown()

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:  # noqa: N802 - the proto's
        """Say a service's status now and whenever it changes."""
        try:
            with self._watches.slot():
                await super().Watch(request, context)
        except TooManyStreamsError as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))

    async def List(  # noqa: N802 - the proto's
        self, _request: health_pb2.HealthListRequest, _context: Any
    ) -> health_pb2.HealthListResponse:
        """The status of every service."""
        answers = {name: health_pb2.HealthCheckResponse(status=status) for name, status in self._statuses.items()}
        return health_pb2.HealthListResponse(statuses=answers)
