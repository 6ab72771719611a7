"""The ledger of weekly runs."""

import datetime as dt
from pathlib import Path

from data.state.database import open_database
from orchestration.weekly.ledger import QuestionEntry, RunLedger, StageEntry

NOW = dt.datetime(2024, 8, 12, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def opened(folder: Path) -> RunLedger:
    return RunLedger(open_database(f"sqlite:///{folder / 'state.db'}"))


def test_a_run_whose_process_died_is_found_interrupted_by_the_next(tmp_path: Path) -> None:
    first = opened(tmp_path).begin(NOW)
    second = opened(tmp_path).begin(NOW + HOUR)
    newest, before = opened(tmp_path).runs(5)
    assert (newest.number, newest.state) == (second, "running")
    assert (before.number, before.state, before.ended_at) == (first, "interrupted", None)
    assert "process died" in before.said


def test_what_was_written_down_is_read_again(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    run = ledger.begin(NOW)
    stage = StageEntry("inventory", "ScoreWeek", "done", 1.5, "snapshot 2024-W32-0")
    question = QuestionEntry("inventory", "scored", dt.date(2024, 8, 5), "2024-W32-0", "3", "week 2024-W32 is whole")
    ledger.add_stage(run, stage, NOW)
    ledger.add_question(run, question)
    ledger.end(run, "succeeded", "inventory scored", NOW + HOUR)
    (entry,) = opened(tmp_path).runs(5)
    assert (entry.state, entry.started_at, entry.ended_at) == ("succeeded", NOW, NOW + HOUR)
    assert opened(tmp_path).stages(run) == [stage]
    assert opened(tmp_path).questions([run]) == {run: [question]}
    assert opened(tmp_path).run(run) == entry
    assert opened(tmp_path).run(run + 1) is None


def test_the_last_training_and_the_last_success_are_remembered_over_later_runs(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    assert ledger.last_trained("inventory") is None
    assert ledger.last_success() is None
    for number, (action, state) in enumerate([("trained", "succeeded"), ("scored", "failed")]):
        run = ledger.begin(NOW + number * HOUR)
        week = dt.date(2024, 8, 5) + dt.timedelta(weeks=number)
        ledger.add_question(run, QuestionEntry("inventory", action, week, "", "1", ""))
        ledger.end(run, state, "", NOW + number * HOUR)
    assert ledger.last_trained("inventory") == dt.date(2024, 8, 5)
    assert ledger.last_trained("zero_sales") is None
    assert ledger.last_success() == NOW


def test_when_a_stage_did_something_is_told_apart_from_when_it_was_tried(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    run = ledger.begin(NOW)
    assert ledger.first_tried("LoadHistory", "landing") is None
    for number, state in enumerate(["nothing new", "failed", "done", "nothing new"]):
        ledger.add_stage(run, StageEntry("landing", "LoadHistory", state, 0.1, ""), NOW + number * HOUR)
        assert ledger.first_tried("LoadHistory", "landing") == NOW
        assert ledger.last_done("LoadHistory", "landing") == (NOW + 2 * HOUR if number >= 2 else None)
    assert ledger.last_done("LoadHistory", "elsewhere") is None
