"""What became of counted products, held against the plainest reading of their counts."""

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data.ingest.result import COUNTS_SCHEMA, PRODUCTS_SCHEMA, CleanHistory
from data.panel.build import build_panel
from monitoring.outcomes.truth import truth_of
from tests.support.outcomes import report
from training.labels import label

FIRST = dt.date(2024, 1, 1)
WEEKS = 6
DAYS = 7 * WEEKS
LAST_WEEK = FIRST + dt.timedelta(weeks=WEEKS - 1)

Counts = dict[int, int]
"""Units by day from ``FIRST``."""


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    """On most days, of a stock that falls, and is filled up now and then."""
    units = draw(st.lists(st.integers(-1, 6), min_size=DAYS, max_size=DAYS))
    missing = draw(st.sets(st.integers(1, DAYS - 1), max_size=16))
    return {day: max(units[day], 1) if day == 0 else units[day] for day in range(DAYS) if day not in missing}


def history_of(first: Counts, second: Counts) -> CleanHistory:
    rows = [
        {"product_id": product, "counted_on": FIRST + dt.timedelta(days=day), "units_on_hand": float(units)}
        for product, of_product in (("a", first), ("b", second))
        for day, units in of_product.items()
    ]
    sale = {"product_id": "a", "sold_on": FIRST, "order": 1, "units": 1.0, "unit_price": 2.0}
    # records up to the last day, so that the table reaches it
    end = LAST_WEEK + dt.timedelta(days=6)
    rows = [row for row in rows if row["counted_on"] != end]
    rows.append({"product_id": "z", "counted_on": end, "units_on_hand": 5.0})
    products = [{"product_id": each, "category": ""} for each in ("a", "b", "z")]
    return CleanHistory(
        sales=pl.DataFrame([sale, sale | {"product_id": "z", "sold_on": end}]),
        products=pl.DataFrame(products, schema=PRODUCTS_SCHEMA),
        report=report(FIRST, end),
        counts=pl.DataFrame(rows, schema=COUNTS_SCHEMA),
    )


def read_plainly(of_product: Counts, week: int, horizon: int) -> tuple[float, int, int, int]:
    """Outcome, day out, day of the first receipt, day on which the stock without receipts would be used up."""
    sunday = 7 * week + 6
    ahead = {day - sunday: units for day, units in of_product.items() if sunday < day <= sunday + 7 * horizon}
    if sunday + 7 * horizon >= DAYS:
        outcome = np.nan
    elif any(units <= 0 for units in ahead.values()):
        outcome = 1.0
    else:
        counted_weeks = {(day - 1) // 7 for day in ahead}
        outcome = 0.0 if len(counted_weeks) == horizon else np.nan
    if outcome != 0:
        return outcome, min((day for day, units in ahead.items() if units <= 0), default=0), 0, 0
    last = [units for day, units in sorted(of_product.items()) if day <= sunday][-1]
    came, receipts, used_up = 0, [0], 0
    for day, units in sorted(ahead.items()):
        if units > last:
            came, receipts = came + units - last, [*receipts, day]
        last = units
        if came and units - came <= 0 and not used_up:
            used_up = day
    return outcome, 0, receipts[1] if used_up else 0, used_up


@given(counts(), counts(), st.integers(1, 2))
@settings(max_examples=25)
def test_outcomes_days_and_receipts_are_those_of_the_counts(first: Counts, second: Counts, horizon: int) -> None:
    history = history_of(first, second)
    panel = build_panel(history, as_of_week=LAST_WEEK)
    truth = truth_of(label("inventory", horizon_weeks=horizon), panel, history, FIRST)
    assert truth.weeks_over == tuple(WEEKS - 1 - week if week + horizon < WEEKS else 0 for week in range(WEEKS))
    for row, of_product in ((panel.product_ids.index("a"), first), (panel.product_ids.index("b"), second)):
        known = {day: units for day, units in of_product.items() if day != DAYS - 1}
        for week in range(WEEKS):
            stock = [units for day, units in sorted(known.items()) if day <= 7 * week + 6][-1]
            if stock <= 0:
                continue  # out of stock already: nobody is warned of it
            outcome, day_out, receipt, used_up = read_plainly(known, week, horizon)
            found = (truth.out_day[row, week], truth.receipt_day[row, week], truth.used_up_day[row, week])
            np.testing.assert_equal(truth.outcome[row, week], np.float32(outcome))
            assert found == (day_out, receipt, used_up), (week, known)


def alert_read_plainly(of_product: Counts, week: int, days: int) -> tuple[float, int]:
    """What became of an alert that is about so many days, and the day on which the product ran out within them."""
    sunday, weeks = 7 * week + 6, -(-days // 7)
    for ahead in range(weeks):
        first = sunday + 7 * ahead + 1
        if first + 6 >= DAYS:
            return np.nan, 0
        counted = {day - sunday: of_product[day] for day in range(first, first + 7) if day in of_product}
        out = [day for day, units in counted.items() if units <= 0]
        if out:
            return (1.0, out[0]) if out[0] <= days else (0.0, 0)
        if not counted:
            return np.nan, -1
    return 0.0, 0


@st.composite
def counts_that_last(draw: st.DrawFn) -> Counts:
    """The same of a stock that runs out on two days at most, so that some alerts are over before it does."""
    units = draw(st.lists(st.integers(1, 6), min_size=DAYS, max_size=DAYS))
    out = draw(st.sets(st.integers(7, DAYS - 8), min_size=1, max_size=2))
    missing = draw(st.sets(st.integers(1, DAYS - 1), max_size=8)) - out
    return {day: 0 if day in out else units[day] for day in range(DAYS) if day not in missing}


@given(st.one_of(counts(), counts_that_last()), st.lists(st.integers(7, 28), min_size=WEEKS, max_size=WEEKS))
@settings(max_examples=25)
def test_what_became_of_an_alert_is_what_the_counts_of_its_own_days_say(first: Counts, days: list[int]) -> None:
    history = history_of(first, first)
    panel = build_panel(history, as_of_week=LAST_WEEK)
    alert_days = np.broadcast_to(np.array(days), (len(panel.product_ids), WEEKS))
    truth = truth_of(label("inventory", horizon_weeks=1), panel, history, FIRST, alert_days)
    row, known = panel.product_ids.index("a"), {day: units for day, units in first.items() if day != DAYS - 1}
    for week in range(WEEKS):
        if [units for day, units in sorted(known.items()) if day <= 7 * week + 6][-1] <= 0:
            continue  # out of stock already: nobody is warned of it
        outcome, day_out = alert_read_plainly(known, week, days[week])
        np.testing.assert_equal(truth.alert_outcome[row, week], np.float32(outcome))
        if outcome == 1 or day_out == 0:
            assert truth.out_day[row, week] == day_out, (week, days[week], known)
