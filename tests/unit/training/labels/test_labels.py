"""Which rows a label is for, how they turned out, and that what is not known is not counted as a negative."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.panel import COUNT_AGE_DAYS, IN_STOCK, MIN_ON_HAND, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from tests.support.training_fixtures import training_panel
from training.errors import LabelInputError, LabelSettingError, UnknownLabelError
from training.labels import LABELS, label
from training.labels.gamma_poisson import zero_probability

NAN = np.nan


def panel_of(**fields: Sequence[Sequence[float]]) -> Panel:
    matrices = {name: np.array(rows, dtype=np.float32) for name, rows in fields.items()}
    one = next(iter(matrices.values()))
    some = training_panel(products=one.shape[0], weeks=one.shape[1])
    return dataclasses.replace(some, fields={PRICE_MEAN: one, **matrices})


def outcome(panel: Panel, name: str, horizon_weeks: int = 1) -> list[float]:
    return [float(value) for value in label(name, horizon_weeks=horizon_weeks).outcome(panel)[0]]


def test_a_stock_out_is_a_count_of_0_or_less_on_any_day_ahead() -> None:
    panel = panel_of(**{MIN_ON_HAND: [[5, 0, 3, -2, 4]], UNITS_ON_HAND: [[5, 4, 3, 2, 4]]})
    assert outcome(panel, "inventory") == pytest.approx([1, 0, 1, 0, NAN], nan_ok=True)
    assert outcome(panel, "inventory", horizon_weeks=2) == pytest.approx([1, 1, 1, NAN, NAN], nan_ok=True)


def test_a_week_without_a_count_leaves_the_outcome_unknown_unless_another_week_settles_it() -> None:
    panel = panel_of(**{MIN_ON_HAND: [[5, NAN, 3, 0, NAN]]})
    assert outcome(panel, "inventory") == pytest.approx([NAN, 0, 1, NAN, NAN], nan_ok=True)
    assert outcome(panel, "inventory", horizon_weeks=2) == pytest.approx([NAN, 1, 1, NAN, NAN], nan_ok=True)


def test_only_what_was_counted_in_stock_within_four_weeks_can_run_out() -> None:
    on_hand, age = [[3, 0, -1, NAN, 3, 3]], [[0, 0, 0, NAN, 28, 29]]
    panel = panel_of(**{UNITS_ON_HAND: on_hand, COUNT_AGE_DAYS: age})
    assert label("inventory").eligible(panel).tolist() == [[True, False, False, False, True, False]]


def test_a_flag_of_a_week_ahead_tells_a_stock_out() -> None:
    panel = panel_of(**{IN_STOCK: [[NAN, 1, 0, 1, 1, NAN]]})
    assert outcome(panel, "availability") == pytest.approx([0, 1, 0, 0, NAN, NAN], nan_ok=True)
    assert label("availability").eligible(panel).tolist() == [[False, True, False, True, True, False]]


def test_nothing_sold_over_the_horizon_is_nothing_in_each_of_its_weeks() -> None:
    panel = panel_of(**{UNITS_SOLD: [[1, 0, 0, 2, 0, 0]]})
    for name in ("zero_sales", "unusual_zero"):
        assert outcome(panel, name, horizon_weeks=2) == pytest.approx([1, 0, 0, 1, NAN, NAN], nan_ok=True)


def test_a_week_without_sales_is_unusual_only_for_what_sells_regularly() -> None:
    units = np.zeros((60, 12), dtype=np.float32)
    units[:20] = 6
    units[20:40, ::3] = 1
    panel = panel_of(**{UNITS_SOLD: units.tolist()})
    eligible = label("unusual_zero").eligible(panel)
    assert eligible[:20, 4:].all()
    assert not eligible[20:].any()
    assert label("unusual_zero", horizon_weeks=4, alpha=0.5).eligible(panel)[20:40, 8:].all()


def test_a_new_products_chance_is_that_of_its_category() -> None:
    units = np.random.default_rng(1).poisson(np.repeat([8.0, 0.2], 40)[:, None], (80, 10)).astype(np.float32)
    units[[0, 40], :-1] = np.nan
    units[[0, 40], -1] = 1
    chance = zero_probability(units, ("brisk",) * 40 + ("slow",) * 40, 1)
    assert chance[0, -1] < 0.05 < 0.5 < chance[40, -1]
    assert np.isnan(chance[0, :-1]).all()


@given(st.integers(0, 100), st.integers(1, 4))
def test_the_chance_of_no_sale_is_a_probability_that_falls_with_the_horizon(seed: int, horizon: int) -> None:
    random = np.random.default_rng(seed)
    units = random.poisson(random.gamma(0.5, 2, (40, 1)), (40, 15)).astype(np.float32)
    units[:10, :5] = np.nan
    categories = tuple(random.choice(["a", "b", ""], 40))
    chance = zero_probability(units, categories, horizon)
    known = np.isfinite(units)
    np.testing.assert_array_equal(np.isfinite(chance), known)
    assert (chance[known] >= 0).all()
    assert (chance[known] <= 1).all()
    assert (zero_probability(units, categories, horizon + 1)[known] <= chance[known]).all()


def test_an_unknown_label_is_refused_by_naming_the_known_ones() -> None:
    with pytest.raises(UnknownLabelError, match=r"no label is named 'stockouts'; there is zero_sales, unusual_zero"):
        label("stockouts")


def test_a_label_of_stock_on_sales_alone_is_refused_by_naming_the_file_it_needs() -> None:
    for name in ("inventory", "availability"):
        with pytest.raises(LabelInputError, match=f"the label {name} needs an {name} file"):
            label(name).eligible(training_panel(products=3, weeks=6))


@pytest.mark.parametrize("setting", [{"horizon_weeks": 0}, {"horizon_weeks": 5}, {"alpha": 0.0}, {"alpha": 1.1}])
def test_a_setting_that_cannot_be_meant_is_refused(setting: dict[str, float]) -> None:
    with pytest.raises(LabelSettingError, match=r"it (can be|is a probability)"):
        label("unusual_zero", **setting)  # type: ignore[arg-type]


def test_every_label_says_what_it_rests_on_and_over_how_many_weeks() -> None:
    for name, each in LABELS.items():
        assert name == each.name == label(name).name
        assert each.evidence == ("STOCK_AWARE" if name in ("inventory", "availability") else "SALES_ONLY")
        assert "week after" in each.description
        assert "3 weeks after" in label(name, horizon_weeks=3).description
