"""Several worker processes on one port, and the one process that keeps them running.

Each worker listens on the port by itself (SO_REUSEPORT) and the kernel spreads the connections; the supervisor holds
the port, so that nobody else takes it meanwhile, and never sees a request. A worker that ends is started again, at once
the first time, then after pauses that double up to 10 seconds while it keeps ending before it serves. A worker that
cannot serve at the first start ends them all, with its exit code: that is a mistake, not an accident.
"""

import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import structlog

from feature_service.server.errors import AddressError
from feature_service.server.settings import STOP_SIGNALS, Settings, address_of
from feature_service.server.worker_link import READY

MAX_PAUSE_S = 10.0
FIRST_PAUSE_S = 0.1
KILL_AFTER_S = 5.0
"""Beyond the grace period."""

_log = structlog.stdlib.get_logger("stockout.supervisor")


@dataclass(slots=True)
class _Place:
    """A worker's place: the process in it, if one is, and when the next one is due if none is."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    link: socket.socket | None = None
    serves: bool = False
    failures: int = 0
    due: float = 0.0


class Supervisor:
    """Runs ``workers`` times the command line that this process was started with."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._places = [_Place(number) for number in range(workers)]
        self._selector = selectors.DefaultSelector()
        self._port = 0
        self._all_served = False
        self._stop_by: float | None = None
        self._exit_code = 0

    def run(self) -> int:
        """Until a signal to stop, and until the last worker has ended; gives the exit code.

        Raises:
            AddressError: If the address cannot be listened on.
        """
        with _reserved(self._settings) as self._port, _wakeup_on_signals() as wakeup:
            self._selector.register(wakeup, selectors.EVENT_READ)
            while self._stop_by is None or any(place.process for place in self._places):
                self._start_due()
                for key, _ in self._selector.select(self._pause_s()):
                    if key.data is None:
                        self._stop(wakeup.recv(16))
                    else:
                        self._read_link(key.data)
                self._kill_late()
        _log.info("stopped", exit_code=self._exit_code)
        return self._exit_code

    def _start_due(self) -> None:
        if self._stop_by is None:
            for place in self._places:
                if place.process is None and place.due <= monotonic():
                    self._start(place)

    def _start(self, place: _Place) -> None:
        ours, theirs = socket.socketpair()
        arguments = ("--port", self._port, "--worker", place.number, "--supervisor-fd", theirs.fileno())
        command = [sys.executable, *sys.orig_argv[1:], *map(str, arguments)]
        with theirs:
            place.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        place.link, place.serves = ours, False
        self._selector.register(ours, selectors.EVENT_READ, place)
        _log.info("worker started", number=place.number, worker_pid=place.process.pid)

    def _read_link(self, place: _Place) -> None:
        """The worker serves, or its end of the link is closed: it has ended."""
        if place.link and _received(place.link) == READY:
            place.serves, place.failures = True, 0
            if not self._all_served and all(each.serves for each in self._places):
                self._all_served = True
                _log.info("all workers serve", port=self._port, workers=len(self._places))
        else:
            self._replace(place)

    def _replace(self, place: _Place) -> None:
        if not place.process or not place.link:
            return
        self._selector.unregister(place.link)
        place.link.close()
        code = place.process.wait()
        place.process = None
        if self._stop_by is not None:
            self._exit_code = self._exit_code or (1 if code else 0)
        elif not self._all_served:
            self._exit_code = code if code > 0 else 1
            self._stop()
        else:
            pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**place.failures) if place.failures else 0.0
            place.due, place.failures = monotonic() + pause_s, place.failures + 1
            _log.error("worker ended", number=place.number, exit_code=code, restart_in_seconds=pause_s)

    def _stop(self, _signals: bytes = b"") -> None:
        """Pass it on: each worker drains within the grace period."""
        if self._stop_by is None:
            self._stop_by = monotonic() + self._settings.grace_seconds + KILL_AFTER_S
            _log.info("stopping", workers=len(self._places))
            for place in self._places:
                if place.process:
                    place.process.terminate()

    def _kill_late(self) -> None:
        if self._stop_by is not None and monotonic() > self._stop_by:
            for place in self._places:
                if place.process:
                    place.process.kill()

    def _pause_s(self) -> float | None:
        """Seconds until something is due without anybody saying so."""
        due = [place.due for place in self._places if place.process is None] if self._stop_by is None else []
        if self._stop_by is not None:
            due = [self._stop_by]
        return max(0.01, min(due) - monotonic()) if due else None


def _received(link: socket.socket) -> bytes:
    try:
        return link.recv(len(READY))
    except OSError:
        return b""


@contextmanager
def _reserved(settings: Settings) -> Iterator[int]:
    """Hold the port without listening on it; gives its number."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as alone, socket.socket(family) as shared:
        try:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not matter
            alone.bind((settings.host, settings.port))  # fails where anybody listens, with workers or without
            port: int = alone.getsockname()[1]
            alone.close()
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            shared.bind((settings.host, port))
        except OSError:
            raise AddressError(address_of(settings)) from None
        yield port


@contextmanager
def _wakeup_on_signals() -> Iterator[socket.socket]:
    """A socket that can be read once a signal to stop came."""
    ours, signalled = socket.socketpair()
    with ours, signalled:
        signalled.setblocking(False)
        before = signal.set_wakeup_fd(signalled.fileno())
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: None)
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(before)
