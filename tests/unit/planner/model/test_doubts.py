"""What speaks against trusting the list: each reason by itself, and none where there is none."""

import datetime as dt
from dataclasses import replace

import pytest

from feature_service.client import (
    AlertFates,
    Figure,
    Performance,
    PerformanceAnswer,
    Provenance,
    RecordedCounts,
    ScorerPerformance,
    ServiceInfo,
)
from planner.model.doubts import FEW_POSITIVES, OLD_DAYS, doubts

MONDAY = dt.date(2024, 6, 3)
SUNDAY = MONDAY + dt.timedelta(days=6)
NOW = dt.datetime(2024, 6, 10, tzinfo=dt.UTC)
PROVENANCE = Provenance(
    *("stockout_risk", "7", "stock-1", "inventory", 0.2, "2024-W23-a", MONDAY, 1, "STOCK_AWARE", NOW),
    stale=False,
    data_until=SUNDAY,
)
INFO = ServiceInfo(PROVENANCE, NOW, 900, MONDAY, "0.1.0", 0, 0, 0, 0)


def scorer(name: str, average_precision: float, precision: float = 0.6, error: float = 0.01) -> ScorerPerformance:
    values = {
        "average_precision": average_precision,
        "precision": precision,
        "calibration_error": error,
    }
    figures = {name: Figure(value, value - 0.05, value + 0.05) for name, value in values.items()}
    unknown = dict.fromkeys(
        (
            *("precision_undisturbed", "recall", "brier", "warning_days", "warning_days_lower_quartile"),
            *("warning_days_upper_quartile", "units_lost_after_alert", "units_lost_without_alert"),
            *("revenue_lost_after_alert", "revenue_lost_without_alert"),
        )
    )
    return ScorerPerformance(name=name, is_probability=True, alerts=40, **figures, **unknown)  # type: ignore[arg-type]


RECENT = Performance(
    first_week=MONDAY - dt.timedelta(weeks=13),
    last_week=MONDAY - dt.timedelta(weeks=1),
    weeks=13,
    product_weeks=9000,
    positives=FEW_POSITIVES,
    product_weeks_unknown=9000,
    fates=AlertFates(24, 10, 2, 2, 2, 1),
    model=scorer("model", 0.6),
    rules=(scorer("units on hand", 0.4), scorer("weeks of cover", 0.59)),
)
ANSWER = PerformanceAnswer(PROVENANCE, NOW, SUNDAY, 3, RECENT, RECENT, ())


def kinds(info: ServiceInfo = INFO, answer: PerformanceAnswer | None = ANSWER, **how: object) -> list[tuple[str, bool]]:
    usual: dict[str, object] = {"today": SUNDAY + dt.timedelta(days=OLD_DAYS), "is_replay": False, "has_money": True}
    return [(each.kind, each.is_grave) for each in doubts(info, answer, **(usual | how))]  # type: ignore[arg-type]


def test_at_the_edge_of_every_rule_nothing_speaks_against_it() -> None:
    assert kinds() == []


def test_a_day_more_and_the_data_is_old_unless_it_is_a_replay() -> None:
    later = SUNDAY + dt.timedelta(days=OLD_DAYS + 1)
    assert kinds(today=later) == [("old data", True)]
    assert kinds(today=later, is_replay=True) == [("replay", False)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"provenance": replace(PROVENANCE, stale=True)}, ("old data", True)),
        ({"provenance": replace(PROVENANCE, evidence="SALES_ONLY")}, ("no stock", True)),
        ({"data_warnings": ("prices rose a hundredfold",)}, ("data warnings", False)),
        ({"recorded_counts": RecordedCounts(False, 0, None, None)}, ("counts cut off", False)),
    ],
)
def test_what_is_wrong_with_the_data_is_told(changed: dict[str, object], expected: tuple[str, bool]) -> None:
    assert kinds(replace(INFO, **changed)) == [expected]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"positives": FEW_POSITIVES - 1}, ("few outcomes", False)),
        ({"product_weeks_unknown": 9001}, ("mostly unknown", False)),
        ({"rules": (scorer("weeks of cover", 0.61),)}, ("rule better", True)),
        ({"model": scorer("model", 0.6, error=0.11)}, ("far off", True)),
        ({"model": scorer("model", 0.6, precision=0.49)}, ("worse lately", False)),
    ],
)
def test_what_is_wrong_with_its_record_is_told(changed: dict[str, object], expected: tuple[str, bool]) -> None:
    assert kinds(answer=replace(ANSWER, recent=replace(RECENT, **changed))) == [expected]  # type: ignore[arg-type]


def test_without_a_record_or_money_that_is_told_and_what_is_grave_comes_first() -> None:
    sales = replace(INFO, provenance=replace(PROVENANCE, evidence="SALES_ONLY"), data_warnings=("x",))
    told = kinds(sales, None, has_money=False)
    assert told == [("no stock", True), ("no money", False), ("data warnings", False), ("no record", False)]
