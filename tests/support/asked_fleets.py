"""A server for each shard of the shops' snapshot, which clients ask as one."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from data import snapshots
from feature_service.client import Provenance, RiskClient
from feature_service.shards import shard_number
from tests.support.fleets import publish_again
from tests.support.histories import History, new_history, running_history
from tests.support.servers import RunningServer, running_server
from tests.support.shops import Shops

SHARDS = 3


@dataclasses.dataclass
class AskedFleet:
    """A server of each shard, which hear of the same counts."""

    root: Path
    snapshot_id: str
    servers: list[RunningServer]
    history: History

    @property
    def targets(self) -> list[str]:
        """Of each server, in the order of the shards."""
        return [each.target for each in self.servers]

    @property
    def target(self) -> str:
        """As clients take it."""
        return ",".join(self.targets)


@pytest.fixture(scope="module")
def fleet(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedFleet]:
    """Once all of them are serving."""
    root, history = tmp_path_factory.mktemp("fleet") / "snapshots", new_history()
    snapshot_id = publish_again(snapshots.load(shops.root, shops.snapshot_id), root, SHARDS)
    with ExitStack() as running:
        address = running.enter_context(running_history(history))
        words = ("--history-address", address, "--reload-seconds", "0.02")
        servers = [
            running.enter_context(running_server(root, "--shard", f"{number}/{SHARDS}", *words))
            for number in range(SHARDS)
        ]
        yield AskedFleet(root, snapshot_id, servers, history)


@pytest.fixture
def together(fleet: AskedFleet) -> Iterator[RiskClient]:
    """Asks all of them."""
    with RiskClient(fleet.target, question="inventory") as connected:
        yield connected


@pytest.fixture
def all_ids(shops: Shops) -> list[str]:
    """Every product, in no order, some that nobody knows, and one twice."""
    known = sorted(shops.panel.product_ids, key=lambda each: each[::-1])
    return [*known, "nobody", "1-nothing", known[0], "Füller"]


def part_of(number: int, product_ids: Sequence[str]) -> list[str]:
    """Those of the products that are in a shard."""
    return [each for each in product_ids if shard_number(each, SHARDS, "ITEM") == number]


def apart(provenance: Provenance) -> Provenance:
    """But for what tells one publication from another."""
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    return dataclasses.replace(provenance, snapshot_id="", published_at=epoch, data_warnings=0)


def told(answer: Any) -> str:
    """To the last digit, NaN too, what an answer says of products, in whichever publication of one content."""
    return repr(dataclasses.replace(answer, provenance=apart(answer.provenance)))
