"""Processes as a user starts them: the pipeline, and servers that tell over HTTP that they are ready."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

BIN = Path(sys.executable).parent
START_TIMEOUT_S = 120


def environment(**extra: str) -> dict[str, str]:
    """The environment of a user who has nothing set but what a test names."""
    ours = {"BENTOML_HOME", "FEATURE_SERVICE_TARGET", "MLFLOW_TRACKING_URI"}
    ours |= {"STOCKOUT_HISTORY_URL", "STOCKOUT_STATE_URL"}
    quiet = {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True"}
    return {key: value for key, value in os.environ.items() if key not in ours} | quiet | extra


def pipeline_command(
    task: str,
    data_dir: Path,
    work_dir: Path,
    *options: str,
    as_of: str = "2018-08-26",
    label: str = "zero_sales",
    source: str = "olist",
) -> list[str]:
    """``luigi --module orchestration TASK ...``."""
    return [
        *(str(BIN / "luigi"), "--module", "orchestration", task, "--source", source),
        *("--data-dir", str(data_dir), "--work-dir", str(work_dir), "--as-of", as_of, "--label", label),
        *(options or ("--local-scheduler",)),
    ]


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end; standard error is part of ``stdout``."""
    return subprocess.run(
        command,
        env=env or environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )


def free_port() -> int:
    """A port that nothing listens on, for programs that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@retry(
    retry=retry_if_exception_type((urllib.error.URLError, ConnectionError, TimeoutError)),
    stop=stop_after_delay(START_TIMEOUT_S),
    wait=wait_fixed(0.1),
    reraise=True,
)
def wait_for_http(url: str) -> bytes:
    """What the URL answers, as soon as it answers with success."""
    with urllib.request.urlopen(url, timeout=10) as response:
        answer: bytes = response.read()
        return answer


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped at the end; what it prints goes to ``log``."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env or environment(), stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
