"""What holds for the richer feature sets whatever the panel: no leakage, the same bits however they are computed."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_service.kernel import (
    Fields,
    Groups,
    MissingFieldsError,
    PanelFeatures,
    feature_set,
    features_at,
    features_of_all_weeks,
)

NAMES = ("sales-2", "availability-1", "stock-1")
FIELDS = sorted({field for name in NAMES for field in feature_set(name).fields})
OF_EVERY_SET = pytest.mark.parametrize("name", NAMES)
FEW = settings(max_examples=40)


@st.composite
def panels(draw: st.DrawFn) -> tuple[Fields, Groups]:
    """All fields of up to 7 products in 1 to 16 weeks, NaN before launch and here and there, in groups."""
    products, weeks = draw(st.integers(1, 7)), draw(st.integers(1, 16))
    launch = draw(hnp.arrays(np.int64, products, elements=st.integers(0, weeks - 1)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    unknown = (np.arange(weeks) < launch[:, None]) | (random.random((products, weeks)) < 0.1)
    fields = {}
    for name in FIELDS:
        values = random.choice([0, 0, 1, 2, 7, 30, 2.5, 1e6], size=(products, weeks)) * (random.random() < 0.9)
        fields[name] = np.where(unknown, np.nan, values).astype(np.float32)
    fields["in_stock"] = np.where(unknown, np.nan, random.random((products, weeks)) < 0.8).astype(np.float32)
    groups = {
        "location": tuple(random.choice(["", "north", "south"], size=products)),
        "item": tuple(random.choice(["", "jam", "tea"], size=products)),
    }
    return fields, groups


@OF_EVERY_SET
@FEW
@given(panel=panels(), data=st.data())
def test_nothing_after_as_of_changes_a_feature(name: str, panel: tuple[Fields, Groups], data: st.DataObject) -> None:
    fields, groups = panel
    week = data.draw(st.integers(0, fields["units_sold"].shape[1] - 1))
    future = data.draw(st.sampled_from([np.nan, -1.0, 1e9]))
    changed = {field: matrix.copy() for field, matrix in fields.items()}
    for matrix in changed.values():
        matrix[:, week + 1 :] = future

    before, after = (features_of_all_weeks(feature_set(name), each, groups=groups) for each in (fields, changed))

    assert before[:, :, : week + 1].tobytes() == after[:, :, : week + 1].tobytes()


@OF_EVERY_SET
@FEW
@given(panel=panels(), data=st.data())
def test_one_week_of_some_products_is_bit_for_bit_what_all_weeks_of_all_give(
    name: str, panel: tuple[Fields, Groups], data: st.DataObject
) -> None:
    fields, groups = panel
    products, weeks = fields["units_sold"].shape
    week = data.draw(st.integers(0, weeks - 1))
    rows = data.draw(hnp.arrays(np.intp, st.integers(0, 4), elements=st.integers(0, products - 1)))
    features = PanelFeatures(feature_set(name), fields, groups)

    column = np.ascontiguousarray(features.of_all_weeks()[:, :, week].T)

    assert features.at(week).tobytes() == column.tobytes()
    assert features.at(week, rows).tobytes() == column[rows].tobytes()
    assert features_at(feature_set(name), fields, week, groups=groups).tobytes() == column.tobytes()


@OF_EVERY_SET
@FEW
@given(panel=panels(), random=st.randoms(use_true_random=False))
def test_the_order_of_products_does_not_matter(name: str, panel: tuple[Fields, Groups], random) -> None:  # type: ignore[no-untyped-def]
    fields, groups = panel
    order = random.sample(range(len(fields["units_sold"])), len(fields["units_sold"]))
    shuffled = {field: matrix[order] for field, matrix in fields.items()}
    regrouped = {grouping: tuple(of[row] for row in order) for grouping, of in groups.items()}

    features = features_of_all_weeks(feature_set(name), fields, groups=groups)

    again = features_of_all_weeks(feature_set(name), shuffled, groups=regrouped)
    assert features[:, order].tobytes() == again.tobytes()


@pytest.mark.parametrize("name", ["seed-18", *NAMES])
@FEW
@given(panel=panels(), empty_weeks=st.sampled_from([1, 3, 13, 60]))
def test_weeks_before_anything_is_known_change_no_feature(
    name: str, panel: tuple[Fields, Groups], empty_weeks: int
) -> None:
    fields, groups = panel
    chosen, last = feature_set(name), fields["units_sold"].shape[1] - 1
    assume(last + 1 >= chosen.history_weeks)
    nothing = np.full((len(groups["item"]), empty_weeks), np.nan, dtype=np.float32)
    longer = {field: np.concatenate([nothing, matrix], axis=1) for field, matrix in fields.items()}

    every = features_of_all_weeks(chosen, fields, groups=groups)

    of_longer = features_of_all_weeks(chosen, longer, groups=groups)
    assert of_longer[:, :, empty_weeks:].tobytes() == every.tobytes()
    at_last = features_at(chosen, longer, last + empty_weeks, groups=groups)
    assert at_last.tobytes() == features_at(chosen, fields, last, groups=groups).tobytes()


@OF_EVERY_SET
@FEW
@given(panel=panels())
def test_a_feature_is_unknown_before_its_declared_history(name: str, panel: tuple[Fields, Groups]) -> None:
    fields, groups = panel
    weeks_so_far = np.arange(1, fields["units_sold"].shape[1] + 1)
    chosen = feature_set(name)

    for feature, values in zip(chosen.features, features_of_all_weeks(chosen, fields, groups=groups), strict=True):
        assert not np.isfinite(values[:, weeks_so_far < feature.history_weeks]).any(), feature.name
        assert not np.isinf(values).any()


@OF_EVERY_SET
def test_products_in_many_blocks_are_computed_as_a_few_of_them(name: str) -> None:
    random = np.random.default_rng(0)
    fields = {field: random.integers(0, 9, (2_500, 60)).astype(np.float32) for field in FIELDS}
    groups = {"location": ("",) * 2_500, "item": tuple(str(row // 5) for row in range(2_500))}
    features = PanelFeatures(feature_set(name), fields, groups)

    every = features.of_all_weeks()

    rows = np.array([0, 1_665, 1_666, 1_667, 2_499])
    assert features.at(59, rows).tobytes() == np.ascontiguousarray(every[:, rows, 59].T).tobytes()
    assert every[:, :, 59].T.tobytes() == features.at(59).tobytes()

    computed = 0
    for block, values in features.blocks():
        assert values.tobytes() == np.ascontiguousarray(every[:, block]).tobytes()
        computed += values.shape[1]
    assert computed == 2_500 > values.shape[1]


@FEW
@given(panel=panels(), data=st.data())
def test_a_clients_stock_gives_what_the_panel_would_have_given_with_it(
    panel: tuple[Fields, Groups], data: st.DataObject
) -> None:
    fields, groups = panel
    products, weeks = fields["units_sold"].shape
    row, week = data.draw(st.integers(0, products - 1)), data.draw(st.integers(0, weeks - 1))
    stock = np.float32(data.draw(st.sampled_from([0, 1, 2.5, 40, 1e7])))
    counted = fields["units_on_hand"].copy()
    counted[row, week] = stock
    chosen = feature_set("stock-1")

    features = PanelFeatures(chosen, fields, groups).with_stock_at(week)

    assert features is not None
    answer = features.with_units_on_hand(np.array([row]), np.array([stock]))
    expected = features_at(chosen, {**fields, "units_on_hand": counted}, week, groups=groups)[[row]]
    assert answer.tobytes() == expected.tobytes()


def test_a_set_without_stock_features_has_no_answer_for_a_clients_stock() -> None:
    fields = {field: np.ones((2, 8), dtype=np.float32) for field in FIELDS}

    assert PanelFeatures(feature_set("sales-2"), fields).with_stock_at(7) is None


def test_a_panel_that_lacks_fields_is_told_which() -> None:
    with pytest.raises(MissingFieldsError, match="'availability-1' is made from in_stock, which the panel lacks"):
        PanelFeatures(feature_set("availability-1"), {"units_sold": np.ones((2, 8), dtype=np.float32)})


@pytest.mark.parametrize("name", ["seed-18", *NAMES])
def test_every_feature_has_a_unit_and_says_its_value_in_words(name: str) -> None:
    features = feature_set(name).features

    assert len({feature.name for feature in features}) == len(features)
    for feature in features:
        assert feature.unit
        assert feature.in_words(0.4) != feature.in_words(23.0)
        assert "is not known" in feature.in_words(float("nan"))
