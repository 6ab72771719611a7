"""The planner's page as a process of its own, asked without a browser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.processes import environment


@contextmanager
def asked_planner(target: str) -> Iterator[httpx.Client]:
    """``stockout-planner`` on a free port, for an English reader."""
    command = [sys.executable, "-m", "planner", "--target", target, "--port", "0", "--author", "ana"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+:\d+", line)
            assert found, f"the page did not say where it is: {line!r}"
            with httpx.Client(base_url=found[0], headers={"accept-language": "en"}, timeout=20) as client:
                yield client
        finally:
            process.terminate()
            process.wait(timeout=30)
