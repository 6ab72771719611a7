"""The caller's own stock with a model that looks at stock: the same as if the snapshot had held it."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from data.panel import UNITS_ON_HAND, Panel
from data.snapshots import Snapshot
from feature_service.bundle import Bound, Bundle, Contract, LabelContract
from feature_service.kernel import FloatArray, feature_set
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.newer_stock import NewerStock
from tests.support.answers import computed, given_to_all, now, reason_of
from tests.support.snapshots import MODEL, synthetic_panel

CHOSEN = feature_set("stock-1")


class ModelOfCover:
    """The less stock, the higher the probability; every other known feature counts a little, too."""

    def __init__(self) -> None:
        label = LabelContract("inventory", "runs out", "STOCK_AWARE", 1, applies_where=(Bound(UNITS_ON_HAND, above=0),))
        self.contract = Contract(
            "stock-1", CHOSEN.feature_names, label, 0.5, ("", ""), {}, "", "made up", 0, takes_unknown=True
        )

    def predict(self, rows: FloatArray) -> npt.NDArray[np.float32]:
        stock = rows[:, CHOSEN.feature_names.index(UNITS_ON_HAND)]
        others = np.nan_to_num(rows, nan=0.0).sum(axis=1)
        return np.asarray(1 / (1 + stock + 1e-6 * np.abs(others)), dtype=np.float32)

    def predict_run_out(self, rows: FloatArray) -> npt.NDArray[np.float32]:
        return self.predict(rows)[:, None]


def panel_of(on_hand: FloatArray) -> Panel:
    plain = synthetic_panel(products=len(on_hand))
    rng = np.random.default_rng(0)
    shape = (len(on_hand), len(plain.weeks))
    fields = {name: rng.integers(0, 9, shape).astype(np.float32) for name in CHOSEN.fields}
    counted_assessor = rng.integers(1, 30, shape).astype(np.float32)
    counted_assessor[:, -1] = on_hand
    return dataclasses.replace(plain, fields={**plain.fields, **fields, UNITS_ON_HAND: counted_assessor})


def assessor_of(on_hand: FloatArray) -> Assessor:
    panel = panel_of(on_hand)
    eligible = panel.fields[UNITS_ON_HAND] > 0
    published = dt.datetime(2018, 9, 1, tzinfo=dt.UTC)
    snapshot = Snapshot("made-up", published, MODEL, panel, eligible, Path())
    return Assessor(snapshot, cast(Bundle, ModelOfCover()))


@pytest.fixture(scope="module")
def stocks() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    counted, given_units = (rng.integers(0, 6, 80).astype(np.float32) for _ in range(2))
    return counted, given_units


def test_the_callers_stock_gives_what_a_snapshot_with_that_stock_would(stocks: tuple[FloatArray, FloatArray]) -> None:
    counted, given_units = stocks
    assessor, counted_assessor = assessor_of(counted), assessor_of(given_units)
    newer_stock = NewerStock(given_units.astype(np.float64), np.full(len(given_units), np.nan))
    answers = computed(assessor, assessor.panel.product_ids, assessor.newest, newer_stock)
    expected = now(counted_assessor, counted_assessor.panel.product_ids)
    assert list(map(reason_of, answers)) == list(map(reason_of, expected))
    for answer, other in zip(answers, expected, strict=True):
        if answer.HasField("risk"):
            assert answer.risk.probability == pytest.approx(other.risk.probability, rel=1e-4)
            assert answer.risk.units_on_hand == other.risk.units_on_hand
            assert answer.risk.weeks_of_cover == other.risk.weeks_of_cover


def test_only_products_whose_stock_is_told_are_answered_anew(stocks: tuple[FloatArray, FloatArray]) -> None:
    assessor = assessor_of(stocks[0])
    given_units = np.where(np.arange(len(stocks[1])) % 2, stocks[1], np.nan).astype(np.float64)
    newer_stock = NewerStock(given_units, np.full(len(given_units), np.nan))
    answers = computed(assessor, assessor.panel.product_ids, assessor.newest, newer_stock)
    assert answers[::2] == now(assessor, assessor.panel.product_ids)[::2]
    assert answers != now(assessor, assessor.panel.product_ids)


def test_a_stock_that_is_told_to_be_gone_is_a_state_of_its_own() -> None:
    assessor = assessor_of(np.full(10, 5, dtype=np.float32))
    before = now(assessor, assessor.panel.product_ids)
    answers = computed(assessor, assessor.panel.product_ids, assessor.newest, given_to_all(10, 0.0))
    launched = [row for row, each in enumerate(before) if each.HasField("risk")]
    assert launched
    assert all(reason_of(answers[row]) == "OUT_OF_STOCK" for row in launched)


def test_a_past_week_takes_the_callers_stock_as_well(stocks: tuple[FloatArray, FloatArray]) -> None:
    assessor = assessor_of(stocks[0])
    past = assessor.newest - 3
    before = computed(assessor, assessor.panel.product_ids, past)
    more = computed(assessor, assessor.panel.product_ids, past, given_to_all(len(before), 1000.0))
    pairs = [(a.risk, b.risk) for a, b in zip(before, more, strict=True) if a.HasField("risk") and b.HasField("risk")]
    assert pairs
    assert all(less_stock.probability > more_stock.probability for less_stock, more_stock in pairs)
