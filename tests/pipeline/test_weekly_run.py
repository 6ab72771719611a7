"""The weekly run as a timer starts it: again and again, killed, doubled, with a broken file, with nothing new."""

import datetime as dt
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from data.snapshots import current_id
from data.synthetic.shops import write_synthetic_generic
from orchestration.published_runs import newest_command
from orchestration.weekly.lock import only_weekly_run
from tests.support.clocks import Clock
from tests.support.deliveries import FIRST_MONDAY, deliver
from tests.support.metrics_page import page_of, value
from tests.support.preloaded import Run, preloaded_in
from tests.support.processes import BIN, free_port, running, wait_for_http
from tests.support.receivers import Receiver, http_receiver
from tests.support.servers import running_server
from training.labels import DEFAULT_ALPHA
from training.registry.question import Question

SETTINGS = """
work_dir = "work"
[[source]]
folder = "landing"
[run]
backtest_weeks = 8
refit_every = 8
estimator = "random_forest"
row_budget = 2000
[[question]]
label = "inventory"
"""


class Shop:
    """A folder with settings, into which files arrive."""

    def __init__(self, folder: Path, whole: Path, told: Receiver, clock: Clock, run: Run) -> None:
        self.folder, self._whole, self._told = folder, whole, told
        self.clock, self.do = clock, run
        self.settings = folder / "stockout.toml"
        (folder / "secret").write_text("no secret")
        webhook = f'[[notify.webhook]]\nurl = "http://127.0.0.1:{told.port}/"\nsecret_file = "secret"\n'
        self.settings.write_text(SETTINGS + webhook)

    @property
    def told(self) -> list[dict[str, Any]]:
        """What somebody was told of so far, message by message."""
        return [json.loads(each["body"]) for each in self._told.got()]

    def deliver(self, until: dt.date) -> None:
        """Everything up to a day, in the place of what lay there; it is the morning after."""
        deliver(self._whole, self.folder / "landing", until)
        self.clock.turn_to(dt.datetime.combine(until + dt.timedelta(days=1), dt.time(6), dt.UTC))

    def command(self) -> list[str]:
        """What a timer starts."""
        task = [str(BIN / "luigi"), "--module", "orchestration", "StockoutWeekly", "--local-scheduler"]
        return [*task, "--settings", str(self.settings)]

    def run(self) -> subprocess.CompletedProcess[str]:
        """A run to its end."""
        return self.do(self.command())

    def runs(self, *arguments: str) -> str:
        """What ``stockout-runs`` prints."""
        shown = self.do([BIN / "stockout-runs", *arguments, "--settings", self.settings])
        assert shown.returncode == 0, shown.stdout
        return shown.stdout

    @property
    def served(self) -> str:
        """The snapshot that is served."""
        return current_id(self.folder / "work" / "snapshots")


