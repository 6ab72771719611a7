"""Bodies that are longer than any request: a served Bento refuses them at the byte that is too many."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from bento.requests import MAX_BODY_BYTES, MAX_ROWS
from feature_service.kernel import feature_set
from tests.support.bentos import post, served_bento

MEBIBYTE = 1 << 20
SENT = 400 * MEBIBYTE
STAYS_BELOW = 4 * MAX_BODY_BYTES
"""Growth of the serving processes: the body itself, its copies on the way, and what the allocator keeps."""


@pytest.fixture(scope="module")
def url(bento_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One of our own, whose memory nobody else moves."""
    with served_bento(bento_home, "127.0.0.1:1", tmp_path_factory.mktemp("elsewhere")) as served:
        yield served


def rss_bytes(url: str) -> int:
    """Of all processes of the Bento at ``url``."""
    port = str(urlsplit(url).port)
    (parent,) = [each for each in psutil.Process().children() if port in each.cmdline()]
    family = [parent, *parent.children(recursive=True)]
    return sum(each.memory_info().rss for each in family if each.is_running())


def test_hundreds_of_megabytes_in_chunks_are_refused_and_never_held(url: str) -> None:
    assert post(f"{url}/predict", [{}]).status_code == 400  # everything is loaded now
    before = peak = rss_bytes(url)
    address = urlsplit(url)
    chunk = b"%x\r\n%s\r\n" % (MEBIBYTE, b"1" * MEBIBYTE)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):  # the Bento may close before all is sent
            for _ in range(SENT // MEBIBYTE):
                connection.sendall(chunk)
                peak = max(peak, rss_bytes(url))
        answer = HTTPResponse(connection)
        answer.begin()
        refused = json.loads(answer.read())
    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert refused["error"] == f"the body is longer than {MAX_BODY_BYTES} bytes: send fewer rows at a time"
    assert peak - before < STAYS_BELOW < SENT / 2


@pytest.mark.parametrize("route", ["predict", "predict_proba", "assess", "no-such-route"])
def test_a_length_that_is_too_much_is_refused_before_any_byte_is_sent(url: str, route: str) -> None:
    address = urlsplit(url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        connection.sendall(b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n" % route.encode())
        answer = HTTPResponse(connection)
        answer.begin()
    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_compressed_body_is_not_inflated(url: str) -> None:
    bomb = gzip.compress(b"[" + b" " * SENT + b"]")
    before = rss_bytes(url)
    answer = requests.post(f"{url}/predict", data=bomb, headers={"content-encoding": "gzip"}, timeout=60)
    assert (answer.status_code, "not JSON" in answer.json()["error"]) == (400, True)
    assert rss_bytes(url) - before < STAYS_BELOW


def test_the_most_rows_that_a_request_may_hold_are_answered(url: str) -> None:
    row = dict.fromkeys(feature_set("seed-18").feature_names, 1.2345678901234568e-10)
    answer = requests.post(f"{url}/predict", data=json.dumps([row] * MAX_ROWS, indent=4), timeout=60)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["stockout_prediction"]) == MAX_ROWS
