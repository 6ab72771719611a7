"""One call, from its first byte to its status: counted, traced, logged, and given its request id."""

from __future__ import annotations  # grpc's classes are generic in their stubs only

import secrets
from collections.abc import Mapping
from typing import Never, TypeAlias

import grpc
import structlog
from grpc_status import rpc_status

from feature_service.server.statuses import status_of
from feature_service.server.telemetry.calls import MethodTelemetry

REQUEST_ID = "x-request-id"
MAX_REQUEST_ID = 128
ANSWER_ENCODING = "x-answer-encoding"
"""Metadata by which a client asks for ``gzip``: what gRPC itself lets it say is what it can read, not what it wants."""

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"

_log = structlog.stdlib.get_logger("stockout.calls")


class Call:
    """A call of one method; it begins when this is made."""

    __slots__ = ("_began", "_context", "_telemetry", "metadata")

    def __init__(self, telemetry: MethodTelemetry, context: Context) -> None:
        self._telemetry, self._context = telemetry, context
        self._began = telemetry.begin()
        self.metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}

    async def compress_if_asked(self) -> None:
        """Compress the answer if the client wants it so; to be called before any of it is sent."""
        if self.metadata.get(ANSWER_ENCODING) == "gzip":
            self._context.set_compression(grpc.Compression.Gzip)
            await self._context.send_initial_metadata(())  # without it grpc.aio forgets the choice

    def end(self, bytes_out: int | None = None) -> None:
        """The call was answered, by a response of ``bytes_out`` bytes or by a stream."""
        log_calls = self._telemetry.log_calls
        # a call that leaves no log line needs no id, and sending one would cost a twentieth
        request_id = request_id_of(self.metadata) if log_calls else _request_id_sent(self.metadata)
        if request_id:
            self._context.set_trailing_metadata(((REQUEST_ID, request_id),))
        seconds = self._telemetry.end("OK", self._began, self.metadata)
        if log_calls:
            self._log_end("OK", seconds, request_id, bytes_out=bytes_out)

    def cancel(self) -> None:
        """The client left, or its deadline passed, while an answer was being made."""
        seconds = self._telemetry.end("CANCELLED", self._began, self.metadata)
        if self._telemetry.log_calls:
            self._log_end("CANCELLED", seconds, request_id_of(self.metadata))

    def _log_end(self, code: str, seconds: float, request_id: str | None, **more: object) -> None:
        ms = round(1000 * seconds, 3)
        _log.info("call", method=self._telemetry.name, code=code, ms=ms, request_id=request_id, **more)

    async def refuse(self, error: Exception) -> Never:
        """End the call with the error's status, and say so in the log."""
        request_id = request_id_of(self.metadata)
        code, _ = status_of(error)
        self._telemetry.end(code.name, self._began, self.metadata)
        name = self._telemetry.name
        if code is grpc.StatusCode.INTERNAL:
            _log.error("call", method=name, code=code.name, request_id=request_id, exc_info=error)
        else:
            _log.warning("call", method=name, code=code.name, request_id=request_id, error=str(error))
        await abort(self._context, error, request_id)


async def abort(context: Context, error: Exception, request_id: str) -> Never:
    """End a call with the error's status."""
    code, status = status_of(error)
    rich = rpc_status.to_status(status)
    await context.abort(code, rich.details, ((REQUEST_ID, request_id), *rich.trailing_metadata))
    raise AssertionError("abort raises")


def request_id_of(metadata: Mapping[str, str]) -> str:
    """The client's own id of the call, or a new one."""
    return _request_id_sent(metadata) or secrets.token_hex(8)


def _request_id_sent(metadata: Mapping[str, str]) -> str | None:
    """The client's own, if it can be sent back: metadata is printable ASCII, and some clients do not keep to it."""
    sent = metadata.get(REQUEST_ID, "")
    return sent[:MAX_REQUEST_ID] if sent.isascii() and sent.isprintable() else None
