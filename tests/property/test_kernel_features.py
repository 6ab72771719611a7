"""What holds for the 18 features whatever the panel: no leakage, and the same numbers however they are computed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_service.kernel import (
    Fields,
    FloatArray,
    InsufficientHistoryError,
    UnknownFeatureSetError,
    feature_set,
    features_at,
    features_of_all_weeks,
)

SEED_18 = feature_set("seed-18")
WITHOUT_DEADLINE = settings(deadline=None)
MEASURES = {"sales_qtd": "units_sold", "price_mean": "price_mean"}


@st.composite
def panels(draw: st.DrawFn) -> Fields:
    """Units and prices of up to 6 products in 4 to 14 weeks, NaN before each product's launch."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(4, 14)))
    launch = draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    unknown = np.arange(shape[1]) < launch[:, None]
    fields = {}
    for name, top in (("units_sold", 500), ("price_mean", 10_000)):
        values = draw(hnp.arrays(np.float32, shape, elements=st.floats(0, top, width=32)))
        fields[name] = np.where(unknown, np.float32(np.nan), values)
    return fields


def oracle(fields: Fields) -> FloatArray:
    """The same features in plain pandas, product by product, shape ``(features, products, weeks)``."""
    columns = []
    for name in SEED_18.feature_names:
        stem = next(stem for stem in MEASURES if name.startswith(stem))
        of_products = []
        for history in fields[MEASURES[stem]]:
            series = pd.Series(history, dtype="float64")
            number = int(name.rsplit("_", 1)[1])
            if "_lag_" in name:
                of_products.append(series.shift(number - 1))
            else:
                rolling = series.rolling(number)
                of_products.append(rolling.mean() if "_mean_" in name.removeprefix(stem) else rolling.sum())
        columns.append(np.stack(of_products))
    return np.stack(columns)


@WITHOUT_DEADLINE
@given(panels())
def test_a_plain_pandas_oracle_gives_the_same_numbers(fields: Fields) -> None:
    np.testing.assert_allclose(features_of_all_weeks(SEED_18, fields), oracle(fields), rtol=1e-5, atol=1e-3)


@WITHOUT_DEADLINE
@given(panels(), st.data())
def test_nothing_after_as_of_changes_a_feature(fields: Fields, data: st.DataObject) -> None:
    weeks = fields["units_sold"].shape[1]
    week = data.draw(st.integers(0, weeks - 1))
    future = data.draw(st.sampled_from([np.nan, -1.0, 1e9]))
    changed = {name: matrix.copy() for name, matrix in fields.items()}
    for matrix in changed.values():
        matrix[:, week + 1 :] = future

    before, after = (features_of_all_weeks(SEED_18, each) for each in (fields, changed))

    np.testing.assert_array_equal(before[:, :, : week + 1], after[:, :, : week + 1])


@WITHOUT_DEADLINE
@given(panels(), st.data())
def test_one_week_alone_is_bit_for_bit_the_column_of_all_weeks(fields: Fields, data: st.DataObject) -> None:
    week = data.draw(st.integers(SEED_18.history_weeks - 1, fields["units_sold"].shape[1] - 1))

    alone = features_at(SEED_18, fields, week)

    assert alone.tobytes() == np.ascontiguousarray(features_of_all_weeks(SEED_18, fields)[:, :, week].T).tobytes()
    assert alone.dtype == np.float32
    assert alone.flags.c_contiguous


@WITHOUT_DEADLINE
@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_products_does_not_matter(fields: Fields, random) -> None:  # type: ignore[no-untyped-def]
    order = random.sample(range(len(fields["units_sold"])), len(fields["units_sold"]))
    shuffled = {name: matrix[order] for name, matrix in fields.items()}

    features = features_of_all_weeks(SEED_18, fields)

    assert features[:, order].tobytes() == features_of_all_weeks(SEED_18, shuffled).tobytes()


@WITHOUT_DEADLINE
@given(panels())
def test_an_array_that_held_something_else_is_filled_completely(fields: Fields) -> None:
    expected = features_of_all_weeks(SEED_18, fields)
    used = np.full_like(expected, 1e30)

    assert features_of_all_weeks(SEED_18, fields, out=used) is used
    assert used.tobytes() == expected.tobytes()


@WITHOUT_DEADLINE
@given(panels())
def test_each_feature_is_known_exactly_when_its_declared_history_is(fields: Fields) -> None:
    known_weeks = np.cumsum(np.isfinite(fields["units_sold"]), axis=1)

    for feature, values in zip(SEED_18.features, features_of_all_weeks(SEED_18, fields), strict=True):
        np.testing.assert_array_equal(np.isfinite(values), known_weeks >= feature.history_weeks)


def test_products_in_many_blocks_are_computed_as_each_product_alone() -> None:
    rng = np.random.default_rng(0)
    fields = {name: rng.random((5_000, 60), dtype=np.float32) for name in SEED_18.fields}

    features = features_of_all_weeks(SEED_18, fields)

    for product in (0, 1_665, 1_666, 1_667, 4_999):
        alone = features_of_all_weeks(SEED_18, {name: matrix[[product]] for name, matrix in fields.items()})
        assert features[:, product].tobytes() == alone[:, 0].tobytes()


def test_the_18_names_are_those_that_clients_send() -> None:
    assert set(SEED_18.feature_names) == {
        *(f"{stem}_lag_{k}" for stem in MEASURES for k in (1, 2, 3)),
        *(f"{stem}_roll_{kind}_{w}" for stem in MEASURES for kind in ("mean", "sum") for w in (2, 3, 4)),
    }
    assert len(SEED_18.feature_names) == 18


def test_a_panel_that_is_too_short_and_a_set_that_is_not_there_are_told() -> None:
    short = {name: np.zeros((2, 3), dtype=np.float32) for name in SEED_18.fields}

    with pytest.raises(InsufficientHistoryError, match="need 4 weeks of history, found 3"):
        features_of_all_weeks(SEED_18, short)
    with pytest.raises(InsufficientHistoryError, match="need 4 weeks of history, found 2"):
        features_at(SEED_18, short, 1)
    with pytest.raises(UnknownFeatureSetError, match=r"'seed-99'.*seed-18"):
        feature_set("seed-99")
