from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from data.weeks import monday
from training.backtest.predictions import Predictions
from training.evaluation.comparison import compare_with_champion, compare_with_rules
from training.metrics.bootstrap import Draws
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth
from training.metrics.yardstick import Yardstick

PRODUCTS, WEEKS = 40, 6
ROWS = PRODUCTS * WEEKS
YARDSTICK = Yardstick(alert_budget=5, draws=20)


def predictions(weight: float, first_week: int = 2_500) -> Predictions:
    """A model whose probability follows the outcome by ``weight``."""
    random = np.random.default_rng(5)
    outcome = (random.random(ROWS) < 0.3).astype(np.float32)
    product, week = np.tile(np.arange(PRODUCTS), WEEKS), first_week + np.repeat(np.arange(WEEKS), PRODUCTS)
    probability = (0.3 + weight * (outcome - 0.3) + 0.1 * random.random(ROWS)).astype(np.float32)
    return Predictions(
        label="zero_sales",
        horizon_weeks=1,
        estimator="lightgbm",
        product_ids=pa.array([f"p{each}" for each in product]),
        as_of_week=np.array([monday(int(each)) for each in week]),
        truth=Truth(
            outcome=outcome,
            product=product,
            week=week,
            onset=None,
            selling=np.ones(ROWS, dtype=np.bool_),
            segment=np.zeros(ROWS, dtype=np.int64),
            segments=("all",),
        ),
        model=ScorerOutput(probability, True),
        raw=probability,
        rules={BASE_RATE: ScorerOutput(np.full(ROWS, 0.3, dtype=np.float32), True)},
        locked=np.zeros(ROWS, dtype=np.bool_),
    )


def test_a_challenger_that_ranks_better_has_a_difference_above_zero() -> None:
    over = compare_with_champion(predictions(0.3), predictions(0.0), YARDSTICK)
    assert over is not None
    assert over.average_precision.low > 0


def test_models_are_compared_on_the_weeks_that_they_have_in_common() -> None:
    challenger, champion = predictions(0.3), predictions(0.3, first_week=2_500 + WEEKS - 1)
    # the champion's first week holds the outcomes of another week, so its order there is the one of chance
    over = compare_with_champion(challenger, champion, YARDSTICK)
    assert over is not None
    assert over.average_precision.value > 0


def test_without_a_common_week_there_is_nothing_to_compare() -> None:
    assert compare_with_champion(predictions(0.3), predictions(0.3, first_week=3_000), YARDSTICK) is None


def test_common_rows_of_one_outcome_are_not_compared() -> None:
    challenger = predictions(0.3)
    positive = replace(challenger, truth=replace(challenger.truth, outcome=np.ones(ROWS, dtype=np.float32)))
    assert compare_with_champion(positive, challenger, YARDSTICK) is None


def test_a_rule_without_a_probability_is_compared_by_its_ranking_alone() -> None:
    model = {"average_precision": Draws(0.5, np.array([0.5])), "calibration_error": Draws(0.1, np.array([0.1]))}
    rank = {"average_precision": Draws(0.2, np.array([0.2]))}
    over = compare_with_rules({"model": model, "days of cover": rank})["days of cover"]
    assert over.average_precision.value == pytest.approx(0.3)
    assert over.calibration_error is None
