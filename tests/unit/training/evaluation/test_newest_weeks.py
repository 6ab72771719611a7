"""A challenger beside an older model of its recipe: which weeks count, and what tells that their histories differ."""

from dataclasses import replace

import numpy as np
import pytest

from data.weeks import mondays
from feature_service.bundle import Bundle
from feature_service.kernel.arrays import BoolArray, FloatArray
from tests.support.predictions import ROWS, WEEKS, predictions
from tests.support.training_fixtures import Trained
from training.backtest.predictions import Predictions, read_predictions
from training.dataset import read_training_table
from training.errors import TrainingFileError
from training.evaluation.newest_weeks import NEWEST_WEEKS, NewestWeeks, compare_newest_weeks, scores_since
from training.metrics.yardstick import Yardstick

FIRST, YARDSTICK = 2_500, Yardstick(alert_budget=5, draws=20)
NONE = np.full(ROWS, np.nan, dtype=np.float32)


def rows(whole: Predictions, kept: BoolArray) -> Predictions:
    """Some of the predictions."""
    return replace(
        whole,
        product_ids=whole.product_ids.filter(kept),
        as_of_week=whole.as_of_week[kept],
        truth=whole.truth.take(kept),
        model=whole.model.take(kept),
        raw=whole.raw[kept],
        rules={name: rule.take(kept) for name, rule in whole.rules.items()},
        locked=whole.locked[kept],
    )


def compared(challenger: Predictions, champion: Predictions, since: FloatArray = NONE) -> NewestWeeks:
    return compare_newest_weeks(challenger, champion, since, YARDSTICK)


def test_where_nothing_is_newer_the_out_of_fold_predictions_of_both_are_compared() -> None:
    newest = compared(predictions(0.3), predictions(0.3))
    assert newest.over_champion is not None
    assert newest.champion is not None
    assert newest.over_champion.average_precision.value == 0
    assert (newest.weeks, newest.weeks_since) == (WEEKS, 0)
    assert newest.champion.value > newest.base_rate


def test_of_weeks_after_its_training_the_champions_own_probabilities_count() -> None:
    challenger = predictions(0.3)
    is_newer = challenger.truth.week >= FIRST + 4
    champion = rows(predictions(0.3), ~is_newer)
    good = np.where(is_newer, challenger.model.values, np.nan).astype(np.float32)
    turned = np.where(is_newer, -challenger.model.values, np.nan).astype(np.float32)
    as_good, worse = compared(challenger, champion, good), compared(challenger, champion, turned)
    assert as_good.over_champion is not None
    assert worse.over_champion is not None
    assert (as_good.weeks, as_good.weeks_since) == (WEEKS, 2)
    assert as_good.over_champion.average_precision.value == 0
    assert worse.over_champion.average_precision.low > 0


def test_weeks_of_which_the_champion_knew_and_did_not_predict_are_left_out() -> None:
    challenger = predictions(0.3)
    since = np.where(challenger.truth.week >= FIRST + 5, challenger.model.values, np.nan).astype(np.float32)
    champion = rows(challenger, challenger.truth.week < FIRST + 3)
    assert compared(challenger, champion, since).weeks == WEEKS - 2


def test_no_more_than_the_newest_weeks_count() -> None:
    challenger = predictions(0.3)
    week = FIRST + 4 * (challenger.truth.week - FIRST)  # every fourth week, so that the newest 12 weeks are three
    spread = replace(challenger, truth=replace(challenger.truth, week=week), as_of_week=mondays(week))
    assert compared(spread, spread).weeks == NEWEST_WEEKS // 4


def test_a_history_that_goes_on_is_whole() -> None:
    challenger = predictions(0.3)
    since = np.where(challenger.truth.week >= FIRST + 4, np.float32(0.3), np.float32(np.nan))
    whole = compared(challenger, rows(challenger, challenger.truth.week < FIRST + 4), since).continuity
    assert (whole.rows_kept, whole.outcomes_kept, whole.newest_rows) == (1, 1, 1)


def test_missing_products_and_newest_weeks_with_fewer_rows_are_told() -> None:
    champion = predictions(0.3)
    half = champion.truth.product % 2 == 0
    assert compared(rows(champion, half), champion, NONE[half]).continuity.rows_kept == 0.5
    is_newer = champion.truth.week >= FIRST + 5
    kept = half | ~is_newer
    since = np.where(is_newer, np.float32(0.3), np.float32(np.nan))[kept]
    continuity = compared(rows(champion, kept), rows(champion, ~is_newer), since).continuity
    assert (continuity.rows_kept, continuity.newest_rows) == (1, 0.5)


def test_a_sudden_loss_is_told_amid_growth() -> None:
    whole = predictions(0.3)
    weeks_listed = whole.truth.week - FIRST + 1
    kept = whole.truth.product < 6 * weeks_listed  # 6 products more every week
    lost = kept & ((weeks_listed < WEEKS) | (whole.truth.product % 2 == 0))
    for some, newest_rows in ((kept, 1), (lost, 18 / 30)):
        challenger = rows(whole, some)
        since = np.where(challenger.truth.week >= FIRST + 4, np.float32(0.3), np.float32(np.nan))
        champion = rows(whole, kept & (weeks_listed <= 4))
        assert compared(challenger, champion, since).continuity.newest_rows == pytest.approx(newest_rows)


@pytest.mark.parametrize("common", [False, True])
def test_outcomes_of_other_products_are_told_whichever_outcome_is_the_rarer(common: bool) -> None:
    champion = predictions(0.3)
    if common:
        champion = replace(champion, truth=replace(champion.truth, outcome=1 - champion.truth.outcome))
    shuffled = np.random.default_rng(3).permutation(champion.truth.outcome)
    challenger = replace(champion, truth=replace(champion.truth, outcome=shuffled))
    assert compared(challenger, champion).continuity.outcomes_kept < 0.4


def test_without_a_week_in_common_nothing_is_judged() -> None:
    newest = compared(predictions(0.3), predictions(0.3, first_week=2_000))
    assert (newest.weeks, newest.rarer, newest.over_champion) == (0, 0, None)
    assert newest.continuity.rows_kept == 1


def test_a_model_is_asked_from_a_week_on_by_the_rows_of_the_training_table(trained: Trained) -> None:
    table, out_of_fold = read_training_table(trained.table), read_predictions(trained.predictions)
    bundle, week = Bundle.load(trained.bundle_dir), int(out_of_fold.truth.week.max()) - 1
    since = scores_since(week, out_of_fold, table, bundle.predict)
    is_newer = out_of_fold.truth.week >= week
    assert np.isnan(since[~is_newer]).all()
    known = np.isfinite(table.outcome) & (table.week >= week)
    np.testing.assert_array_equal(since[is_newer], bundle.predict(table.features(known)))
    assert since[is_newer].std() > 0


def test_a_training_table_of_another_run_is_refused(trained: Trained) -> None:
    table, out_of_fold = read_training_table(trained.table), read_predictions(trained.predictions)
    other = replace(table, outcome=np.where(table.product == 0, np.float32(np.nan), table.outcome))
    with pytest.raises(TrainingFileError, match="is of another run than the out-of-fold predictions"):
        scores_since(0, out_of_fold, other, Bundle.load(trained.bundle_dir).predict)
