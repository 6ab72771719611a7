"""The page on past alerts: whole whatever is known, and harmless whatever products are called."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from data.snapshots.scorer_record import ScorerRecord
from data.state.tables import ALERT_EPISODES
from data.state.times import microseconds
from monitoring.outcomes.performance import Performance
from monitoring.outcomes.report import REPORT_FILE, write_report
from tests.support.outcome_rows import FEW, HIT, IN_VAIN, MISS, WEEK, rows
from tests.support.outcomes import track_record, week

NOW = dt.datetime(2024, 6, 3, 6, tzinfo=dt.UTC)


def episode(product_id: str, **others: Any) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in ALERT_EPISODES.columns)
    row |= {"product_id": product_id, "first_week": week(0), "alerts": 2, "probability": 0.42, "outcome": "open"}
    return row | {"reason": ""} | others


def page(to: Path) -> str:
    return (to / REPORT_FILE).read_text(encoding="utf-8")


def test_before_any_outcome_is_known_the_page_says_so_and_lists_what_is_open(tmp_path: Path) -> None:
    write_report(None, None, [episode("p-17", reason="the data end on 2024-05-12")], [], "inventory", tmp_path)
    assert "No outcome is known yet" in page(tmp_path)
    assert "the data end on 2024-05-12" in page(tmp_path)
    assert "<img" not in page(tmp_path)


def test_figures_pictures_alerts_and_what_turned_out_otherwise_are_on_the_page(tmp_path: Path) -> None:
    performance = Performance(rows(HIT, MISS, IN_VAIN, *[{}] * 100), set(), FEW)
    record = replace(track_record("inventory"), recent=performance.over([WEEK]), all=performance.over([WEEK]))
    came_true = {"outcome": "came_true", "outcome_day": week(1), "warning_days": 1}
    acknowledged = {"outcome": "unknown", "reason": "acted upon", "acknowledged_at_us": microseconds(NOW)}
    change = {"product_id": "p-1", "first_week": week(0), "noted_at_us": microseconds(NOW)}
    changes = [change | {"before": "did_not", "after": "came_true on 2024-05-14"}]
    episodes = [episode("p-1", **came_true), episode("<script>\x1b[2J", **acknowledged)]
    write_report(record, performance, episodes, changes, "inventory", tmp_path)
    text = page(tmp_path)
    assert text.count("<img") == 4  # no week has an average precision
    assert "of 0 more nothing tells. Of 2 weekly alerts 1 came true, 1 did not" in " ".join(
        text.replace("\n", " ").split()
    )
    assert "came_true on 2024-05-14" in text
    assert "2024-06-03" in text
    assert "<script>" not in text
    assert "\x1b" not in text
    before = (tmp_path / REPORT_FILE).stat().st_mtime_ns
    write_report(record, performance, episodes, changes, "inventory", tmp_path)
    assert (tmp_path / REPORT_FILE).stat().st_mtime_ns == before


def test_weeks_without_enough_for_any_figure_make_a_page_all_the_same(tmp_path: Path) -> None:
    nothing = ScorerRecord(is_probability=True, alerts=0)
    performance = Performance(rows({"outcome": np.nan}), set(), FEW)
    period = replace(performance.over([WEEK]), model=nothing, rules={})
    record = track_record("inventory")
    weeks = tuple(replace(each, figures=replace(each.figures, model=nothing, rules={})) for each in record.weeks)
    write_report(replace(record, weeks=weeks, recent=period, all=period), performance, [], [], "inventory", tmp_path)
    assert "All weeks: 1 from" in page(tmp_path)
    assert "<img" not in page(tmp_path)
