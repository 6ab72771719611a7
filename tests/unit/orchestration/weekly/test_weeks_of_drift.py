"""Weekly runs over a drift: what each names, and when it trains."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np

from data.panel import PRICE_MEAN, Panel
from monitoring.drift import WATCH, DriftReport, Watched, watch
from orchestration.weekly.plan import DUE, Standing, drift_to_learn, next_step
from tests.support.drift import Fields, changed, steady_panel
from training.labels import label

WEEK = dt.timedelta(weeks=1)
FIRST = 10
"""Weeks before the newest one in which the prices change."""


def weekly_runs(change: Callable[[Fields], None], count: int) -> Iterator[tuple[DriftReport, str]]:
    """What each run from the week of the change on finds and does; the model is from two weeks before."""
    panel = changed(steady_panel(), change)
    trained = panel.weeks[-FIRST - 3].item()
    for last in range(-FIRST - 1, -FIRST - 1 + count):
        report = watch(_until(panel, last), Watched(label("zero_sales"), "seed-18"))
        week = report.as_of_week
        standing = Standing(week - WEEK, "1", "1", trained, drift_to_learn(report.drifted, trained))
        action = next_step(standing, week, train=DUE, train_every_weeks=52).action
        trained = week if action == "trained" else trained
        yield report, action


def _until(panel: Panel, last: int) -> Panel:
    fields = {name: matrix[:, : last + 1] for name, matrix in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[: last + 1], fields=fields)


def test_a_week_of_wrong_prices_is_never_a_drift_and_goes_away() -> None:
    def a_week_in_another_currency(fields: Fields) -> None:
        fields[PRICE_MEAN][:, -FIRST - 1] *= np.float32(3)

    first, *later = weekly_runs(a_week_in_another_currency, 5)
    prices = next(each for each in first[0].columns if each.name == "price_mean")
    assert prices.state == WATCH
    named = [[each.sentence.partition(";")[0] for each in report.findings] for report, _ in later]
    while_features_see_it = [["price_mean was out of the ordinary in the week of 2024-04-01"]]
    assert named == while_features_see_it * 3 + [[]]
    assert not any(report.drifted for report, _ in (first, *later))
    assert {action for _, action in (first, *later)} == {"scored"}


def test_a_drift_that_lasts_is_named_each_week_and_trained_on_once() -> None:
    def prices_rise(fields: Fields) -> None:
        fields[PRICE_MEAN][:, -FIRST - 1 :] *= np.float32(1.3)

    reports, actions = zip(*weekly_runs(prices_rise, 5), strict=True)
    assert actions == ("scored", "trained", *["scored"] * 3)
    assert {(each.column, each.since) for report in reports for each in report.drifted} == {
        ("price_mean", dt.date(2024, 4, 1))
    }
    assert [len(report.drifted) for report in reports] == [0, *[1] * 4]
