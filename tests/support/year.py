"""Weeks of a market played through the real processes, each at its own time: what came, what ran, who had to help."""

import datetime as dt
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from data.weeks import iso_name
from tests.support.clocks import Clock
from tests.support.market import Market
from tests.support.processes import BIN, run

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
label = "inventory"
train_every_weeks = 4
[retention]
keep_weeks = 6
"""
RUN_HOURS = 6
"""After the end of the week that the run is about."""


@dataclass
class Week:
    """What happened in one week.

    Attributes:
        monday: Of the week that is whole when the run starts.
        run: What the weekly run said, and its exit status; None: there was none.
        asked: The sentence by which help was asked for; empty: nobody had to do anything.
    """

    monday: dt.date
    run: subprocess.CompletedProcess[str] | None = None
    asked: str = ""


@dataclass
class Year:
    """A seller's folder, its clock, and the weeks so far."""

    folder: Path
    market: Market
    clock: Clock
    weeks: list[Week] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, market: Market) -> "Year":
        """Before the first week."""
        (folder / "stockout.toml").write_text(SETTINGS, encoding="utf-8")
        return cls(folder, market, Clock(folder / "clock"))

    @property
    def work_dir(self) -> Path:
        """Everything that the runs write."""
        return self.folder / "work"

    @property
    def snapshots(self) -> Path:
        """What is served."""
        return self.work_dir / "snapshots"

    def begin(self, monday: dt.date) -> Week:
        """The Monday after a week has come."""
        self.turn_clock(monday + dt.timedelta(weeks=1), RUN_HOURS)
        self.weeks.append(Week(monday))
        return self.weeks[-1]

    def turn_clock(self, day: dt.date, hour: int) -> None:
        """It is an hour of a day, UTC, for every process of the year."""
        self.clock.turn_to(dt.datetime.combine(day, dt.time(hour), dt.UTC))

    @property
    def command(self) -> list[str | Path]:
        """What the timer starts."""
        task: list[str | Path] = [BIN / "luigi", "--module", "orchestration", "StockoutWeekly", "--local-scheduler"]
        return [*task, "--settings", self.folder / "stockout.toml"]

    def run(self, *around: str | Path) -> subprocess.CompletedProcess[str]:
        """A weekly run to its end.

        Args:
            around: A command that starts the run, such as one that enters a small disk.
        """
        ended = run([*around, *self.command], self.clock.environment())
        self.weeks[-1].run = ended
        return ended

    def do(self, *words: str | Path) -> str:
        """Another command of the suite, at the year's time; what it prints.

        Raises:
            AssertionError: If it fails.
        """
        ended = run([BIN / str(words[0]), *words[1:]], self.clock.environment())
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def kill_a_run(self) -> None:
        """Start a run and kill it as soon as it has loaded something."""
        with subprocess.Popen(self.command, env=self.clock.environment(), stderr=subprocess.PIPE, text=True) as killed:
            assert any("load" in line for line in killed.stderr or ()), "it ended before it loaded"
            killed.kill()

    def line(self) -> str:
        """The newest week in a line, for whoever waits."""
        week = self.weeks[-1]
        said = "no run" if week.run is None else week.run.stdout.strip().splitlines()[-1][10:]
        return f"{iso_name(week.monday)}  {said}" + (f"  HELP: {week.asked}" if week.asked else "")
