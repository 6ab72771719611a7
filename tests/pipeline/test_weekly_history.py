"""Week after week by real runs: the champion scores the newest week, and old runs go; nothing is trained again."""

import datetime as dt
import subprocess
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from data.history.history import open_history
from data.snapshots import Snapshot, current_id, load
from data.synthetic.shops import write_synthetic_generic
from feature_service.client import RiskClient
from tests.support.clocks import Clock
from tests.support.deliveries import FIRST_MONDAY, deliver, luigi, question
from tests.support.processes import BIN, run
from tests.support.servers import running_server
from training.backtest.run_out_file import RUN_OUT_FILE

TRAINING = {"features", "backtest", "train"}


def stages(ended: subprocess.CompletedProcess[str]) -> set[str]:
    assert ended.returncode == 0, ended.stdout
    return {line.split()[1] for line in ended.stdout.splitlines() if line}


@dataclass(frozen=True)
class TwoWeeks:
    """A history of which one week was trained on and the next one scored; each was served."""

    work_dir: Path
    landing: Path
    trained: str
    scored: str

    @property
    def served(self) -> str:
        return current_id(self.work_dir / "snapshots")

    def files(self) -> set[str]:
        return {str(path.relative_to(self.work_dir)) for path in self.work_dir.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> TwoWeeks:
    folder = tmp_path_factory.mktemp("weeks")
    work_dir, landing, whole = folder / "work", folder / "landing", folder / "shops"
    reading = ("--source", "generic", "--data-dir", landing)
    write_synthetic_generic(whole, seed=5, products=240, weeks=30, first_week=FIRST_MONDAY)
    deliver(whole, landing, dt.date(2024, 7, 21))
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    untrained = luigi("ScoreWeek", work_dir, *question())
    assert "there is no champion of inventory yet: run StockoutPipeline" in untrained.stdout
    assert stages(luigi("StockoutPipeline", work_dir, *question())) > TRAINING
    trained = current_id(work_dir / "snapshots")
    deliver(whole, landing, dt.date(2024, 7, 31))  # another week begins, of which nothing is due yet
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    assert not TRAINING & stages(luigi("ScoreWeek", work_dir, *question()))
    return TwoWeeks(work_dir, landing, trained, current_id(work_dir / "snapshots"))


def test_the_newest_whole_week_is_scored_and_the_one_before_held_to_account(weeks: TwoWeeks) -> None:
    assert [each.split("-")[1] for each in (weeks.trained, weeks.scored)] == ["W29", "W30"]
    rules = [load(weeks.work_dir / "snapshots", each).alerts for each in (weeks.trained, weeks.scored)]
    assert rules[0] is not None
    assert rules[0].until_relief
    assert rules[0] == rules[1], "the curves of the training are kept with the model"
    looked = luigi("ScoreOutcomes", weeks.work_dir, *question())
    assert looked.returncode == 0, looked.stdout
    assert "2 weeks kept, 2 told anew" in looked.stdout
    with running_server(weeks.work_dir / "snapshots") as server, RiskClient(server.target) as client:
        provenance = client.assess(["nobody"]).provenance
        performance = client.performance()
    assert [each.performance.first_week for each in performance.weeks] == [dt.date(2024, 7, 15)]
    assert performance.recent is not None
    assert performance.recent.product_weeks > 100
    assert (provenance.as_of_week, provenance.model_version) == (dt.date(2024, 7, 22), "1")

    account = run([BIN / "stockout-data", "reconcile", weeks.work_dir])
    assert account.returncode == 0
    assert "every row and cent is accounted for" in account.stdout


def test_old_runs_go_and_what_is_served_and_known_stays(weeks: TwoWeeks, tmp_path: Path) -> None:
    clock, work_dir = Clock(), weeks.work_dir
    before = weeks.files()

    def prune(*options: str) -> str:
        command = [str(BIN / "luigi"), "--module", "orchestration", "PruneRuns", "--local-scheduler", "--work-dir"]
        pruned = run([*command, work_dir, *options], clock.environment())
        assert pruned.returncode == 0, pruned.stdout
        return pruned.stdout

    assert "0 things of 0 bytes taken away" in prune()
    clock.turn_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=100))
    dry = prune("--dry-run")
    assert "would be taken away" in dry
    assert "  panel/" in dry
    assert weeks.files() == before | {".runs.lock"}

    product_id = pl.read_csv(weeks.landing / "sales.csv", infer_schema=False)["product_id"][0]
    with running_server(work_dir / "snapshots") as server, RiskClient(server.target) as client:
        known = client.assess([product_id])
        prune()
        assert client.assess([product_id]) == known
        replay = client.assess([product_id], as_of=dt.date(2024, 7, 14)).provenance
    assert replay.model_version == "1"

    gone = before - weeks.files()
    assert {name.split("/")[0] for name in gone} == {"ingest", "panel", "scored", "backtest"}
    assert all(name.startswith("backtest/kept/") for name in gone if name.startswith("backtest"))
    assert not any("2024-W29" in name for name in gone if name.startswith("panel"))  # a rollback publishes from it
    assert (weeks.served, (work_dir / "snapshots" / weeks.trained).is_dir()) == (weeks.scored, True)
    assert "0 things of 0 bytes taken away" in prune()


def test_after_that_the_week_can_be_scored_by_another_policy_and_the_past_looked_at_or_served(weeks: TwoWeeks) -> None:
    stages(luigi("ScoreWeek", weeks.work_dir, *question("--alert-budget", "20")))
    assert weeks.served not in (weeks.trained, weeks.scored)
    past, served = question("--known-at", before_the_second_load(weeks.work_dir)), weeks.served
    stages(luigi("Evaluate", weeks.work_dir, *past))
    assert weeks.served == served
    assert not TRAINING & stages(luigi("StockoutPipeline", weeks.work_dir, *past, "--publish-past"))
    assert weeks.served == weeks.trained
    assert run([BIN / "stockout-data", "reconcile", weeks.work_dir]).returncode == 0


def test_alerts_are_of_what_the_model_reaches_and_of_the_question_where_it_has_no_kept_curves(weeks: TwoWeeks) -> None:
    def published(*options: str) -> Snapshot:
        stages(luigi("ScoreWeek", weeks.work_dir, *question(*options)))
        return load(weeks.work_dir / "snapshots", weeks.served)

    assert published("--alert-budget", "21").warnings == ()
    (warning,) = published("--lead-time-days", "90").warnings
    assert warning.endswith("after the 5 weeks that the model reaches, so that their alerts are of these weeks alone")
    (curves,) = (weeks.work_dir / "mlflow").rglob(RUN_OUT_FILE)
    curves.unlink()
    rule = published("--alert-budget", "22").alerts
    assert rule is not None
    assert not rule.until_relief, "as of a model that was registered before there were any"


def before_the_second_load(work_dir: Path) -> str:
    second = open_history(work_dir, {}).ledger.loads()[1]
    return dt.datetime.fromtimestamp(second.known_from_us / 1e6 - 0.001, dt.UTC).isoformat()


@pytest.mark.parametrize("task", ["StockoutPipeline", "ScoreWeek"])
def test_a_look_at_the_past_is_not_served_unless_that_is_asked(tmp_path: Path, task: str) -> None:
    refused = luigi(task, tmp_path / "work", *question("--known-at", "2024-06-17T06:00Z"))
    assert refused.returncode != 0
    assert f"left away with {task}, which changes what is served, or go with --publish-past" in refused.stdout
    assert not (tmp_path / "work").exists()
