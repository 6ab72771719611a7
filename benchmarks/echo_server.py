"""A gRPC server that does nothing: it answers each call with bytes of a given length. The ceiling for any other.

Same flavour as the product's server (asyncio, uvloop, no serializers). The method
``/echo.Echo/Reply<n>`` answers n bytes.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import uvloop


async def serve(lengths: list[int]) -> None:
    """Listen on a free port, print it, and answer until killed."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    methods: dict[str, Any] = {
        f"Reply{length}": grpc.unary_unary_rpc_method_handler(_reply(length)) for length in lengths
    }
    server.add_registered_method_handlers("echo.Echo", methods)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.Event().wait()


def _reply(length: int) -> Callable[[bytes, object], Awaitable[bytes]]:
    answer = bytes(length)

    async def handle(_request: bytes, _context: object) -> bytes:
        return answer

    return handle


if __name__ == "__main__":
    uvloop.run(serve([int(length) for length in sys.argv[1:]]))
