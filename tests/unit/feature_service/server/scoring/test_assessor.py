import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.snapshots import Snapshot
from data.weeks import last_complete_week
from feature_service.bundle import Bundle
from feature_service.kernel import feature_set, features_of_all_weeks
from feature_service.server.errors import AsOfOutOfRangeError
from feature_service.server.scoring import assessor as assessor_module
from feature_service.server.scoring.assessor import Assessor
from tests.support.answers import computed, features, now, reason_of, values_of


@pytest.fixture(scope="module")
def assessor(snapshot: Snapshot, bundle: Bundle) -> Assessor:
    return Assessor(snapshot, bundle)


def test_features_of_every_week_equal_the_training_rows_bit_for_bit(assessor: Assessor, snapshot: Snapshot) -> None:
    panel = snapshot.panel
    trained_on = features_of_all_weeks(feature_set("seed-18"), panel.fields)
    for column in range(len(panel.weeks)):
        for row, answer in enumerate(features(assessor, panel.product_ids, column)):
            expected = trained_on[:, row, column]
            if answer.HasField("features"):
                assert values_of(answer) == expected.tobytes()
            else:
                assert np.isnan(expected).any()


def test_the_probability_is_the_models_on_those_features(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle
) -> None:
    panel = snapshot.panel
    rows = features_of_all_weeks(feature_set("seed-18"), panel.fields)[:, :, -1].T
    scored = 0
    for row, answer in enumerate(now(assessor, panel.product_ids)):
        if answer.HasField("risk"):
            alone = float(bundle.predict(np.ascontiguousarray(rows[row : row + 1]))[0])
            assert (answer.risk.probability, answer.risk.alert) == (alone, alone >= bundle.contract.threshold)
            scored += 1
    assert scored > 50


def test_the_table_of_the_newest_week_equals_what_is_computed_on_the_spot(
    assessor: Assessor, snapshot: Snapshot
) -> None:
    ids = [*snapshot.panel.product_ids, *snapshot.panel.excluded, "nobody knows it"]
    assert now(assessor, ids) == computed(assessor, ids, assessor.newest)


def test_scoring_in_blocks_changes_nothing(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor_module, "BLOCK_ROWS", 7)
    in_blocks = Assessor(snapshot, bundle)
    assert now(in_blocks, snapshot.panel.product_ids) == now(assessor, snapshot.panel.product_ids)


@pytest.mark.parametrize("weeks", [3, 4, 8, 11])
def test_a_past_week_is_answered_as_if_nothing_later_had_happened(
    assessor: Assessor, snapshot: Snapshot, bundle: Bundle, weeks: int
) -> None:
    panel = snapshot.panel
    fields = {name: matrix[:, :weeks] for name, matrix in panel.fields.items()}
    cut = dataclasses.replace(panel, weeks=panel.weeks[:weeks], fields=fields)
    then = Assessor(dataclasses.replace(snapshot, panel=cut, eligible=snapshot.eligible[:, :weeks]), bundle)
    assert computed(assessor, panel.product_ids, weeks - 1) == now(then, panel.product_ids)


def test_the_order_and_the_number_of_asked_products_change_no_answer(assessor: Assessor, snapshot: Snapshot) -> None:
    ids = [*snapshot.panel.product_ids[:20], "unknown", *snapshot.panel.excluded]
    forwards = computed(assessor, ids, 6)
    assert forwards == computed(assessor, ids[::-1], 6)[::-1]
    assert [computed(assessor, [each, each], 6)[1] for each in ids] == forwards


def test_every_reason_for_having_no_probability_has_its_own_error(assessor: Assessor, snapshot: Snapshot) -> None:
    ids = [*snapshot.panel.product_ids, "cancelled-only", "next-year", "unknown"]
    reasons = {reason_of(answer) for column in (5, 11) for answer in computed(assessor, ids, column)}
    assert reasons == {
        "",
        "UNKNOWN_PRODUCT",
        "EXCLUDED_PRODUCT",
        "NOT_LAUNCHED",
        "INSUFFICIENT_HISTORY",
        "NOT_ELIGIBLE",
    }


def test_where_the_label_does_not_apply_there_are_features_but_no_probability(
    assessor: Assessor, snapshot: Snapshot
) -> None:
    ids = snapshot.panel.product_ids
    pairs = list(zip(computed(assessor, ids, 11), features(assessor, ids, 11), strict=True))
    assert any(reason_of(risk) == "NOT_ELIGIBLE" for risk, _ in pairs)
    for risk, inputs in pairs:
        assert risk.HasField("risk") == inputs.features.eligible


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
