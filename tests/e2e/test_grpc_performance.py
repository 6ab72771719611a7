"""How past answers turned out, as a client hears of it and an operator sees it."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tenacity import retry, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from data.snapshots.scorer_record import FIGURES, Figure, ScorerRecord
from data.snapshots.track_record import TRACK_RECORD, TrackRecord, write_track_record
from feature_service.client import AsyncRiskClient, PerformanceAnswer, RefusedError, RiskClient
from feature_service.client.performance import ScorerPerformance
from tests.support.metrics_page import page_of, value
from tests.support.outcomes import track_record, week
from tests.support.servers import START_TIMEOUT_S, RunningServer, running_server
from tests.support.snapshots import publish_snapshot, synthetic_panel

QUESTION = "zero_sales"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshots"
    publish_snapshot(folder, synthetic_panel(products=20))
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[RunningServer]:
    with running_server(root, "--reload-seconds", "0.02", "--metrics-port", "0") as running:
        yield running


def until(found: Callable[[Any], bool], look: Callable[[], Any]) -> Any:
    """What is seen as soon as it is what is waited for."""
    waiting = retry(
        retry=retry_if_result(lambda seen: not found(seen)) | retry_if_exception_type(RefusedError),
        stop=stop_after_delay(START_TIMEOUT_S),
        wait=wait_fixed(0.05),
    )
    return waiting(look)()


def assert_same(answer: PerformanceAnswer, record: TrackRecord) -> None:
    assert (answer.written_at, answer.data_until) == (record.written_at, record.data_until)
    assert (answer.open_alerts, answer.all) == (3, None)
    assert answer.provenance.question == record.question
    periods = [(answer.recent, record.recent)]
    periods += [(ours.performance, theirs.figures) for ours, theirs in zip(answer.weeks, record.weeks, strict=True)]
    for ours, theirs in periods:
        assert ours is not None
        assert theirs is not None
        for name in ("first_week", "last_week", "weeks", "product_weeks", "positives", "product_weeks_unknown"):
            assert getattr(ours, name) == getattr(theirs, name)
        assert vars(ours.fates) == vars(theirs.fates)
        assert_same_scorer(ours.model, theirs.model)
        for rule in ours.rules:
            assert_same_scorer(rule, theirs.rules[rule.name])
    for told, known in zip(answer.challengers, record.challengers, strict=True):
        for name, of_record in vars(known).items():
            if isinstance(of_record, ScorerRecord):
                assert getattr(told, name).name == name
                assert_same_scorer(getattr(told, name), of_record)
            elif isinstance(of_record, Figure):
                assert vars(getattr(told, name)) == vars(of_record)
            else:
                assert getattr(told, name) == of_record


def assert_same_scorer(ours: ScorerPerformance, theirs: ScorerRecord) -> None:
    assert (ours.alerts, ours.is_probability) == (theirs.alerts, theirs.is_probability)
    quartiles = theirs.warning_days_quartiles or (None, None)
    assert (ours.warning_days_lower_quartile, ours.warning_days_upper_quartile) == quartiles
    for name in FIGURES:
        figure = getattr(theirs, name)
        assert getattr(ours, name) == figure or vars(getattr(ours, name)) == vars(figure)


def test_a_record_is_told_as_soon_as_it_is_written_and_harms_nothing_where_it_is_damaged(
    root: Path, server: RunningServer
) -> None:
    with RiskClient(server.target) as client:
        with pytest.raises(RefusedError, match=r"no outcome of zero_sales is known yet: run ScoreOutcomes") as refused:
            client.performance()
        assert refused.value.code == "FAILED_PRECONDITION"

        record = track_record(QUESTION)
        write_track_record(record, root)
        assert_same(until(lambda answer: bool(answer.weeks), client.performance), record)
        assert asyncio.run(ask(server.target)) == client.performance()

        (root / "damaged").write_text(record.to_json()[:-100], encoding="utf-8")
        (root / "damaged").replace(root / TRACK_RECORD)  # at once: the server must not see half of it as well
        failures = "stockout_track_record_failures_total"
        until(lambda page: value(page, failures, question=QUESTION) == 1, lambda: page_of(server))
        assert_same(client.performance(), record)

        write_track_record(track_record("another"), root)
        until(lambda page: value(page, failures, question=QUESTION) == 2, lambda: page_of(server))
        assert_same(client.performance(), record)

        newer = track_record(QUESTION, precision=0.5)
        write_track_record(newer, root)
        told = until(lambda answer: answer.recent.model.precision.value == 0.5, client.performance)
        assert_same(told, newer)
    refusals = [line["error"] for line in server.events if line["event"] == "track record refused"]
    assert len(refusals) == 2, "each is told once, however often it is looked at"
    assert "cannot be read" in refusals[0]
    assert "is of the question 'another', not of 'zero_sales'" in refusals[1]


async def ask(target: str) -> PerformanceAnswer:
    async with AsyncRiskClient(target) as client:
        return await client.performance()


def test_a_damaged_record_keeps_no_server_from_starting(root: Path) -> None:
    (root / TRACK_RECORD).write_text("{", encoding="utf-8")
    with running_server(root) as server, RiskClient(server.target) as client:
        with pytest.raises(RefusedError, match="no outcome of zero_sales is known yet"):
            client.performance()
        assert client.assess(["a"]).provenance.question == QUESTION


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has a record from its start."""
    folder = tmp_path_factory.mktemp("telling") / "snapshots"
    publish_snapshot(folder, synthetic_panel(products=20))
    write_track_record(track_record(QUESTION), folder)
    with running_server(folder, "--metrics-port", "0") as running:
        yield running


def test_operators_see_the_last_week_and_no_figure_that_is_not_known(telling: RunningServer) -> None:
    page = page_of(telling)
    assert value(page, "stockout_live_precision", question=QUESTION) == 0.25
    assert value(page, "stockout_live_recall", question=QUESTION) == 0.25
    assert "stockout_live_average_precision{" not in page
    assert value(page, "stockout_open_alerts", question=QUESTION) == 3
    assert value(page, "stockout_live_alerts", question=QUESTION, fate="received") == 2
    assert value(page, "stockout_live_week_age_seconds", question=QUESTION) > 0


def stockout(target: str, *options: str) -> str:
    command = [sys.executable, "-m", "feature_service.client", "performance", "--target", target, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_command_prints_the_figures_for_people_and_programs(telling: RunningServer) -> None:
    table, as_json, as_csv = (stockout(telling.target, f"--{form}") for form in ("table", "json", "csv"))
    table = " ".join(table.split())
    assert "did the alerts come true? zero_sales, 2 weeks up to 2024-05-13" in table
    assert "0.250 [0.15, 0.35]" in table
    assert "units on hand" in table
    assert "of 11 alerts 1 came true, 1 did not, 2 would have without a delivery, 3 cannot be known, 4 were" in table
    assert json.loads(as_json)["recent"]["model"]["precision"] == {"value": 0.25, "low": 0.15, "high": 0.35}
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [(row["over"], row["scorer"]) for row in rows] == [
        (over, scorer) for over in (str(week(0)), str(week(1)), "recent") for scorer in ("model", "units on hand")
    ]
    assert (rows[0]["precision"], rows[0]["brier"]) == ("", "0.02")
    assert (rows[2]["precision_high"], rows[2]["warning_days_upper_quartile"]) == ("0.35", "7.0")
