"""Counted shelves published twice, in one piece and in shards, and a server of each piece."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from google.protobuf.message import Message
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

from data import snapshots
from data.panel import UNITS_SOLD, Panel
from data.snapshots import ModelReference, Snapshot, publish
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE
from feature_service.kernel import feature_set, features_at
from feature_service.shards import shard_number
from tests.support.counted import Counted
from tests.support.histories import History, new_history, running_history
from tests.support.servers import channel_to, running_server
from tests.support.shops import Shops

SHARDS = 2
THEN = ModelReference("stockout_risk", "1", "then")
WEEKS_THEN, WEEKS_LATER = 20, 25


@dataclass
class Fleet:
    """A server of all products and one of each shard, which hear of the same counts."""

    product_ids: Sequence[str]
    history: History
    whole: Counted
    shards: Sequence[Counted]

    def parts(self, product_ids: Sequence[str]) -> Iterator[tuple[Counted, list[str]]]:
        """Each shard's server, and those of the products that are in it."""
        for number, each in enumerate(self.shards):
            yield each, [one for one in product_ids if shard_number(one, SHARDS, "ITEM") == number]

    def ask(self, call: Callable[[Counted, list[str]], Sequence[Message]]) -> tuple[list[Message], list[Message]]:
        """What the server of all products answers, and what the fleet does, each in the order of the products."""
        by_id = {each.product_id: each for server, ids in self.parts(self.product_ids) for each in call(server, ids)}  # type: ignore[attr-defined]
        return list(call(self.whole, list(self.product_ids))), [by_id[each] for each in self.product_ids]


def cut(panel: Panel, weeks: int) -> Panel:
    """What was known after so many weeks."""
    fields = {name: matrix[:, :weeks] for name, matrix in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[:weeks], fields=fields)


def bundle_of_then(shops: Shops, folder: Path) -> Path:
    """A model of the same label on another feature set, which looks at groups, too."""
    definition, contract = feature_set("sales-2"), shops.bundle.contract
    features = np.nan_to_num(features_at(definition, shops.panel.fields, WEEKS_THEN - 2, groups=shops.panel.groups))
    outcome = shops.panel.fields[UNITS_SOLD][:, WEEKS_THEN - 1] == 0
    forest = RandomForestClassifier(n_estimators=20, random_state=0, n_jobs=1).fit(features, outcome)
    graph = to_onnx(
        forest,
        initial_types=[("features", FloatTensorType([None, features.shape[1]]))],
        options={id(forest): {"zipmap": False}},
    )
    then = dataclasses.replace(
        contract,
        feature_set=definition.name,
        feature_names=definition.feature_names,
        label=dataclasses.replace(contract.label, applies_where=()),
        takes_unknown=True,
        calibration=None,
        reach_weeks=1,  # it has no curve
    )
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(graph.SerializeToString())
    (folder / CONTRACT_FILE).write_text(then.to_json(), encoding="utf-8")
    return folder


def publish_again(snapshot: Snapshot, root: Path, shards: int) -> str:
    """What is in a snapshot, in another form."""
    return publish(
        snapshot.panel,
        snapshot.eligible,
        snapshot.bundle_dir,
        snapshot.model,
        root,
        snapshot.reasons,
        snapshot.alerts,
        ("half of July is missing",),
        shards=shards,
        challenger=snapshot.challenger,
    )


@contextmanager
def running_fleet(shops: Shops, folder: Path) -> Iterator[Fleet]:
    """The shops' snapshot in one piece and in shards, each after one of a past week in the same form.

    Before that one comes, in both folders in one piece, one with an older model.
    """
    now, then = snapshots.load(shops.root, shops.snapshot_id), bundle_of_then(shops, folder / "then")
    history = new_history()
    with ExitStack() as running:
        address = running.enter_context(running_history(history))

        def serve(root: Path, *options: str) -> Counted:
            words = ("--history-address", address, "--reload-seconds", "0.02", "--metrics-port", "0", *options)
            server = running.enter_context(running_server(root, *words))
            return Counted(now.panel.product_ids, history, server, running.enter_context(channel_to(server)))

        for name, shards in (("whole", 1), ("shards", SHARDS)):
            publish(cut(now.panel, WEEKS_THEN), now.eligible[:, :WEEKS_THEN], then, THEN, folder / name)
            for weeks in (WEEKS_LATER, len(now.panel.weeks)):
                past = dataclasses.replace(now, panel=cut(now.panel, weeks), eligible=now.eligible[:, :weeks])
                publish_again(past, folder / name, shards)
        whole = serve(folder / "whole")
        parts = [serve(folder / "shards", "--shard", f"{number}/{SHARDS}") for number in range(SHARDS)]
        yield Fleet(now.panel.product_ids, history, whole, parts)
