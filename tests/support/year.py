"""Weeks of a market played through the real processes, each at its own time: what came, what ran, who had to help."""

import datetime as dt
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.snapshots import current_id
from data.snapshots.snapshot import BUNDLE, Manifest
from data.weeks import iso_name
from feature_service.bundle import CONTRACT_FILE, Contract
from monitoring.drift.report.record import Finding
from orchestration.drift_command import newest_reports
from orchestration.registry_places import ledger_in
from tests.support.clocks import Clock
from tests.support.disks import SmallDisk
from tests.support.market import Market
from tests.support.preloaded import Run
from tests.support.processes import BIN
from tests.support.receivers import Receiver
from training.registry.ledger import Entry, read_all, registries

QUESTION, TRAIN_EVERY_WEEKS, KEEP_WEEKS = "inventory", 4, 6
SETTINGS = """
work_dir = "work"
[[source]]
folder = "landing"
[run]
backtest_weeks = 8
refit_every = 8
estimator = "random_forest"
row_budget = 4000
alert_budget = 15
[[question]]
label = "{question}"
train_every_weeks = {train_every_weeks}
[retention]
keep_weeks = {keep_weeks}
[[notify.webhook]]
url = "http://127.0.0.1:{port}/"
secret_file = "secret"
"""
RUN_HOURS = 6
"""After the end of the week that the run is about."""


@dataclass
class Week:
    """What happened in one week.

    Attributes:
        monday: Of the week that is whole when the run starts.
        event: What went wrong in it.
        run: What the last weekly run said, and its exit status; None: there was none.
        asked: The sentence by which help was asked for; empty: nobody had to do anything.
        version: Of the model that is served after it.
        champion_weeks: From the last week that this model learned from to the week that is served.
        decision: The newest of the promotion ledger.
        drift: What the run named.
        failed: What was not as it should be; the year goes on.
    """

    monday: dt.date
    event: str
    run: subprocess.CompletedProcess[str] | None = None
    asked: str = ""
    version: str = ""
    champion_weeks: int = 0
    decision: Entry | None = None
    drift: tuple[Finding, ...] = ()
    failed: str = ""


@dataclass
class Year:
    """A seller's folder, its clock, who is told, its disk if it has one of its own, what runs a command, the weeks."""

    folder: Path
    market: Market
    clock: Clock
    receiver: Receiver
    disk: SmallDisk | None
    run_at_its_time: Run
    weeks: list[Week] = field(default_factory=list)

    @classmethod
    def of(
        cls, folder: Path, market: Market, receiver: Receiver, disk: SmallDisk | None, clock: Clock, run: Run
    ) -> "Year":
        """Before the first week."""
        (folder / "secret").write_text("no secret", encoding="utf-8")
        numbers = {"train_every_weeks": TRAIN_EVERY_WEEKS, "keep_weeks": KEEP_WEEKS, "port": receiver.port}
        (folder / "stockout.toml").write_text(SETTINGS.format(question=QUESTION, **numbers), encoding="utf-8")
        return cls(folder, market, clock, receiver, disk, run)

    @property
    def work_dir(self) -> Path:
        """Everything that the runs write."""
        return self.folder / "work"

    @property
    def snapshots(self) -> Path:
        """What is served."""
        return self.work_dir / "snapshots"

    @property
    def told(self) -> list[dict[str, Any]]:
        """What somebody was told of so far, message by message."""
        return [json.loads(each["body"]) for each in self.receiver.got()]

    def begin(self, monday: dt.date, event: str) -> Week:
        """The Monday after a week has come."""
        self.turn_clock(monday + dt.timedelta(weeks=1), RUN_HOURS)
        self.weeks.append(Week(monday, event))
        return self.weeks[-1]

    def turn_clock(self, day: dt.date, hour: int) -> None:
        """It is an hour of a day, UTC, for every process; files keep the time at which they were written."""
        self.clock.date_files(self.work_dir)
        self.clock.turn_to(dt.datetime.combine(day, dt.time(hour), dt.UTC))

    @property
    def command(self) -> list[str | Path]:
        """What the timer starts."""
        task: list[str | Path] = [BIN / "luigi", "--module", "orchestration", "StockoutWeekly", "--local-scheduler"]
        return [*task, "--settings", self.folder / "stockout.toml"]

    def run(self) -> subprocess.CompletedProcess[str]:
        """A weekly run to its end."""
        ended = self.run_at_its_time(self.command)
        self.weeks[-1].run = ended
        return ended

    def do(self, *words: str | Path) -> str:
        """Another command of the suite, at the year's time; what it prints.

        Raises:
            AssertionError: If it fails.
        """
        ended = self.run_at_its_time([BIN / str(words[0]), *words[1:]])
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def kill_a_run(self) -> None:
        """Start a run and kill it as soon as it has loaded something."""
        with subprocess.Popen(self.command, env=self.clock.environment(), stderr=subprocess.PIPE, text=True) as killed:
            assert any("load" in line for line in killed.stderr or ()), "it ended before it loaded"
            killed.kill()

    def look(self) -> None:
        """Write down where the newest week ends."""
        week, served = self.weeks[-1], self.snapshots / current_id(self.snapshots)
        manifest = Manifest.of(served)
        contract = Contract.from_json((served / BUNDLE / CONTRACT_FILE).read_text(encoding="utf-8"))
        learned_until = dt.date.fromisoformat(contract.training_window[1])
        week.version, week.champion_weeks = manifest.model.version, (manifest.as_of_week - learned_until).days // 7
        ledger = ledger_in(self.work_dir)
        week.decision = read_all(ledger, registries(ledger)[-1])[-1]
        if (self.work_dir / "drift").exists():
            (report,) = newest_reports(self.work_dir, QUESTION)
            week.drift = report.drifted if report.as_of_week == week.monday else ()

    def line(self) -> str:
        """The newest week in a line, for whoever waits."""
        week = self.weeks[-1]
        said = "no run" if week.run is None else week.run.stdout.strip().splitlines()[-1][10:]
        parts = [
            f"{week.event:13}",
            iso_name(week.monday),
            f"version {week.version}, {week.champion_weeks} weeks",
            said,
        ]
        parts += [f"HELP: {week.asked}"] if week.asked else []
        parts += [f"FAILED: {week.failed}"] if week.failed else []
        if week.decision and week.decision not in [before.decision for before in self.weeks[:-1]]:
            parts.append(f"DECIDED: {week.decision.version} {week.decision.action}: {week.decision.reasons[0]}")
        return "  ".join([*parts, *(f"DRIFT: {each.sentence}" for each in week.drift)])
