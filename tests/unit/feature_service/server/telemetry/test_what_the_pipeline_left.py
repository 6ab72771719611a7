"""What the page tells of drift and of skill: what is not known has no sample, so that nobody takes it for 0."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from data.snapshots.last_run import FILE, ColumnStates, DriftLook, LastRun, write_last_run
from data.snapshots.scorer_record import Figure, ScorerRecord
from data.snapshots.track_record import AlertFates, TrackRecord
from feature_service.server.serving.ages import Ages
from feature_service.server.serving.track_records import KnownRecord
from feature_service.server.telemetry.last_run import LastRunCollector
from feature_service.server.telemetry.performance import PerformanceCollector
from tests.support.outcomes import track_record

NOW = dt.datetime(2024, 8, 5, 6, tzinfo=dt.UTC)
NOTHING_KNOWN = ColumnStates(unknown=9)


def samples(collector: Collector) -> dict[tuple[str, ...], float]:
    """By name and the values of all labels but the question."""
    registry = CollectorRegistry()
    registry.register(collector)
    return {
        (each.name, *(value for label, value in each.labels.items() if label != "question")): each.value
        for family in registry.collect()
        for each in family.samples
    }


def look(inputs: ColumnStates, **changes: object) -> DriftLook:
    of_others = dict.fromkeys(("features", "scores", "outcomes"), NOTHING_KNOWN)
    found = DriftLook("inventory", NOW, named=2, asks_for_refresh=True, inputs=inputs, **of_others)
    return replace(found, **changes)  # type: ignore[arg-type]


def told(found: DriftLook, root: Path) -> dict[tuple[str, ...], float]:
    write_last_run(LastRun(7, NOW, NOW, drift=(found,)), root)
    return samples(LastRunCollector(root))


def test_what_drifted_is_told_by_kind_with_its_time(tmp_path: Path) -> None:
    page = told(look(ColumnStates(drifted=3, watch=1, steady=20, unknown=4)), tmp_path)
    assert page["stockout_drift_looked_time_seconds",] == NOW.timestamp()
    assert (page["stockout_drift_named",], page["stockout_drift_asks_for_refresh",]) == (2, 1)
    states = {state: page["stockout_drift_columns", "inputs", state] for state in ("drifted", "watch", "steady")}
    assert states == {"drifted": 3, "watch": 1, "steady": 20}
    assert page["stockout_drift_columns", "inputs", "unknown"] == 4


def test_of_kinds_that_cannot_be_told_nothing_is_said_but_that(tmp_path: Path) -> None:
    page = told(look(ColumnStates(steady=5)), tmp_path)
    assert page["stockout_drift_columns", "inputs", "drifted"] == 0
    of_scores = {key[2] for key in page if key[:2] == ("stockout_drift_columns", "scores")}
    assert of_scores == {"unknown"}

    page = told(look(NOTHING_KNOWN, named=0, asks_for_refresh=False), tmp_path)
    assert page["stockout_drift_looked_time_seconds",] == NOW.timestamp()
    assert not {("stockout_drift_named",), ("stockout_drift_asks_for_refresh",)} & page.keys()


@pytest.mark.parametrize("change", ['{"drift": 1}', '{"number": 1'])
def test_a_damaged_word_of_the_run_is_told_as_such(change: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(change, encoding="utf-8")
    assert samples(LastRunCollector(tmp_path)) == {("stockout_last_run_readable",): 0}


def told_of(record: TrackRecord) -> dict[tuple[str, ...], float]:
    known = KnownRecord(record, ages=Ages(NOW, NOW.date(), NOW))
    place = SimpleNamespace(get=lambda: SimpleNamespace(question="inventory"), track_record=known)
    return samples(PerformanceCollector(SimpleNamespace(loaded=lambda: [place])))  # type: ignore[arg-type]


def test_figures_of_alerts_are_of_the_last_week_of_which_one_is_over() -> None:
    record = track_record("inventory", precision=0.25)
    newest = record.weeks[-1]
    model = ScorerRecord(is_probability=True, alerts=0, average_precision=Figure(0.3, 0.2, 0.4))
    waiting = replace(newest, figures=replace(newest.figures, model=model, fates=AlertFates()))
    page = told_of(replace(record, weeks=(*record.weeks, waiting)))
    assert page["stockout_live_precision",] == 0.25
    assert page["stockout_live_alerts", "received"] == 2
    assert page["stockout_live_average_precision",] == 0.3
    nothing = told_of(replace(record, weeks=(waiting,)))
    assert ("stockout_live_precision",) not in nothing
    assert nothing["stockout_live_alerts", "came_true"] == 0


def test_the_rule_that_did_best_stands_beside_the_model() -> None:
    record = track_record("inventory")
    assert record.recent is not None
    rules = {
        name: ScorerRecord(is_probability=False, alerts=4, average_precision=figure)
        for name, figure in (
            ("cover", Figure(0.4, 0.3, 0.5)),
            ("on hand", Figure(0.2, 0.1, 0.3)),
            ("of no row", None),
        )
    }
    model = replace(record.recent.model, average_precision=Figure(0.3, 0.2, 0.35))
    record = replace(record, recent=replace(record.recent, model=model, rules=rules))
    page = told_of(record)
    name = "stockout_recent_average_precision"
    assert [page[name, scorer, "value"] for scorer in ("model", "best_rule")] == [0.3, 0.4]
    assert page[name, "model", "high"] == 0.35
