"""A published snapshot and a server of it, made once for all tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from data.panel import Panel
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.snapshots import publish_snapshot, synthetic_panel


@dataclass(frozen=True)
class Published:
    """Where a snapshot is, and what it was made of."""

    root: Path
    snapshot_id: str
    panel: Panel


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """200 products, 12 weeks, a small forest."""
    root = tmp_path_factory.mktemp("published") / "snapshots"
    panel = synthetic_panel(products=200)
    return Published(root, publish_snapshot(root, panel), panel)


@pytest.fixture(scope="session")
def server(published: Published) -> Iterator[RunningServer]:
    """A server of ``published`` in a process of its own."""
    with running_server(published.root) as running:
        yield running


@pytest.fixture
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    """A connection to ``server``."""
    with channel_to(server) as connected:
        yield connected
