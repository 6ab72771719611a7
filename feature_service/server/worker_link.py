"""A worker's link to its supervisor: a socket on which it says that it serves, and whose end it notices."""

import asyncio
import socket
from collections.abc import Callable

from feature_service.server.settings import Worker

READY = b"ready"


class Link:
    """Nothing in a process without a supervisor.

    Args:
        when_lost: Called once the supervisor is gone, so that no worker is left behind on the port.
    """

    def __init__(self, worker: Worker | None, when_lost: Callable[[], None]) -> None:
        self._socket = socket.socket(fileno=worker.supervisor_fd) if worker else None
        self._when_lost = when_lost
        if self._socket:
            self._socket.setblocking(False)
            asyncio.get_running_loop().add_reader(self._socket, self._lost)

    def report_ready(self) -> None:
        """The worker serves now."""
        if self._socket:
            self._socket.send(READY)

    def _lost(self) -> None:
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
        self._when_lost()
