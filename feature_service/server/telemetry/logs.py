"""Log lines on stdout: JSON for machines, or a console's colours. Other libraries' lines come out the same way.

A line that cannot be written is lost and counted, and nothing else happens: neither a full disk nor a reader that went
away may end a server that can still answer. Whether its supervisor lives is seen on another link.
"""

import logging
import os
import sys
from typing import Literal

import structlog

Format = Literal["json", "console"]

_log = structlog.stdlib.get_logger("stockout.log")


class LineHandler(logging.Handler):
    """Writes each line at once to a file descriptor, and says how many were lost as soon as one gets through again."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost = 0
        self._torn = b""

    def emit(self, record: logging.LogRecord) -> None:
        """Called with the handler's lock, which the same thread may take again."""
        if not self._write(self.format(record).encode("utf-8", "backslashreplace") + b"\n"):
            self._lost += 1
        elif self._lost:
            lost, self._lost = self._lost, 0
            _log.warning("log lines lost", lines=lost)
            if self._lost:  # so was this one
                self._lost += lost

    def _write(self, line: bytes) -> bool:
        """Whether all of it was written; what a full disk took of a line is ended before the next one."""
        rest = memoryview(self._torn + line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
                self._torn = b"\n"
        except OSError:
            return False
        self._torn = b""
        return True


def configure(log_format: Format, worker: int | None = None) -> None:
    """Send every log line to stdout in ``log_format``; lines of a worker process name its number."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.contextvars.merge_contextvars,
    ]
    if worker is not None:
        structlog.contextvars.bind_contextvars(worker=worker)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    handler = LineHandler(sys.stdout.fileno())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
