"""Lets a call through, or not. Present only where a file of tokens is given; then all but health is closed."""

from __future__ import annotations  # grpc's classes are generic in their stubs only

from pathlib import Path
from typing import Any, Never

import grpc
import structlog
from grpc_health.v1 import health

from feature_service.server.errors import (
    AnswerError,
    MethodDeniedError,
    RateExceededError,
    TokensError,
    UnauthenticatedError,
)
from feature_service.server.rpc.call import Context, abort, request_id_of
from feature_service.server.rpc.caller import token_holder
from feature_service.server.statuses import status_of
from feature_service.server.telemetry.metrics import Metrics
from feature_service.server.tokens import Holder, holder_of, read_tokens

HEADER = "authorization"
SCHEME = "bearer "
OPEN = f"/{health.SERVICE_NAME}/"

_log = structlog.stdlib.get_logger("stockout.auth")


class Doorkeeper(grpc.aio.ServerInterceptor):
    """Asks every call but health's for a token: reflection, channelz and methods that do not exist as well.

    Raises:
        TokensError: If the file cannot be used.
    """

    def __init__(self, file: Path, metrics: Metrics) -> None:
        self._file, self._metrics = file, metrics
        self._state = _state_of(file)
        self._holders, problems = read_tokens(file)
        if problems:
            raise problems[0]

    async def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        """Go on to the method, or to one that refuses the call."""
        if details.method.startswith(OPEN):
            return await continuation(details)
        metadata = {key: str(value) for key, value in details.invocation_metadata or ()}
        try:
            holder = self._check(details.method.removeprefix("/"), metadata)
        except AnswerError as error:
            return self._refusal(error, details.method, request_id_of(metadata))
        token_holder.set(holder.name)  # the call has a task, and so a context, of its own
        return await continuation(details)

    async def look(self) -> None:
        """Read the file again if it has changed: only what it admits as it is now is let in.

        So a line that cannot be used admits nobody, and neither does a file that cannot be read.
        """
        state = _state_of(self._file)
        if state == self._state:
            return
        self._state = state
        try:
            holders, problems = read_tokens(self._file)
        except TokensError as error:
            holders, problems = {}, [error]
        before = self._holders  # who is the same goes on with the calls that are left
        self._holders = {key: before[key] if before.get(key) == each else each for key, each in holders.items()}
        for problem in problems:
            _log.error("tokens refused", error=str(problem))
        _log.info("tokens reloaded", tokens=len(holders))

    def _check(self, method: str, metadata: dict[str, str]) -> Holder:
        given = metadata.get(HEADER, "")
        if not given.lower().startswith(SCHEME):
            raise UnauthenticatedError
        holder = holder_of(given[len(SCHEME) :].strip(), self._holders)
        if not holder.may_call(method):
            raise MethodDeniedError(holder.name, method)
        if not holder.bucket.take():
            raise RateExceededError(holder.name, holder.per_second)
        return holder

    def _refusal(self, error: AnswerError, method: str, request_id: str) -> Any:
        code, _ = status_of(error)
        self._metrics.deny(code.name)
        _log.warning("denied", method=method[:200], code=code.name, request_id=request_id, error=str(error))

        async def end(_requests: Any, context: Context) -> Never:
            await abort(context, error, request_id)

        return grpc.stream_stream_rpc_method_handler(end)  # it reads no message, whatever the method's kind


def _state_of(file: Path) -> tuple[int, int, int] | None:
    """What changes when the file does; None where it cannot be seen."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
