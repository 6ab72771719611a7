"""Weeks of a market through the real processes, with all that goes wrong in a year; nobody steps in but where asked to.

``make year`` plays 52 weeks. ``make test`` plays 8, in which most of it goes wrong.
"""

import datetime as dt
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import polars as pl
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from data.snapshots import current_id
from data.state.database import open_database
from data.weeks import iso_name
from feature_service.client import RiskClient
from feature_service.client.results import RiskAnswer
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.ledger import episodes_in
from monitoring.outcomes.predictions import counted_weeks, read_predictions
from tests.support.bentos import post, served_bento
from tests.support.clocks import Clock
from tests.support.disks import mounted_disk
from tests.support.market import Market
from tests.support.preloaded import preloaded_in
from tests.support.receivers import http_receiver
from tests.support.servers import running_server
from tests.support.year import KEEP_WEEKS, QUESTION, TRAIN_EVERY_WEEKS, Week, Year
from tests.support.year_events import CHANGES, EVENTS, FIRST_WEEK, NO_DELIVERY, TURN, WARM_UP, Events, monday, sunday
from training.registry.ledger import PROMOTED

ROLLED_BACK, LIFTED = (
    next(week for week, event in EVENTS.items() if event == name) for name in ("rolled_back", "lifted")
)
WEEKS = int(os.environ.get("STOCKOUT_YEAR_WEEKS", "8"))
KEPT_WEEKS = KEEP_WEEKS + 2 * TRAIN_EVERY_WEEKS
PRODUCTS, DISK_KIB = 400, 1_000_000
log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """A market before its first week, and the files of all weeks before it."""
    folder = tmp_path_factory.mktemp("year")
    (folder / "work").mkdir()
    weeks = WARM_UP + WEEKS + 1
    market = Market(folder / "market", folder / "landing", FIRST_WEEK, weeks, PRODUCTS, TURN, NO_DELIVERY)
    market.deliver(FIRST_WEEK, sunday(-1), name="until_now")
    clock = Clock()
    with (
        http_receiver(folder / "receiver") as receiver,
        mounted_disk(folder / "work", DISK_KIB) as disk,
        preloaded_in(clock.environment) as run,
    ):
        yield Year.of(folder, market, receiver, disk, clock, run)


@pytest.fixture(scope="module")
def played(year: Year) -> Year:
    """The year after its last week; somebody has asked both doors all the time."""
    year.begin(monday(-1), "the first run")
    first = year.run()
    assert first.returncode == 0, first.stdout
    events = Events(year)
    with ExitStack() as open_doors:
        server = open_doors.enter_context(running_server(year.snapshots, "--reload-seconds", "0.2"))
        client = open_doors.enter_context(RiskClient(server.target))
        bento = open_doors.enter_context(served_bento(year.work_dir / "bentoml", server.target, year.folder))
        for week in range(WEEKS + 1):
            event = EVENTS.get(week, "usual")
            now = year.begin(monday(week), event)
            play: Callable[[int], None] = getattr(events, event)
            try:
                play(week)
                year.look()
                check_doors(year, client, bento)
            except AssertionError as error:  # the weeks after it are worth playing, too
                now.failed = str(error)
            log.info("%s", year.line())
    return year


def check_doors(year: Year, client: RiskClient, bento: str) -> None:
    """Both answer from what is served now, and say the same."""
    product, answer = asked(client, current_id(year.snapshots))
    response = post(f"{bento}/assess", {"product_ids": [product]})
    assert response.status_code == 200, response.text
    body = response.json()
    said = (answer.provenance.model_version, answer.results[0].probability)
    assert (body["model_version"], body["results"][0]["probability"]) == said
    assert answer.provenance.model_version == year.weeks[-1].version


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
def asked(client: RiskClient, snapshot_id: str) -> tuple[str, RiskAnswer]:
    """The product most at risk and what is said of it, as soon as the server answers from a snapshot."""
    product = client.list_risks(limit=1).results[0].risk.product_id
    answer = client.assess([product])
    assert answer.provenance.snapshot_id == snapshot_id
    assert answer.results[0].probability is not None
    return product, answer


def test_every_week_went_as_its_event_demands(played: Year) -> None:
    assert {iso_name(week.monday): week.failed for week in played.weeks if week.failed} == {}


def test_what_is_served_is_the_newest_week_at_the_end(played: Year) -> None:
    assert current_id(played.snapshots).startswith(iso_name(monday(WEEKS)))


def test_nobody_had_to_step_in_but_where_a_sentence_asked_for_it(played: Year) -> None:
    helped = {week.event: week.asked for week in played.weeks if week.asked}
    assert set(helped) == {"other_columns"} | ({"full_disk"} if played.disk else set())
    told = [each["sentence"] for message in played.told for each in message["failures"]]
    for sentence in helped.values():
        assert any(each in sentence for each in told), (sentence, told)


def test_a_full_disk_was_played(played: Year) -> None:
    if played.disk is None:
        pytest.skip("this process may mount no disk: make year starts it in a mount namespace of its own, where it may")
    assert "full_disk" in [week.event for week in played.weeks]


def test_every_row_that_ever_came_is_accounted_for(played: Year) -> None:
    assert "every row and cent is accounted for" in played.do("stockout-data", "reconcile", played.work_dir)


