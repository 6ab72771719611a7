"""The weekly fields of stock: nothing is made up, nothing is lost, nothing later is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.panel.weekly_stock import STOCK_FIELDS, DailyUnits, stock_of_days, weekly_stock
from feature_service.kernel import FloatArray

COUNTS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6).map(lambda weeks: 7 * weeks)),
    elements=st.one_of(st.just(np.float32(np.nan)), st.integers(-5, 40).map(np.float32)),
)


def same(one: dict[str, FloatArray], other: dict[str, FloatArray]) -> None:
    assert set(one) == set(other) == set(STOCK_FIELDS)
    for name, matrix in one.items():
        assert matrix.dtype == np.float32
        np.testing.assert_array_equal(matrix, other[name], err_msg=name)


@given(COUNTS, st.integers(0, 5), st.randoms(use_true_random=False))
def test_counts_after_a_week_never_change_its_fields(counts: FloatArray, cut: int, random) -> None:  # type: ignore[no-untyped-def]
    weeks = counts.shape[1] // 7
    cut = min(cut, weeks - 1)
    later = counts.copy()
    later[:, 7 * (cut + 1) :] = random.randint(0, 50)
    known = {name: matrix[:, : cut + 1] for name, matrix in stock_of_days(later).items()}
    same({name: matrix[:, : cut + 1] for name, matrix in stock_of_days(counts).items()}, known)
    same(stock_of_days(counts[:, : 7 * (cut + 1)]), known)


@given(COUNTS)
def test_receipts_less_depletion_is_the_change_of_the_stock(counts: FloatArray) -> None:
    fields = stock_of_days(counts)
    on_hand = fields["units_on_hand"]
    moved = np.nan_to_num(fields["receipts"] - fields["depletion"])
    counted_before = np.isfinite(on_hand[:, :-1])
    np.testing.assert_array_equal(np.diff(on_hand)[counted_before], moved[:, 1:][counted_before])


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_products_and_of_counts_does_not_matter(counts: FloatArray, random) -> None:  # type: ignore[no-untyped-def]
    products, days = counts.shape
    product, day = (part.astype(np.int64) for part in np.nonzero(np.isfinite(counts)))
    shuffled = np.array(random.sample(range(len(day)), len(day)), dtype=np.int64)
    places = np.array(random.sample(range(products), products))
    moved = weekly_stock(
        DailyUnits(places[product[shuffled]], day[shuffled], counts[product, day][shuffled]),
        products=products,
        weeks=days // 7,
    )
    same({name: matrix[places] for name, matrix in moved.items()}, stock_of_days(counts))


@given(COUNTS)
def test_a_week_without_a_count_tells_nothing_but_the_age_of_the_last_one(counts: FloatArray) -> None:
    counts[:, -7:] = np.nan
    fields = stock_of_days(counts)
    for name in set(STOCK_FIELDS) - {"units_on_hand", "count_age_days", "count_days", "days_since_receipt"}:
        if name not in ("days_since_fall", "out_spell_days"):
            assert np.isnan(fields[name][:, -1]).all(), name
    ever = np.isfinite(counts).any(axis=1)
    np.testing.assert_array_equal(np.isfinite(fields["units_on_hand"][:, -1]), ever)
    assert (fields["count_age_days"][ever, -1] >= 7).all()


@given(COUNTS)
def test_a_stock_out_is_seen_on_the_day_it_was_counted(counts: FloatArray) -> None:
    fields = stock_of_days(counts)
    out = (counts.reshape(len(counts), -1, 7) <= 0).any(axis=2)
    np.testing.assert_array_equal(fields["min_on_hand"] <= 0, out)
    np.testing.assert_array_equal(fields["days_out"] > 0, out)