def episodes(told: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["product_id"], each["episode_id"]) for each in told}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=120, weeks=32, first_week=FIRST_MONDAY)
    return folder


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with http_receiver(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def shop(whole: Path, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """After its first run."""
    folder = tmp_path_factory.mktemp("shop")
    clock = Clock()
    with preloaded_in(clock.environment) as run:
        shop = Shop(folder, whole, receiver, clock, run)
        shop.deliver(dt.date(2024, 7, 21))
        first = shop.run()
        assert first.returncode == 0, first.stdout
        assert "inventory trained: there is no champion yet" in first.stdout
        assert shop.served.startswith("2024-W29")
        yield shop


def test_a_second_start_does_nothing_and_what_a_killed_one_published_is_told_by_the_next(shop: Shop) -> None:
    before = shop.served
    again = shop.run()
    assert again.returncode == 0, again.stdout
    assert "inventory nothing to do: week 2024-W29 is served" in again.stdout
    assert shop.served == before
    (told,) = shop.told
    new = episodes(told["new"])
    assert new
    assert not told["resolved"]

    shop.deliver(dt.date(2024, 7, 28))
    with subprocess.Popen(shop.command(), env=shop.clock.environment(), stderr=subprocess.PIPE, text=True) as killed:
        assert any("scoreweek" in line for line in killed.stderr or ()), "it ended before it published"
        killed.kill()
    assert shop.served.startswith("2024-W30")
    assert len(shop.told) == 1

    after = shop.run()
    assert after.returncode == 0, after.stdout
    assert "inventory nothing to do: week 2024-W30 is served" in after.stdout
    _, told = shop.told
    assert episodes(told["new"])
    assert episodes(told["resolved"]) <= new
    assert not episodes(told["new"]) & new, "an alert that goes on was told again"
    listed = shop.runs("list")
    assert [word for word in listed.split() if word in ("succeeded", "interrupted")] == [
        "succeeded",
        "interrupted",
        "succeeded",
        "succeeded",
    ]
    assert "ScoreOutcomes" in shop.runs("show", "4")


def test_a_run_steps_aside_while_another_is_at_work(shop: Shop) -> None:
    with only_weekly_run(shop.folder / "work") as is_mine:
        assert is_mine
        second = shop.run()
    assert second.returncode == 0, second.stdout
    assert "another run is at work" in second.stdout


def test_a_file_that_cannot_be_read_is_told_and_what_was_served_goes_on(shop: Shop) -> None:
    before, bad = shop.served, shop.folder / "landing" / "sales.csv"
    good = bad.read_bytes()
    bad.write_text("product_id,sold_at,quantity\nA,yesterday,many\n")
    told = len(shop.told)
    for _ in range(2):
        failed = shop.run()
        assert failed.returncode != 0
        assert "sales.csv" in failed.stdout
    assert len(shop.told) == told + 1, "what goes wrong again and again is told once a day"
    assert "sales.csv" in shop.told[-1]["failures"][0]["sentence"]
    assert shop.served == before
    with running_server(shop.folder / "work" / "snapshots", "--metrics-port", "0") as server:
        page = page_of(server)
        assert value(page, "stockout_last_run_failures") == 1
        ended, well = (value(page, f"stockout_last_run_{name}time_seconds") for name in ("end_", "success_"))
        assert well < ended <= time.time()
        assert value(page, "stockout_drift_looked_time_seconds", question="inventory") > 0
        assert value(page, "stockout_drift_columns", question="inventory", of="inputs") > 0
        bad.write_bytes(good)
        assert shop.run().returncode == 0
        page = page_of(server)
        assert value(page, "stockout_last_run_failures") == 0
        assert value(page, "stockout_last_run_success_time_seconds") > ended


def test_a_source_that_brings_nothing_for_long_is_told(shop: Shop) -> None:
    shop.clock.turn_to(dt.datetime(2024, 8, 8, 6, tzinfo=dt.UTC))
    late = shop.run()
    assert late.returncode == 0, late.stdout
    assert "nothing new came into" in late.stdout
    assert "nothing new came into" in shop.told[-1]["failures"][0]["sentence"]


def test_the_pages_of_luigid_and_of_mlflow_name_the_run(shop: Shop, tmp_path: Path) -> None:
    port, env = free_port(), shop.clock.environment()
    luigid: list[str | Path] = [BIN / "luigid", "--address=127.0.0.1", f"--port={port}", f"--logdir={tmp_path}"]
    with running([*luigid, f"--state-path={tmp_path}/state"], tmp_path / "log", env):
        wait_for_http(f"http://127.0.0.1:{port}/static/visualiser/index.html")
        command = [word for word in shop.command() if word != "--local-scheduler"]
        ended = shop.do([*command, "--scheduler-host", "127.0.0.1", "--scheduler-port", str(port)])
        assert ended.returncode == 0, ended.stdout
        listed = json.loads(wait_for_http(f'http://127.0.0.1:{port}/api/task_list?data={{"status":"DONE"}}'))
        (task,) = (each for each, of in listed["response"].items() if of["name"] == "StockoutWeekly")
        asked = f'{{"task_id":"{task}"}}'
        said = json.loads(wait_for_http(f"http://127.0.0.1:{port}/api/get_task_status_message?data={asked}"))
    number = shop.runs("list", "--limit", "1").split("succeeded")[0].split()[-1]
    assert f"stockout-runs show {number}" in said["response"]["statusMessage"]

    registry = MlflowClient(f"sqlite:///{shop.folder / 'work' / 'mlflow' / 'mlflow.db'}")
    trained = registry.get_run(str(registry.get_model_version("stockout_risk", "1").run_id))
    assert trained.data.tags["weekly_run"] == "1"
    assert "stockout-runs show 1" in trained.data.tags["mlflow.note.content"]
    assert "trained" in shop.runs("show", "1")


def test_a_model_that_was_trained_before_is_not_said_to_be_trained_again(shop: Shop) -> None:
    at_once = [*shop.command(), "--train", "now"]
    trained, again = shop.do(at_once), shop.do(at_once)
    assert "inventory trained: it was asked for; stockout_risk version 2 " in trained.stdout
    assert again.returncode == 0, again.stdout
    done_before = "it was asked for; of these data and settings a model was trained before"
    assert f"inventory nothing to do: {done_before}" in again.stdout
    command = newest_command(shop.folder / "work", Question("inventory", 1, DEFAULT_ALPHA))
    assert command is not None
    assert "--weekly-run" not in command, "who gives it again by hand is no weekly run"
