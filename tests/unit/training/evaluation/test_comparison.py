from dataclasses import replace

import numpy as np
import pytest

from tests.support.predictions import ROWS, WEEKS, predictions
from training.evaluation.comparison import compare_with_champion, compare_with_rules
from training.metrics.bootstrap import Draws
from training.metrics.yardstick import Yardstick

YARDSTICK = Yardstick(alert_budget=5, draws=20)


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
