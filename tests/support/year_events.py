"""What goes wrong in the weeks of a year, and the calendar of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from data.snapshots import current_id
from data.synthetic.demand import Turn
from data.synthetic.shops import Outage
from tests.support.processes import BIN
from tests.support.year import Year

FIRST_WEEK, WARM_UP = dt.date(2023, 1, 2), 26
OUTAGE, OUTAGE_WEEKS, BLACK_FRIDAY, SHOCK = 12, 3, 20, 33
TURN = Turn(WARM_UP + SHOCK, demand=0.0, market=0.4, chance_of_delay=0.25, longest_delay_days=7)
"""From one day to the next customers want two fifths of what they did, and suppliers are as they were."""
NO_DELIVERY = Outage(WARM_UP + OUTAGE, OUTAGE_WEEKS)
A_MEGABYTE = 1_000_000
ROLLBACK = (BIN / "python", "-m", "orchestration.rollback")

EVENTS: Mapping[int, str] = {
    1: "doubled",
    2: "late",
    3: "killed",
    4: "missed",
    5: "full_disk",
    6: "other_columns",
    7: "corrected",
    17: "missed",
    18: "missed",
    24: "rolled_back",
    27: "killed",
    29: "lifted",
    30: "late",
    40: "doubled",
    47: "corrected",
}


def monday(week: int) -> dt.date:
    """Of a week of the year, whose first is 0."""
    return FIRST_WEEK + dt.timedelta(weeks=WARM_UP + week)


def sunday(week: int) -> dt.date:
    """Of a week of the year."""
    return monday(week) + dt.timedelta(days=6)


@dataclass(frozen=True)
class Change:
    """Something that changes in the world, of which drift may be named.

    Attributes:
        week: Its first.
        lasts: Weeks in which what it changes may begin.
        named_within: Weeks after which it must have been named, if it must.
    """

    week: int
    lasts: int
    named_within: int | None = None

    def explains(self, since: dt.date) -> bool:
        """Whether a drift that began in a week is of this."""
        return monday(self.week) <= since < monday(self.week + self.lasts)


CHANGES: Mapping[str, Change] = {
    "supplier outage": Change(OUTAGE, OUTAGE_WEEKS + 4, named_within=3),
    "Black Friday": Change(BLACK_FRIDAY, 2),
    "demand shock": Change(SHOCK, 13, named_within=4),
}


class Events:
    """What goes wrong, week by week: each returns once the weekly run of its week was made, or none could be."""

    def __init__(self, year: Year) -> None:
        self.year = year

    def usual(self, week: int) -> None:
        """The week's files are there on Monday morning."""
        self._deliver(week)
        self._run_well()

    def doubled(self, week: int) -> None:
        """The same file comes twice, under two names."""
        self._deliver(week)
        self.year.market.double(sunday(week))
        self._run_well()

    def corrected(self, week: int) -> None:
        """With the week's files come corrections of the week before."""
        self._deliver(week)
        assert self.year.market.correct(monday(week - 1), sunday(week - 1))
        self._run_well()

    def late(self, week: int) -> None:
        """Nothing comes on Monday; the files are there on Thursday, and the timer has gone on."""
        before = current_id(self.year.snapshots)
        self._run_well()
        assert current_id(self.year.snapshots) == before
        self.year.turn_clock(monday(week + 1) + dt.timedelta(days=3), 6)
        self.usual(week)

    def killed(self, week: int) -> None:
        """The run is killed in the middle; the timer starts the next."""
        self._deliver(week)
        self.year.kill_a_run()
        self._run_well()

    def missed(self, week: int) -> None:
        """The machine was off: the files came, and no run was made."""
        self._deliver(week)

    def other_columns(self, week: int) -> None:
        """The seller's system calls a column otherwise: nothing is taken, a sentence says so, and somebody maps it."""
        self.year.market.rename_columns()
        self._deliver(week)
        self._ask_for_help("quantity")
        self.year.market.settle()
        self._run_well()

    def full_disk(self, week: int) -> None:
        """The disk is full to the last byte, then but for a megabyte; with room the next run needs nobody."""
        self._deliver(week)
        if self.year.disk is not None:
            for leave in (0, A_MEGABYTE):
                self.year.disk.fill(leave)
                self._ask_for_help("disk is full")
                self.year.disk.make_room()
        self._run_well()

    def rolled_back(self, week: int) -> None:
        """Somebody does not trust the champion: the one before is served and stays."""
        self.usual(week)
        said = self.year.do(*ROLLBACK, "--work-dir", self.year.work_dir)
        assert "it is pinned: no run promotes another until" in said
        self._run_well()

    def lifted(self, week: int) -> None:
        """Runs may promote again."""
        assert "is lifted" in self.year.do(*ROLLBACK, "--lift", "--work-dir", self.year.work_dir)
        self.usual(week)

    def _deliver(self, week: int) -> None:
        self.year.market.deliver(monday(week), sunday(week))

    def _ask_for_help(self, why: str) -> None:
        """A run that fails with a sentence; what was served stays."""
        before = current_id(self.year.snapshots)
        failed = self.year.run()
        assert failed.returncode != 0
        assert current_id(self.year.snapshots) == before
        self.year.weeks[-1].asked = failed.stdout.strip().splitlines()[-1]
        assert why in self.year.weeks[-1].asked, failed.stdout

    def _run_well(self) -> None:
        ended = self.year.run()
        assert ended.returncode == 0, ended.stdout
