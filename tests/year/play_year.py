"""Weeks of a market through the real processes, with all that goes wrong in a year; nobody steps in but where asked to.

``make year`` plays 52 weeks, or WEEKS=6 of them, in which most of it goes wrong; it is no part of ``make test``.
"""

import datetime as dt
import logging
import os
import re
from collections.abc import Callable, Mapping

import pytest

from data.snapshots import current_id
from data.state.database import open_database
from data.weeks import iso_name
from feature_service.client import RiskClient
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.ledger import episodes_in
from tests.support.market import Market
from tests.support.servers import running_server
from tests.support.year import Year

WEEKS = int(os.environ.get("STOCKOUT_YEAR_WEEKS", "52"))
FIRST_WEEK, WARM_UP, PRODUCTS = dt.date(2023, 1, 2), 26, 160
log = logging.getLogger(__name__)


def monday(week: int) -> dt.date:
    return FIRST_WEEK + dt.timedelta(weeks=WARM_UP + week)


def sunday(week: int) -> dt.date:
    return monday(week) + dt.timedelta(days=6)


class Events:
    """What goes wrong, week by week: each returns once the weekly run of its week was made, or none could be."""

    def __init__(self, year: Year) -> None:
        self.year = year

    def usual(self, week: int) -> None:
        """The week's files are there on Monday morning."""
        self.year.market.deliver(monday(week), sunday(week))
        self._run_well()

    def doubled(self, week: int) -> None:
        """The same file comes twice, under two names."""
        self.year.market.deliver(monday(week), sunday(week))
        self.year.market.double(sunday(week))
        self._run_well()

    def corrected(self, week: int) -> None:
        """With the week's files come corrections of the week before."""
        self.year.market.deliver(monday(week), sunday(week))
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
        self.year.market.deliver(monday(week), sunday(week))
        self.year.kill_a_run()
        self._run_well()

    def missed(self, week: int) -> None:
        """The machine was off: the files came, and no run was made."""
        self.year.market.deliver(monday(week), sunday(week))

    def other_columns(self, week: int) -> None:
        """The seller's system calls a column otherwise: nothing is taken, a sentence says so, and somebody maps it."""
        self.year.market.rename_columns()
        self.year.market.deliver(monday(week), sunday(week))
        before = current_id(self.year.snapshots)
        failed = self.year.run()
        assert failed.returncode != 0
        assert current_id(self.year.snapshots) == before
        assert "quantity" in failed.stdout, failed.stdout
        self.year.weeks[-1].asked = failed.stdout.strip().splitlines()[-1]
        self.year.market.settle()
        self._run_well()

    def _run_well(self) -> None:
        ended = self.year.run()
        assert ended.returncode == 0, ended.stdout


EVENTS: Mapping[int, str] = {
    1: "doubled",
    2: "late",
    3: "killed",
    4: "missed",
    6: "other_columns",
    7: "corrected",
    17: "missed",
    18: "missed",
    25: "late",
    33: "doubled",
    40: "killed",
    47: "corrected",
}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """A market before its first week, and the files of all weeks before it."""
    folder = tmp_path_factory.mktemp("year")
    market = Market(folder / "market", folder / "landing", FIRST_WEEK, WARM_UP + WEEKS + 1, PRODUCTS)
    market.deliver(FIRST_WEEK, sunday(-1), name="until_now")
    return Year.of(folder, market)


@pytest.fixture(scope="module")
def played(year: Year) -> Year:
    """The year after its last week; somebody has asked a server all the time."""
    year.begin(monday(-1))
    first = year.run()
    assert first.returncode == 0, first.stdout
    events = Events(year)
    with running_server(year.snapshots, "--reload-seconds", "0.2") as server, RiskClient(server.target) as client:
        for week in range(WEEKS + 1):
            year.begin(monday(week))
            play: Callable[[int], None] = getattr(events, EVENTS.get(week, "usual"))
            play(week)
            log.info("%s  %s", play.__name__, year.line())
            product = client.list_risks(limit=1).results[0].risk.product_id
            assert client.assess([product]).results[0].probability is not None
    return year


def test_what_is_served_is_the_newest_week_at_the_end(played: Year) -> None:
    assert current_id(played.snapshots).startswith(iso_name(monday(WEEKS)))


def test_nobody_had_to_step_in_but_where_a_sentence_asked_for_it(played: Year) -> None:
    helped = [week for week in played.weeks if week.asked]
    assert len(helped) == 1
    assert "quantity" in helped[0].asked


def test_every_row_that_ever_came_is_accounted_for(played: Year) -> None:
    assert "every row and cent is accounted for" in played.do("stockout-data", "reconcile", played.work_dir)


def test_every_alert_has_an_outcome_or_a_reason(played: Year) -> None:
    database = open_database(f"sqlite:///{played.work_dir / 'state.db'}")
    episodes = episodes_in(database, "inventory")
    assert episodes
    for each in episodes:
        if each["outcome"] == Fate.OPEN:
            assert each["last_week"] >= monday(WEEKS - 1), each
        elif each["outcome"] == Fate.UNKNOWN:
            assert each["reason"], each
    assert sum(each["outcome"] == Fate.CAME_TRUE for each in episodes) > 0


def test_every_missed_week_was_said_by_the_next_run(played: Year) -> None:
    missed = [week for week in played.weeks if week.run is None]
    assert missed
    said = "".join(week.run.stdout for week in played.weeks if week.run is not None)
    for week in missed:
        assert f"week {iso_name(week.monday)} was missed" in said


def test_the_ledger_has_every_run_and_how_it_ended(played: Year) -> None:
    listed = played.do("stockout-runs", "list", "--settings", played.folder / "stockout.toml", "--limit", "100")
    states = re.findall(r"\b(succeeded|failed|interrupted|running)\b", listed)
    assert "running" not in states
    assert states.count("interrupted") == sum(name == "killed" for week, name in EVENTS.items() if week <= WEEKS)
    assert states.count("failed") == 1
