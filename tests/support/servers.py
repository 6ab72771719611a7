"""Real servers in processes of their own."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import grpc

from tests.support.processes import environment

START_TIMEOUT_S = 60


class HasTarget(Protocol):
    """What can be connected to."""

    @property
    def target(self) -> str:
        """As clients take it."""
        ...


class RunningServer:
    """A server process; its log lines are read as they come, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._events: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def target(self) -> str:
        """As clients take it."""
        return f"127.0.0.1:{self.wait_for('listening')['port']}"

    def wait_for(self, event: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first log line of ``event`` that ``where`` accepts."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self._events if each["event"] == event and where(each)), None)

        with self._came:
            line = self._came.wait_for(found, timeout=START_TIMEOUT_S)
        assert line, f"no log line {event!r} in {START_TIMEOUT_S} s; seen: {self._events}"
        return line

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log lines so far."""
        with self._came:
            return list(self._events)

    def stop(self) -> int:
        """Ask it to end, and give its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it ended and its last line is read."""
        code = self.process.wait(timeout=START_TIMEOUT_S)
        self._reader.join(timeout=START_TIMEOUT_S)
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._came:
                self._events.append(json.loads(line))
                self._came.notify_all()


@contextmanager
def running_server(snapshots: Path, *options: str) -> Iterator[RunningServer]:
    """A server on a free port that is serving."""
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(snapshots), "--port", "0", *options]
    with serving_process(command) as server:
        yield server


@contextmanager
def running_history(work_dir: Path, *options: str, **extra: str) -> Iterator[RunningServer]:
    """A history service on a free port that is serving; ``extra`` goes into its environment."""
    with serving_process(history_command(work_dir, "--port", "0", *options), environment(**extra)) as server:
        yield server


def history_command(work_dir: Path, *options: str) -> list[str | Path]:
    """``stockout-history``."""
    return [sys.executable, "-m", "feature_service.history_server", "--work-dir", work_dir, *options]


@contextmanager
def serving_process(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """The process of a command, once it says that it is serving."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        server = RunningServer(process)
        try:
            server.wait_for("serving")
            yield server
        finally:
            process.kill()
            server.wait()


@contextmanager
def channel_to(server: HasTarget) -> Iterator[grpc.Channel]:
    """A connection of its own."""
    with grpc.insecure_channel(server.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def fails_to_start(snapshots: Path, *options: str) -> tuple[int, str]:
    """Exit status and standard error of a server that is not to come up."""
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(snapshots), "--port", "0"]
    ended = subprocess.run([*command, *options], check=False, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stderr
