"""Windows made from running sums: exact for whole numbers, and the same bits whenever they start at the same week."""

import numpy as np
import pytest

from feature_service.kernel import FloatArray
from feature_service.kernel.series import Series

WEEKS, WINDOW = 80, 13
RNG = np.random.default_rng(0)
UNITS = np.where(RNG.random((50, WEEKS)) < 0.1, np.nan, RNG.integers(0, 100_000, (50, WEEKS))).astype(np.float32)
PRICES = np.where(np.isnan(UNITS), np.nan, RNG.gamma(2.0, 7.3, (50, WEEKS))).astype(np.float32)


def test_a_window_of_whole_numbers_holds_no_trace_of_the_weeks_before_it() -> None:
    windows = np.stack([UNITS[:, week + 1 - WINDOW : week + 1] for week in range(WINDOW - 1, WEEKS)], axis=1)
    written_out = np.nansum(windows.astype(np.float64), axis=-1)

    assert np.array_equal(Series(UNITS).total(WINDOW)[:, WINDOW - 1 :], written_out)


@pytest.mark.parametrize("values", [UNITS, PRICES], ids=["units", "prices"])
@pytest.mark.parametrize("statistic", ["total", "mean", "spread", "smoothed"])
def test_one_week_of_one_row_is_bit_for_bit_what_all_weeks_of_all_rows_give(values: FloatArray, statistic: str) -> None:
    every = getattr(Series(values), statistic)(WINDOW)

    for week in (0, WINDOW, WEEKS - 1):
        alone = getattr(Series(values[7:8, : week + 1], first=week), statistic)(WINDOW)
        assert alone.tobytes() == every[7:8, week : week + 1].tobytes()


@pytest.mark.parametrize("values", [UNITS, PRICES], ids=["units", "prices"])
@pytest.mark.parametrize("statistic", ["total", "mean", "spread", "smoothed"])
def test_weeks_before_launch_change_no_bit(values: FloatArray, statistic: str) -> None:
    launched_later = np.concatenate([np.full((len(values), 20), np.nan, dtype=np.float32), values], axis=1)

    later = np.ascontiguousarray(getattr(Series(launched_later), statistic)(WINDOW)[:, 20:])

    assert later.tobytes() == getattr(Series(values), statistic)(WINDOW).tobytes()
