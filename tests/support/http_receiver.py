"""A receiver of webhooks, as a process of its own: ``python -m tests.support.http_receiver FOLDER ANSWERS``.

It gives one answer after the other, and then 200: a status; ``redirect:URL``; ``hang``, never; ``drip``, a byte of a
header now and then; ``close``, none at all. With ``tls:STEM`` in front of them, a path without suffix, it speaks TLS.
"""

import contextlib
import itertools
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER, WORDS = Path(sys.argv[1]), sys.argv[2:]
LOCK = threading.Lock()
NEVER = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Keeps what arrives in ``got.jsonl`` before it answers."""

    answers: Iterator[str]

    def do_POST(self) -> None:
        """Keep the request, then answer as told."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        request = {"path": self.path, "headers": dict(self.headers), "body": body}
        with LOCK:
            answer = next(self.answers)
            with (FOLDER / "got.jsonl").open("a") as file:
                file.write(json.dumps(request) + "\n")
        with contextlib.suppress(OSError):  # who asked may be gone
            self._answer(answer)

    def _answer(self, answer: str) -> None:
        if answer == "hang":
            NEVER.wait()
        elif answer == "drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while not NEVER.wait(0.05):
                self.wfile.write(b"x")
        elif answer != "close":
            status, _, aim = answer.partition(":")
            self.send_response(302 if status == "redirect" else int(status))
            if status == "redirect":
                self.send_header("Location", aim)
            if status == "429":
                self.send_header("Retry-After", "600")
            self.end_headers()
            self.wfile.write(b"no_service" if status != "200" else b"ok")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve for ever."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    words = list(WORDS)
    if words and words[0].startswith("tls:"):
        stem = words.pop(0).removeprefix("tls:")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Handler.answers = itertools.chain(words, itertools.repeat("200"))
    (FOLDER / "port").write_text(str(server.server_address[1]))
    server.serve_forever()


if __name__ == "__main__":
    main()
