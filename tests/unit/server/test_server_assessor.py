import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.panel import Panel
from data.snapshot import Snapshot
from data.weeks import last_complete_week
from feature_service.kernel import feature_set, features_of_all_weeks
from feature_service.server import assessor as assessor_module
from feature_service.server import errors
from feature_service.server.assessor import Assessor, Features, Risk
from feature_service.server.errors import AsOfOutOfRangeError, ProductError
from training.bundle import Bundle


@pytest.fixture(scope="module")
def assessor(snapshot: Snapshot, bundle: Bundle) -> Assessor:
    return Assessor(snapshot, bundle)


def facts(answer: Risk | Features | ProductError) -> object:
    return (type(answer), str(answer)) if isinstance(answer, ProductError) else answer


def test_features_of_every_week_equal_the_training_rows_bit_for_bit(assessor: Assessor, snapshot: Snapshot) -> None:
    panel = snapshot.panel
    trained_on = features_of_all_weeks(feature_set("seed-18"), panel.fields)
    for column in range(len(panel.weeks)):
        for row, answer in enumerate(assessor.features(panel.product_ids, column)):
            expected = trained_on[:, row, column]
            if isinstance(answer, Features):
                assert np.array(answer.values, dtype=np.float32).tobytes() == expected.tobytes()
            else:
                assert np.isnan(expected).any()


def test_the_probability_is_the_models_on_those_features(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle
) -> None:
    panel = snapshot.panel
    features = features_of_all_weeks(feature_set("seed-18"), panel.fields)[:, :, -1].T
    scored = 0
    for row, product_id in enumerate(panel.product_ids):
        answer = assessor.risk_now(product_id)
        if isinstance(answer, Risk):
            alone = bundle.predict(np.ascontiguousarray(features[row : row + 1]))[0]
            assert (answer.probability, answer.alert) == (float(alone), float(alone) >= bundle.contract.threshold)
            scored += 1
    assert scored > 50


def test_the_table_of_the_newest_week_equals_what_is_computed_on_the_spot(
    assessor: Assessor, snapshot: Snapshot
) -> None:
    ids = [*snapshot.panel.product_ids, *snapshot.panel.excluded, "nobody knows it"]
    on_the_spot = assessor.risks(ids, assessor.newest)
    assert [facts(assessor.risk_now(each)) for each in ids] == [facts(each) for each in on_the_spot]


def test_scoring_in_blocks_changes_nothing(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor_module, "BLOCK_ROWS", 7)
    in_blocks = Assessor(snapshot, bundle)
    for each in snapshot.panel.product_ids:
        assert facts(in_blocks.risk_now(each)) == facts(assessor.risk_now(each))


@pytest.mark.parametrize("weeks", [3, 4, 8, 11])
def test_a_past_week_is_answered_as_if_nothing_later_had_happened(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle, weeks: int
) -> None:
    panel = snapshot.panel
    fields = {name: matrix[:, :weeks] for name, matrix in panel.fields.items()}
    cut = Panel(panel.product_ids, panel.weeks[:weeks], fields, panel.categories, panel.excluded)
    then = Assessor(dataclasses.replace(snapshot, panel=cut, eligible=snapshot.eligible[:, :weeks]), bundle)
    replayed = assessor.risks(panel.product_ids, weeks - 1)
    assert [facts(each) for each in replayed] == [facts(then.risk_now(each)) for each in panel.product_ids]


def test_the_order_and_the_number_of_asked_products_change_no_answer(assessor: Assessor, snapshot: Snapshot) -> None:
    ids = [*snapshot.panel.product_ids[:20], "unknown", *snapshot.panel.excluded]
    forwards = [facts(each) for each in assessor.risks(ids, 6)]
    backwards = [facts(each) for each in assessor.risks(ids[::-1], 6)]
    assert forwards == backwards[::-1]
    assert [facts(assessor.risks([each, each], 6)[1]) for each in ids] == forwards


def test_every_reason_for_having_no_probability_has_its_own_error(assessor: Assessor, snapshot: Snapshot) -> None:
    ids = [*snapshot.panel.product_ids, "cancelled-only", "next-year", "unknown"]
    kinds = {type(answer) for column in (5, 11) for answer in assessor.risks(ids, column)}
    assert kinds == {
        Risk,
        errors.UnknownProductError,
        errors.ExcludedProductError,
        errors.NotLaunchedError,
        errors.ShortHistoryError,
        errors.NotEligibleError,
    }


def test_where_the_label_does_not_apply_there_are_features_but_no_probability(
    assessor: Assessor, snapshot: Snapshot
) -> None:
    ids = snapshot.panel.product_ids
    pairs = list(zip(assessor.risks(ids, 11), assessor.features(ids, 11), strict=True))
    assert any(isinstance(risk, errors.NotEligibleError) for risk, _ in pairs)
    for risk, features in pairs:
        assert isinstance(risk, Risk) == (isinstance(features, Features) and features.eligible)


@given(st.dates())
def test_any_day_stands_for_the_last_complete_week_up_to_it(assessor: Assessor, day: dt.date) -> None:
    first, last = assessor.week(0), assessor.week(assessor.newest)
    try:
        column = assessor.column(day)
    except AsOfOutOfRangeError:
        assert day < first + dt.timedelta(days=6) or day >= last + dt.timedelta(days=13)
    else:
        assert assessor.week(column) == last_complete_week(day)


@given(st.integers(0, 11 * 7 + 6))
def test_every_day_of_the_calendar_has_its_week(assessor: Assessor, days: int) -> None:
    day = assessor.week(0) + dt.timedelta(days=6 + days)
    assert assessor.week(assessor.column(day)) == last_complete_week(day)
