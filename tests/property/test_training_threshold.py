import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.policy import AlertPolicy
from training.threshold import at_threshold, choose_threshold, threshold_for_recall

# few distinct values, so that ties are the rule
rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda n: np.float32(n / 12))), min_size=1, max_size=60
).filter(lambda pairs: any(positive for positive, _ in pairs))
targets = st.floats(0.01, 1.0)


def arrays(pairs: list[tuple[bool, np.float32]]) -> tuple[np.ndarray, np.ndarray]:
    outcome, probability = zip(*pairs, strict=True)
    return np.array(outcome, dtype=np.float32), np.array(probability, dtype=np.float32)


@given(rows, targets)
def test_the_threshold_reaches_the_target_recall(pairs: list[tuple[bool, np.float32]], target: float) -> None:
    outcome, probability = arrays(pairs)
    assert threshold_for_recall(outcome, probability, target).recall >= target - 1e-9


@given(rows, targets)
def test_no_other_threshold_that_reaches_the_recall_is_more_precise(
    pairs: list[tuple[bool, np.float32]], target: float
) -> None:
    outcome, probability = arrays(pairs)
    chosen = threshold_for_recall(outcome, probability, target)
    for other in np.unique(probability):
        point = at_threshold(outcome, probability, float(other))
        assert point.recall < target or point.precision <= chosen.precision


@given(rows, targets)
def test_its_figures_are_what_the_threshold_gives_on_the_same_rows(
    pairs: list[tuple[bool, np.float32]], target: float
) -> None:
    outcome, probability = arrays(pairs)
    chosen = threshold_for_recall(outcome, probability, target)
    assert at_threshold(outcome, probability, chosen.threshold) == chosen


@given(rows, targets, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    pairs: list[tuple[bool, np.float32]], target: float, random: object
) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert threshold_for_recall(*arrays(shuffled), target) == threshold_for_recall(*arrays(pairs), target)


@given(rows, st.integers(1, 40), st.integers(1, 3))
def test_an_alert_budget_is_kept_on_average_unless_the_first_tie_alone_is_above_it(
    pairs: list[tuple[bool, np.float32]], budget: int, weeks: int
) -> None:
    outcome, probability = arrays(pairs)
    week = np.arange(len(outcome)) % weeks
    allowed = budget * len(np.unique(week))
    policy = AlertPolicy("budget", alert_budget=budget)
    threshold = choose_threshold(outcome, probability, week, policy).threshold
    alerts = int((probability >= threshold).sum())
    assert alerts <= allowed or threshold == probability.max()
    lower = probability[probability < threshold]
    assert not len(lower) or int((probability >= lower.max()).sum()) > allowed