def test_every_alert_has_an_outcome_or_a_reason(played: Year) -> None:
    database = open_database(f"sqlite:///{played.work_dir / 'state.db'}")
    episodes = episodes_in(database, QUESTION)
    assert episodes
    for each in episodes:
        if each["outcome"] == Fate.OPEN:
            # it is open until relief: the lead time of a product, and a week until the next run
            assert each["last_week"] + dt.timedelta(days=each["lead_time_days"] + 13) >= monday(WEEKS), each
        elif each["outcome"] == Fate.UNKNOWN:
            assert each["reason"], each
    fates = {fate: sum(each["outcome"] == fate for each in episodes) for fate in Fate}
    log.info("alerts: %s", fates)
    assert fates[Fate.CAME_TRUE] > 0


def test_an_alert_that_is_worse_is_told_with_its_newest_figures(played: Year) -> None:
    worse = [(message["runs"][-1]["snapshots"], alert) for message in played.told for alert in message["worse"]]
    assert worse
    folder = played.work_dir / "outcomes" / QUESTION
    notes = {note.snapshot_id: note for note in counted_weeks(folder)}
    figures = {
        "probability": "alert_probability",
        "units_on_hand": "units_on_hand",
        "revenue_at_risk": "revenue_at_risk",
    }
    for snapshots, alert in worse:
        said = read_predictions(folder, notes[snapshots[QUESTION]], ["product_id", *figures.values()])
        row = said.row(by_predicate=pl.col("product_id") == alert["product_id"], named=True)
        assert {each: alert[each] for each in figures} == {each: row[kept] for each, kept in figures.items()}, alert
        assert alert["probability"] > alert["probability_before"]


def test_every_missed_week_was_said_by_the_next_run(played: Year) -> None:
    missed = [week for week in played.weeks if week.run is None]
    assert missed
    said = "".join(week.run.stdout for week in played.weeks if week.run is not None)
    for week in missed:
        assert f"week {iso_name(week.monday)} was missed" in said


def test_the_ledger_has_every_run_and_how_it_ended(played: Year) -> None:
    listed = played.do("stockout-runs", "list", "--settings", played.folder / "stockout.toml", "--limit", "100")
    states = re.findall(r"^ *\d+ +(\w+)", listed, re.MULTILINE)
    assert set(states) <= {"succeeded", "failed", "interrupted"}
    killed = sum(week.event == "killed" for week in played.weeks)
    helped = sum(bool(week.asked) for week in played.weeks)
    # where the state has no room either, the run that ends so can only be written down by the next one
    assert states.count("interrupted") == killed + bool(played.disk)
    assert states.count("failed") == helped - bool(played.disk)


def test_what_changed_was_named_as_drift_within_the_stated_weeks_and_nothing_else_was(played: Year) -> None:
    named = [(week, finding) for week in played.weeks for finding in week.drift]
    for name, change in CHANGES.items():
        weeks = [week.monday for week, finding in named if change.explains(finding.since)]
        log.info("%s of %s named in %s", name, monday(change.week), [f"{week}" for week in weeks])
        if change.named_within is not None and change.week + change.named_within <= WEEKS:
            assert weeks, name
            assert weeks[0] < monday(change.week + change.named_within), name
    assert [each for each in named if not any(change.explains(each[1].since) for change in CHANGES.values())] == []


def test_drift_was_told(played: Year) -> None:
    told = {each["drift_id"] for message in played.told for each in message["drift"]}
    assert {f"{QUESTION} {finding.id}" for week in played.weeks for finding in week.drift} == told


def test_the_champion_is_never_older_than_stated_but_while_a_decision_says_why(played: Year) -> None:
    log.info("weeks since what the champion learned from: %s", [week.champion_weeks for week in played.weeks])
    for week in played.weeks:
        if week.champion_weeks > TRAIN_EVERY_WEEKS:
            assert week.decision is not None
            assert week.decision.action != PROMOTED, week
            assert week.decision.reasons, week


@pytest.mark.skipif(WEEKS < LIFTED, reason="a champion is rolled back in a later week: make year plays it")
def test_a_rollback_holds_until_it_is_lifted(played: Year) -> None:
    pinned = {week.version for week in _weeks_of(played, ROLLED_BACK, LIFTED - 1)}
    (before,) = (week.version for week in _weeks_of(played, ROLLED_BACK - 1, ROLLED_BACK - 1))
    assert len(pinned) == 1
    assert pinned != {before}
    after = _weeks_of(played, LIFTED + TRAIN_EVERY_WEEKS, WEEKS)
    assert all(int(week.version) > int(before) for week in after)


@pytest.mark.skipif(WEEKS < KEPT_WEEKS, reason="nothing is old enough to be taken away: make year waits for it")
def test_what_runs_left_is_taken_away_in_time(played: Year) -> None:
    kept = {folder.name for folder in (played.work_dir / "panel").glob("*/*")}
    assert not kept & {iso_name(monday(week)) for week in range(-1, WEEKS - KEPT_WEEKS)}


def _weeks_of(played: Year, first: int, last: int) -> list[Week]:
    return [week for week in played.weeks if monday(first) <= week.monday <= monday(last)]
