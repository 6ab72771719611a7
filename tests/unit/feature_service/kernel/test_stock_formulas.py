"""A feature set says which of its features depend on the stock at the week's end, wherever they stand in it."""

import dataclasses

import numpy as np
import pytest

from feature_service.kernel import FeatureSet, FloatArray, PanelFeatures
from feature_service.kernel.block import Block
from feature_service.kernel.features import Feature, StockFormula
from feature_service.kernel.phrases import counted

DEMAND = Feature("demand", "units per week", 1, counted("{} a week", "unit"))
ON_HAND = Feature("on_hand", "units", 1, counted("{} on hand", "unit"))
COVER = Feature("cover", "weeks", 1, counted("covers {}", "week", 1))


def compute_into(block: Block, out: FloatArray) -> None:
    demand, stock = (block.fields[name][:, block.first :] for name in ("demand", "stock"))
    out[0], out[1], out[2] = demand, stock / demand, stock


STOCK_LAST = FeatureSet(
    name="stock-last",
    features=(DEMAND, COVER, ON_HAND),
    fields=("demand", "stock"),
    compute_into=compute_into,
    stock_history=lambda block: {"demand": block.fields["demand"][:, block.first :].astype(np.float64)},
    stock_formulas=(
        StockFormula(ON_HAND, lambda stock, _: stock),
        StockFormula(COVER, lambda stock, history: stock / history["demand"]),
    ),
)


def test_a_stock_reaches_its_features_by_name_wherever_they_stand() -> None:
    fields = {"demand": np.full((3, 4), 2, dtype=np.float32), "stock": np.full((3, 4), 6, dtype=np.float32)}
    features = PanelFeatures(STOCK_LAST, fields).with_stock_at(3)

    assert features is not None
    assert features.features.tolist() == [[2, 3, 6]] * 3
    answer = features.with_units_on_hand(np.array([2, 0]), np.array([10, 1], dtype=np.float32))
    assert answer.tolist() == [[2, 5, 10], [2, 0.5, 1]]


def test_a_stock_formula_for_a_feature_that_the_set_does_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="stock formula for 'on_hand', which is not one of its features"):
        dataclasses.replace(STOCK_LAST, features=(DEMAND, COVER))


def test_stock_formulas_need_a_history_and_a_history_needs_them() -> None:
    with pytest.raises(ValueError, match="needs stock formulas and a stock history, or neither"):
        dataclasses.replace(STOCK_LAST, stock_history=None)
    with pytest.raises(ValueError, match="needs stock formulas and a stock history, or neither"):
        dataclasses.replace(STOCK_LAST, stock_formulas=())
