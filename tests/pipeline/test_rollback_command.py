"""What the rollback prints is what a user can run."""

import dataclasses
import os
import shlex
import sys
from pathlib import Path

from mlflow import MlflowClient

from data.snapshots import MODEL_NAME, current_id, load
from data.snapshots.publications import publications
from data.synthetic.olist import write_synthetic_olist
from orchestration.registry_places import ledger_in, tracking_uri_of
from tests.support.crossfire import Shot
from tests.support.processes import BIN, environment, run
from training.registry.aliases import CHAMPION, set_aliases
from training.registry.ledger import append, read_all
from training.registry.question import Question

ASKED = Question("zero_sales", 2)


def promote_a_copy(work_dir: Path) -> None:
    """As if a second model had been better than the first."""
    uri = tracking_uri_of(work_dir, None)
    client = MlflowClient(uri, uri)
    first = client.get_model_version(MODEL_NAME, "1")
    client.create_model_version(MODEL_NAME, str(first.source), first.run_id, tags=first.tags)
    set_aliases({CHAMPION: "2", f"champion-{ASKED.name}": "2"}, uri)
    (entry,) = read_all(ledger_in(work_dir), uri)
    append(dataclasses.replace(entry, version="2", champion_before="1", champion_after="2"), ledger_in(work_dir))


def test_the_command_that_a_rollback_prints_publishes_the_champion_before(tmp_path: Path) -> None:
    orders, work_dir = tmp_path / "orders", tmp_path / "work dir"
    write_synthetic_olist(orders, seed=3, products=150)
    said, _ = (shot := Shot(ASKED, work_dir).start(orders)).communicate()
    assert shot.returncode == 0, said
    served = current_id(work_dir / "snapshots")
    promote_a_copy(work_dir)
    rolled_back = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", work_dir])
    assert rolled_back.returncode == 0, rolled_back.stdout
    assert "what is served stays as it is until a run publishes version 1" in rolled_back.stdout
    assert load(work_dir / "snapshots", served).model.version == "1"
    command = shlex.split(rolled_back.stdout.splitlines()[-1])
    env = environment(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    again = run(command, env)
    assert again.returncode == 0, again.stdout
    assert "out-of-fold" not in again.stdout  # nothing is trained again
    snapshots = work_dir / "snapshots"
    assert load(snapshots, current_id(snapshots)).model.version == "1"
    assert len(publications(snapshots)) == 2
