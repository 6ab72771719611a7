import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training.metrics.alerts import top_of_each_week
from training.metrics.bootstrap import Draws, draw_products
from training.metrics.figures import measure
from training.metrics.ranking import average_precision
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth
from training.metrics.yardstick import Yardstick

ROWS, PRODUCTS, WEEKS = 2_000, 100, 20


def truth(seed: int = 3, *, stock: bool = True) -> Truth:
    random = np.random.default_rng(seed)
    outcome = (random.random(ROWS) < 0.2).astype(np.float32)
    return Truth(
        outcome=outcome,
        product=np.tile(np.arange(PRODUCTS), WEEKS),
        week=np.repeat(np.arange(WEEKS), PRODUCTS),
        onset=(outcome == 1) & (random.random(ROWS) < 0.8) if stock else None,
        selling=np.ones(ROWS, dtype=np.bool_),
        segment=np.tile(np.arange(PRODUCTS) % 2, WEEKS),
        segments=("slow", "fast"),
    )


def score(rows: Truth, seed: int = 4) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.round(0.2 * random.random(ROWS) + 0.1 * rows.outcome, 2).astype(np.float32)  # rounded: many ties


def figures(rows: Truth, values: np.ndarray, yardstick: Yardstick) -> dict[str, Draws]:
    base = ScorerOutput(np.full(ROWS, rows.outcome.mean(), dtype=np.float32), True)
    return dict(measure(rows, {"model": ScorerOutput(values, True), BASE_RATE: base}, yardstick)["model"])


def test_ranking_and_error_are_those_of_scikit_learn_ties_included() -> None:
    rows = truth()
    values = score(rows)
    measured = figures(rows, values, Yardstick(draws=0))
    assert measured["average_precision"].value == pytest.approx(average_precision_score(rows.outcome, values))
    assert average_precision(rows.outcome, values) == measured["average_precision"].value
    assert measured["auc"].value == pytest.approx(roc_auc_score(rows.outcome, values))
    assert measured["brier"].value == pytest.approx(brier_score_loss(rows.outcome, values))


def test_a_drawn_figure_is_the_figure_of_the_drawn_products_rows() -> None:
    rows = truth()
    values = score(rows)
    measured = figures(rows, values, Yardstick(draws=3, seed=9))
    for draw, times in enumerate(draw_products(PRODUCTS, 3, 9)):
        drawn = np.repeat(np.arange(ROWS), times[rows.product].astype(int))
        y, p = rows.outcome[drawn], values[drawn]
        assert measured["average_precision"].samples[draw] == pytest.approx(average_precision_score(y, p))
        assert measured["auc"].samples[draw] == pytest.approx(roc_auc_score(y, p))
        assert measured["brier"].samples[draw] == pytest.approx(brier_score_loss(y, p))


def test_groups_of_products_vary_as_the_products_do_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = truth()
    yardstick = Yardstick(draws=400, seed=1)
    alone = figures(rows, score(rows), yardstick)
    monkeypatch.setattr("training.metrics.bootstrap.MOST_UNITS", 50)
    grouped = figures(rows, score(rows), yardstick)
    for name in ("average_precision", "auc", "brier", "recall_at_budget"):
        assert grouped[name].value == pytest.approx(alone[name].value, rel=1e-12)
        assert grouped[name].samples.std() == pytest.approx(alone[name].samples.std(), rel=0.3), name


def test_neighbouring_scores_taken_together_hardly_move_the_draws_and_never_the_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = truth()
    values = (score(rows) + 0.001 * np.random.default_rng(8).random(ROWS)).astype(np.float32)
    finely = figures(rows, values, Yardstick(draws=50))
    monkeypatch.setattr("training.metrics.bootstrap.MOST_SCORES", 400)
    coarsely = figures(rows, values, Yardstick(draws=50))
    for name in ("average_precision", "auc"):
        assert coarsely[name].value == finely[name].value
        np.testing.assert_allclose(coarsely[name].samples, finely[name].samples, atol=0.005)
        assert not np.array_equal(coarsely[name].samples, finely[name].samples)


def test_the_same_seed_gives_the_same_intervals() -> None:
    rows = truth()
    first, again = (figures(rows, score(rows), Yardstick(draws=20, seed=1)) for _ in range(2))
    assert {name: each.interval() for name, each in first.items()} == {
        name: each.interval() for name, each in again.items()
    }


def test_at_a_budget_as_many_products_a_week_are_alerted_as_the_budget_says() -> None:
    rows = truth()
    alert = top_of_each_week(score(rows), rows.week, 7)
    assert (np.bincount(rows.week[alert]) == 7).all()


def test_a_perfect_score_catches_all_that_the_budget_allows() -> None:
    rows = truth()
    measured = figures(rows, rows.outcome, Yardstick(alert_budget=5, draws=0))
    assert measured["precision_at_budget"].value == 1
    assert measured["recall_at_budget"].value == pytest.approx(5 * WEEKS / rows.outcome.sum())
    assert measured["lift_at_budget"].value == pytest.approx(1 / rows.outcome.mean())
    assert measured["calibration_error"].value == 0
    assert measured["cost_per_100"].value == 0


def test_a_miss_costs_what_it_is_said_to_cost() -> None:
    rows = truth()
    nothing = np.zeros(ROWS, dtype=np.float32)
    measured = figures(rows, nothing, Yardstick(cost_of_miss=20, cost_of_false_alarm=1, draws=0))
    assert measured["cost_per_100"].value == pytest.approx(100 * 20 * rows.outcome.mean())


def test_the_base_rate_has_no_skill() -> None:
    rows = truth()
    base = np.full(ROWS, rows.outcome.mean(), dtype=np.float32)
    assert figures(rows, base, Yardstick(draws=0))["brier_skill"].value == pytest.approx(0)


def test_calibration_is_also_told_for_each_segment() -> None:
    rows = truth()
    shifted = np.where(rows.segment == 1, 0.9, rows.outcome.mean()).astype(np.float32)
    measured = figures(rows, shifted, Yardstick(draws=0))
    assert measured["calibration_error, fast"].value > 0.5
    assert measured["calibration_error, slow"].value < 0.1


def test_a_rank_has_no_calibration_and_sales_alone_have_no_onsets() -> None:
    rows = truth(stock=False)
    base = ScorerOutput(np.full(ROWS, 0.2, dtype=np.float32), True)
    scorers = {"days of cover": ScorerOutput(-score(rows), False), BASE_RATE: base}
    measured = measure(rows, scorers, Yardstick(draws=0))["days of cover"]
    assert set(measured) == {"average_precision", "auc", "recall_at_budget", "precision_at_budget", "lift_at_budget"}


def test_what_moves_both_scorers_cancels_out_in_their_difference() -> None:
    rows = truth()
    values = score(rows)
    scorers = {"a": ScorerOutput(values, True), "b": ScorerOutput(values, True), BASE_RATE: ScorerOutput(values, True)}
    measured = measure(rows, scorers, Yardstick(draws=10))
    same = measured["a"]["auc"].minus(measured["b"]["auc"]).interval()
    assert (same.low, same.value, same.high) == (0, 0, 0)
