import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_service.bundle import Bundle, Calibration, Contract
from tests.support.training_fixtures import Trained
from training.backtest.calibration import fit_calibration


def overconfident() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities twice as far from even, in log-odds, as what came true."""
    random = np.random.default_rng(2)
    log_odds = random.normal(-2, 1, size=20_000)
    outcome = (random.random(20_000) < 1 / (1 + np.exp(-log_odds))).astype(np.float32)
    return (1 / (1 + np.exp(-2 * log_odds))).astype(np.float32), outcome


def test_calibrated_probabilities_come_true_as_often_as_they_say() -> None:
    raw, outcome = overconfident()

    calibrated = fit_calibration(raw, outcome).apply(raw)

    for low in (0.02, 0.1, 0.2, 0.4):
        inside = (calibrated >= low) & (calibrated < low * 1.5)
        assert abs(outcome[inside].mean() - calibrated[inside].mean()) < 0.03


def test_few_outcomes_overrule_the_model_a_little_and_many_overrule_it_wholly() -> None:
    raw, outcome = overconfident()
    few = slice(0, 150)

    of_few, of_many = (fit_calibration(raw[rows], outcome[rows]).apply(raw[:20]) for rows in (few, slice(None)))

    assert outcome[few].sum() > 10
    own_word = np.abs(of_few - raw[:20])
    assert (own_word < np.abs(of_many - raw[:20])).all()
    assert own_word.max() > 0


def test_a_model_that_sees_hardly_any_is_overruled_by_outcomes() -> None:
    raw = np.full(5_000, 0.001, dtype=np.float32)
    outcome = (np.arange(5_000) % 25 == 0).astype(np.float32)

    calibrated = fit_calibration(raw, outcome).apply(raw)

    assert (calibrated > 0.6 * outcome.mean()).all()
    assert (calibrated < outcome.mean()).all()


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30))
def test_calibration_keeps_the_order_and_stays_a_probability(raw: list[float]) -> None:
    calibrated = fit_calibration(*overconfident()).apply(np.sort(np.array(raw, dtype=np.float32)))

    assert (np.diff(calibrated) >= 0).all()
    assert ((calibrated >= 0) & (calibrated <= 1)).all()


def test_a_model_that_ranks_the_wrong_way_round_is_made_to_say_the_same_of_all() -> None:
    raw, outcome = overconfident()

    assert np.ptp(fit_calibration(raw, 1 - outcome).apply(raw)) == 0


def test_the_contract_keeps_the_table_and_the_bundle_applies_it(trained: Trained) -> None:
    bundle = Bundle.load(trained.bundle_dir)
    halved = Calibration(raw=(0.0, 1.0), calibrated=(0.0, 0.5))
    contract = dataclasses.replace(bundle.contract, calibration=None)
    rows = np.ones((3, len(contract.feature_names)), dtype=np.float32)
    raw = Bundle(contract, bundle._session).predict(rows)

    read_again = Contract.from_json(dataclasses.replace(contract, calibration=halved).to_json())

    np.testing.assert_allclose(Bundle(read_again, bundle._session).predict(rows), raw / 2)
