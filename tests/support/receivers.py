"""Those who are told: a mail server and a receiver of webhooks, each a real process that keeps what it got."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenacity import retry, stop_after_delay, wait_fixed

from tests.support.processes import running

_patient = retry(stop=stop_after_delay(60), wait=wait_fixed(0.02), reraise=True)


@dataclass(frozen=True)
class Receiver:
    """A receiver that runs."""

    folder: Path
    port: int

    def got(self) -> list[dict[str, Any]]:
        """What arrived, oldest first."""
        file = self.folder / "got.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @_patient
    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """What arrived, as soon as it is as much."""
        got = self.got()
        assert len(got) >= count
        return got


@contextmanager
def mail_server(folder: Path, *options: str) -> Iterator[Receiver]:
    """A mail server; its options are those of ``mail_server``."""
    with _receiver("tests.support.mail_server", folder, *options) as receiver:
        yield receiver


@contextmanager
def http_receiver(folder: Path, *answers: str) -> Iterator[Receiver]:
    """A receiver of webhooks; its answers are those of ``http_receiver``."""
    with _receiver("tests.support.http_receiver", folder, *answers) as receiver:
        yield receiver


@contextmanager
def _receiver(module: str, folder: Path, *words: str) -> Iterator[Receiver]:
    folder.mkdir(parents=True, exist_ok=True)
    with running([sys.executable, "-m", module, folder, *words], folder / "log"):
        yield Receiver(folder, _port(folder))


@_patient
def _port(folder: Path) -> int:
    return int((folder / "port").read_text())
