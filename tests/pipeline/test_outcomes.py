"""What snapshots of counted shelves say is kept as the server tells it, and held against what happened."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.ingest.result import CleanHistory, write_history
from data.panel import Panel
from data.panel.build import build_panel
from data.panel.file import write_panel
from data.plans.plan import Action
from data.plans.store import Plans, Present, Proposal
from data.snapshots import Challenger, ChallengerScores, load, point_at
from data.snapshots.track_record import TRACK_RECORD
from data.state.database import Database, open_database
from data.state.tables import ALERT_EPISODES
from feature_service.client import Acknowledgement, Dismissal, Reopening, RiskClient
from monitoring.outcomes.predictions import PREDICTION_COLUMNS, counted_weeks, read_predictions, read_rules
from monitoring.outcomes.report import REPORT_FILE
from orchestration.kept_predictions import keep_published
from tests.support.fleets import publish_again
from tests.support.replays import WEEKS, Replay, keep_weeks, look, told
from tests.support.servers import running_server
from tests.support.shops import AS_OF_WEEK, Shops
from tests.support.snapshots import MODEL


def test_what_is_kept_is_what_the_server_tells(shops: Shops, tmp_path: Path) -> None:
    assert keep_published(shops.root, tmp_path) == [shops.snapshot_id]
    assert keep_published(shops.root, tmp_path) == []
    (note,) = counted_weeks(tmp_path)
    answer = shops.ask()
    assert (note.question, note.as_of_week, note.horizon_weeks) == ("inventory", AS_OF_WEEK, 1)
    assert (note.model, note.threshold) == (MODEL, answer.provenance.threshold)
    risks = {each.product_id: each.risk for each in answer.results if each.HasField("risk")}
    said = read_predictions(tmp_path, note, list(PREDICTION_COLUMNS)).hstack(read_rules(tmp_path, note))
    kept = {row["product_id"]: row for row in said.iter_rows(named=True)}
    assert kept.keys() == risks.keys()
    for product_id, risk in risks.items():
        row = kept[product_id]
        assert (row["probability"], row["alert"]) == (risk.probability, risk.alert)
        assert row["units_on_hand"] == risk.units_on_hand
        assert row["demand_per_week"] == risk.expected_demand_units
        assert row["units_at_risk"] == risk.expected_units_lost_before_relief
        has_price = risk.HasField("revenue_at_risk_before_relief")
        assert row["revenue_at_risk"] == (risk.revenue_at_risk_before_relief if has_price else None)
        day = risk.reorder_by_date
        assert row["reorder_by"] == (
            dt.date(day.year, day.month, day.day) if risk.HasField("reorder_by_date") else None
        )
        assert row["units on hand"] == -risk.units_on_hand
    assert {"days of cover", "Poisson P(demand >= stock)"} <= kept[product_id].keys()


@pytest.mark.parametrize("shards", [2, 40])  # of 40 some are empty
def test_what_is_kept_of_a_snapshot_in_shards_is_what_one_in_one_piece_says(
    shops: Shops, tmp_path: Path, shards: int
) -> None:
    gave = np.linspace(0, 1, len(shops.panel.product_ids), dtype=np.float32)
    gave[::5] = np.nan
    beside = ChallengerScores(Challenger(MODEL, "stock-1", 0.5), gave)
    snapshot = replace(load(shops.root, shops.snapshot_id), challenger=beside)
    ids = [publish_again(snapshot, tmp_path / "snapshots", each) for each in (1, shards)]
    assert keep_published(tmp_path / "snapshots", tmp_path) == sorted(ids)
    whole, sharded = (pl.read_parquet(tmp_path / "predictions" / f"{each}.parquet") for each in ids)
    assert len(whole) > 100
    assert 0 < whole["challenger_probability"].null_count() == whole["challenger_alert"].null_count() < len(whole) / 2
    assert sharded.equals(whole, null_equal=True)


def test_looked_at_every_week_or_once_at_the_end_or_in_any_order_the_same_is_known(
    replay: Replay, tmp_path: Path
) -> None:
    weekly, once, late = (tmp_path / name for name in ("weekly", "once", "late"))
    for number, week in enumerate(WEEKS):
        keep_weeks(replay, WEEKS[: number + 1], weekly)
        look(replay, week, weekly, open_database(f"sqlite:///{weekly / 'state.db'}"))
    keep_weeks(replay, WEEKS, once)
    look(replay, WEEKS[-1], once, open_database(f"sqlite:///{once / 'state.db'}"))
    keep_weeks(replay, WEEKS[2:], late)
    look(replay, WEEKS[-1], late, open_database(f"sqlite:///{late / 'state.db'}"))
    keep_weeks(replay, WEEKS, late)
    for week in (WEEKS[1], WEEKS[-1]):
        look(replay, week, late, open_database(f"sqlite:///{late / 'state.db'}"))
    episodes, record = told(once)
    assert len(episodes) > 20
    assert told(weekly) == (episodes, record)
    assert told(late) == (episodes, record)


def test_every_alert_has_an_outcome_or_a_reason_and_the_figures_follow_from_them(
    replay: Replay, history: CleanHistory, tmp_path: Path
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    keep_weeks(replay, WEEKS, tmp_path)
    summary = look(replay, WEEKS[-1], tmp_path, database)
    before = (tmp_path / "served" / TRACK_RECORD).read_bytes()
    report = (tmp_path / "outcomes" / REPORT_FILE).read_bytes()
    assert report.count(b"<img") == 5
    assert look(replay, WEEKS[-1], tmp_path, database).told_weeks == 0
    assert (tmp_path / "served" / TRACK_RECORD).read_bytes() == before
    assert (tmp_path / "outcomes" / REPORT_FILE).read_bytes() == report

    episodes, record = told(tmp_path)
    assert record is not None
    assert all(row["outcome"] in ("came_true", "did_not") or row["reason"] for row in episodes)
    notes = counted_weeks(tmp_path / "outcomes")
    alerts = sum(read_predictions(tmp_path / "outcomes", note, ["alert"])["alert"].sum() for note in notes)
    assert sum(int(str(row["alerts"])) for row in episodes) == alerts
    outcomes = {row["outcome"] for row in episodes}
    assert {"came_true", "did_not", "unknown", "open"} == outcomes
    assert summary.open_alerts == sum(row["outcome"] == "open" for row in episodes)

    counts = {(product, day): units for product, day, units in history.counts.iter_rows()}
    for row in episodes:
        if row["outcome"] == "came_true":
            assert counts[str(row["product_id"]), row["outcome_day"]] <= 0

    assert [each.figures.first_week for each in record.weeks] == list(WEEKS[:-1])
    recent = record.recent
    assert recent == record.all
    assert recent is not None
    assert sum(each.figures.fates.came_true for each in record.weeks) == recent.fates.came_true
    assert recent.model.precision is not None
    assert recent.model.precision.value == pytest.approx(recent.fates.came_true / recent.model.alerts)
    assert recent.model.average_precision is not None
    by_chance = recent.positives / recent.product_weeks
    assert recent.model.average_precision.value > 2 * by_chance
    assert {rule.alerts for rule in recent.rules.values()} == {recent.model.alerts}

    in_time, too_late = [row for row in episodes if row["outcome"] == "did_not" and row["alerts"] == 1][:2]
    acknowledge(database, in_time, last_day_of(tmp_path, in_time))
    acknowledge(database, too_late, last_day_of(tmp_path, too_late) + dt.timedelta(days=1))
    look(replay, WEEKS[-1], tmp_path, database)
    after, record = told(tmp_path)
    acted_upon = [row["product_id"] for row in after if str(row["reason"]).startswith("acted upon on")]
    assert acted_upon == [in_time["product_id"]]
    assert record is not None
    assert record.all is not None
    assert (record.all.fates.acknowledged, record.all.fates.did_not) == (1, recent.fates.did_not - 1)
    assert record.all.product_weeks == recent.product_weeks - 1


def last_day_of(folder: Path, row: dict[str, object]) -> dt.date:
    """The last day that an episode of one alert is about."""
    note = next(each for each in counted_weeks(folder / "outcomes") if each.as_of_week == row["first_week"])
    said = read_predictions(folder / "outcomes", note, ["product_id", "alert_until"])
    (until,) = said.filter(pl.col("product_id") == row["product_id"])["alert_until"].to_list()
    assert isinstance(until, dt.date)
    assert until > note.last_day + dt.timedelta(days=7), "relief takes longer than a week"
    return until


def acknowledge(database: Database, row: dict[str, object], day: dt.date) -> None:
    """Somebody acts upon an episode."""
    week = row["first_week"]
    assert isinstance(week, dt.date)
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    product_id = str(row["product_id"])
    proposal = Proposal("inventory", product_id, f"{product_id}-{day}", "ana", Action.ACKNOWLEDGEMENT)
    Plans(database).record(proposal, Present(at, at.date(), week))


def test_what_is_acknowledged_over_the_wire_is_counted_so_by_the_next_look_and_its_plan_ends_with_the_alert(
    replay: Replay, tmp_path: Path
) -> None:
    then = WEEKS[1]  # of the weeks after many alerts are not over yet
    keep_weeks(replay, WEEKS, tmp_path / "hindsight")
    look(replay, WEEKS[-1], tmp_path / "hindsight", open_database(f"sqlite:///{tmp_path / 'hindsight' / 'state.db'}"))
    in_vain = [
        str(row["product_id"])
        for row in told(tmp_path / "hindsight")[0]
        if (row["outcome"], row["first_week"], row["last_week"]) == ("did_not", then, then)
    ]
    acknowledged, dismissed, taken_back = in_vain[:3]
    url, root = f"sqlite:///{tmp_path / 'state.db'}", tmp_path / "snapshots"
    database = open_database(url)
    keep_weeks(replay, WEEKS[:2], tmp_path)
    look(replay, then, tmp_path, database)
    shutil.copytree(replay.snapshots, root)
    point_at(next(path.name for path in root.iterdir() if path.name.startswith(f"{then:%G-W%V}")), root)
    with running_server(root, "--state-url", url) as server, RiskClient(server.target) as client:
        assert all(each.alert for each in client.assess(in_vain[:3]).results)
        for product_id in (acknowledged, taken_back):
            client.decide(product_id, Acknowledgement(), author="ana")
        client.decide(taken_back, Reopening(), author="ana")
        client.decide(dismissed, Dismissal("end of the season"), author="ana")
        assert [each.state for each in client.plans([acknowledged, dismissed]).results] == ["ACKNOWLEDGED", "DISMISSED"]
        keep_weeks(replay, WEEKS, tmp_path)
        look(replay, WEEKS[-1], tmp_path, database)
        ended = [(each.state, each.ended_state) for each in client.plans([acknowledged, dismissed]).results]
        assert ended == [("OPEN", "ACKNOWLEDGED"), ("OPEN", "DISMISSED")]
    episodes, record = told(tmp_path)
    monday = then + dt.timedelta(weeks=1)
    acted_upon = [(row["product_id"], row["reason"]) for row in episodes if row["acknowledged_at_us"] is not None]
    assert acted_upon == [(acknowledged, f"acted upon on {monday}")]
    assert record is not None
    assert record.all is not None
    assert record.all.fates.acknowledged == 1
    with database.connect() as connection:
        connection.execute(ALERT_EPISODES.delete())
    look(replay, WEEKS[-1], tmp_path, database)
    assert told(tmp_path)[0] == episodes


def test_a_corrected_count_changes_what_is_known_of_a_week_that_was_over(
    replay: Replay, history: CleanHistory, tmp_path: Path
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    keep_weeks(replay, WEEKS, tmp_path)
    look(replay, WEEKS[-1], tmp_path, database)
    row = next(row for row in told(tmp_path)[0] if row["outcome"] == "did_not")
    week = row["last_week"]
    assert isinstance(week, dt.date)
    tuesday = week + dt.timedelta(days=8)
    wrong = (pl.col("product_id") == row["product_id"]) & (pl.col("counted_on") == tuesday)
    rest = history.counts.filter(~wrong)
    right = pl.DataFrame([(row["product_id"], tuesday, 0.0)], schema=rest.schema, orient="row")
    corrected = replace(history, counts=pl.concat([rest, right]).sort("product_id", "counted_on"))
    write_history(corrected, tmp_path / "history")
    panel: Panel = build_panel(corrected, as_of_week=WEEKS[-1])
    write_panel(panel, tmp_path / "panel")
    again = Replay(replay.snapshots, {WEEKS[-1]: tmp_path / "panel"}, tmp_path / "history")
    summary = look(again, WEEKS[-1], tmp_path, database)
    assert (summary.told_weeks, summary.changes.changed) == (2, 1), "it is before the relief of the week before, too"
    changed = next(
        each for each in told(tmp_path)[0] if each["product_id"] == row["product_id"] and each["last_week"] == week
    )
    assert (changed["outcome"], changed["outcome_day"]) == ("came_true", tuesday)
    assert np.isclose(float(str(changed["warning_days"])), 2 + 7 * (int(str(changed["alerts"])) - 1))
