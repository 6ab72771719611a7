"""The limit on bodies in front of a small application, served by the server that BentoML runs on."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bento.requests import MAX_ROW_BYTES, BodyLimit
from feature_service.kernel import feature_set

LIMIT = 1000


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"length": len(await request.body())})


@contextmanager
def served(max_held_bytes: int = 10 * LIMIT, timeout_s: float = 60) -> Iterator[int]:
    """The port of an application that answers how long a body was."""
    app = BodyLimit(Starlette(routes=[Route("/", echo, methods=["POST"])]), LIMIT, max_held_bytes, timeout_s)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def opened(port: int, announced: int, sent: bytes) -> socket.socket:
    """A request that announces a length, and the beginning of its body."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % announced + sent)
    return connection


def answer_of(connection: socket.socket) -> tuple[HTTPResponse, dict[str, object]]:
    answer = HTTPResponse(connection)
    answer.begin()
    return answer, json.loads(answer.read())


@pytest.mark.parametrize(("length", "status"), [(0, 200), (LIMIT, 200), (LIMIT + 1, 413)])
def test_a_body_may_be_as_long_as_the_limit_and_no_longer(length: int, status: int) -> None:
    with served() as port, opened(port, length, b"x" * length) as connection:
        answer, told = answer_of(connection)
    assert answer.status == status
    assert told == ({"length": length} if status == 200 else {"error": told["error"]})


def test_a_body_that_does_not_come_is_refused_when_its_time_is_over() -> None:
    with served(timeout_s=0.2) as port, opened(port, 100, b"x") as connection:
        answer, told = answer_of(connection)
    assert (answer.status, told["error"]) == (408, "the body did not come whole within 0.2 s")


def test_bodies_that_are_held_together_are_bounded_and_given_back() -> None:
    with served(max_held_bytes=LIMIT) as port:
        with opened(port, LIMIT, b"x" * (LIMIT - 1)) as first:
            for _ in range(3):  # until the first's bytes are read, the second may be let in
                with opened(port, LIMIT, b"x" * LIMIT) as second:
                    answer, told = answer_of(second)
                if answer.status != 200:
                    break
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert "holds too many other bodies" in str(told["error"])
            first.sendall(b"x")
            assert answer_of(first)[0].status == 200
        with opened(port, LIMIT, b"x" * LIMIT) as third:
            assert answer_of(third)[0].status == 200


def test_a_client_that_leaves_gives_back_what_was_held() -> None:
    with served(max_held_bytes=LIMIT) as port:
        for _ in range(5):
            opened(port, LIMIT, b"x" * (LIMIT - 1)).close()
        for _ in range(100):  # the server sees the last one leave in its own time
            with opened(port, LIMIT, b"x" * LIMIT) as connection:
                answer, _ = answer_of(connection)
            if answer.status == 200:
                break
        assert answer.status == 200


@pytest.mark.parametrize("name", ["seed-18", "sales-2", "stock-1", "availability-1"])
def test_the_limit_is_enough_for_the_widest_row(name: str) -> None:
    row = dict.fromkeys(feature_set(name).feature_names, -1.2345678901234567e-101)
    assert len(json.dumps([row], indent=4)) <= MAX_ROW_BYTES
