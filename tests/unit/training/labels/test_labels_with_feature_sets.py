"""Every label with every feature set: refused with one sentence, or right about where the label applies."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from data.ingest.generic import ingest_generic
from data.panel import Panel
from data.panel.build import build_panel
from data.snapshots import ModelReference, Snapshot
from data.synthetic.shops import write_synthetic_generic
from data.weeks import monday_of
from feature_service.bundle import Bundle, BundleError, Contract, LabelContract
from feature_service.kernel import FloatArray, feature_set, features_of_all_weeks
from feature_service.kernel.deliveries import PurchaseOrders
from feature_service.kernel.sets.catalogue import FEATURE_SETS
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.scorer import State
from tests.support.answers import given_to_all
from training.errors import LabelFeaturesError
from training.labels import LABELS, bounds_in, eligible_rows, label

REFUSED = {
    ("zero_sales", "stock-1"): "told by sales_qtd_roll_mean_4 or weeks_since_sale",
    ("zero_sales", "stock-2"): "told by sales_qtd_roll_mean_4 or weeks_since_sale",
    ("inventory", "seed-18"): "no feature of that set knows any",
    ("inventory", "sales-2"): "no feature of that set knows any",
    ("inventory", "availability-1"): "told by units_on_hand and count_age_days",
    ("availability", "seed-18"): "no feature of that set knows any",
    ("availability", "sales-2"): "no feature of that set knows any",
}
TOLD_BY_FEATURES = {
    ("zero_sales", "seed-18"),
    ("zero_sales", "sales-2"),
    ("zero_sales", "availability-1"),
    ("inventory", "stock-1"),
    ("inventory", "stock-2"),
}
PAIRS = [(name, chosen) for name in LABELS for chosen in FEATURE_SETS]
LEARNED = [pair for pair in PAIRS if pair not in REFUSED]
FIRST, WEEKS = dt.date(2024, 1, 1), 40


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """Counted shops with weekly flags; a few are counted in the first weeks only."""
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=120, weeks=WEEKS, first_week=FIRST)
    counts = pl.read_csv(folder / "inventory.csv", try_parse_dates=True)
    week = pl.col("counted_on").dt.truncate("1w").alias("week_start")
    flags = counts.group_by("product_id", week, maintain_order=True).agg(in_stock=pl.col("units_on_hand").min() > 0)
    flags.write_csv(folder / "availability.csv")
    forgotten = counts["product_id"].unique(maintain_order=True)[:20].implode()
    early = pl.col("counted_on") < FIRST + dt.timedelta(weeks=20)
    counts.filter(early | ~pl.col("product_id").is_in(forgotten)).write_csv(folder / "inventory.csv")
    clean = ingest_generic(folder, quarantine_file=folder / "quarantine.parquet")
    built = build_panel(clean, as_of_week=monday_of(FIRST + dt.timedelta(weeks=WEEKS - 1)))
    return replace(built, purchase_orders=PurchaseOrders.none(len(built.product_ids)))


def contract_of(name: str, set_name: str) -> Contract:
    chosen, target = feature_set(set_name), label(name)
    label_contract = LabelContract(name, target.description, target.evidence, 1, bounds_in(chosen, target))
    window, unknown = ("", ""), chosen.unknown_allowed
    return Contract(
        set_name, chosen.feature_names, label_contract, 0.5, window, {}, "", "made up", 0, takes_unknown=unknown
    )


class EvenChance:
    """A model that says 0.5 of everything, under a contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def predict(self, rows: FloatArray) -> npt.NDArray[np.float32]:
        return np.full(len(rows), 0.5, dtype=np.float32)

    def predict_run_out(self, rows: FloatArray) -> npt.NDArray[np.float32]:
        return self.predict(rows)[:, None]


@pytest.mark.parametrize("pair", REFUSED, ids="+".join)
def test_what_does_not_go_together_is_refused_in_one_sentence(pair: tuple[str, str]) -> None:
    with pytest.raises(LabelFeaturesError, match=REFUSED[pair]):
        contract_of(*pair)


@pytest.mark.parametrize("pair", LEARNED, ids="+".join)
def test_features_tell_where_the_label_applies_exactly_as_the_panel_does(panel: Panel, pair: tuple[str, str]) -> None:
    name, set_name = pair
    chosen, contract = feature_set(set_name), contract_of(name, set_name)
    assert bool(contract.label.applies_where) is (pair in TOLD_BY_FEATURES)
    orders = panel.purchase_orders
    features = features_of_all_weeks(chosen, panel.fields, groups=panel.groups, purchase_orders=orders)
    known = np.isfinite(panel.fields["units_sold"]) & (chosen.unknown_allowed | np.isfinite(features).all(axis=0))
    eligible = label(name).eligible(panel)
    assert 0 < eligible[known].mean() < 1
    applies = contract.applies(np.moveaxis(features, 0, -1)[known])
    if pair in TOLD_BY_FEATURES:
        np.testing.assert_array_equal(applies, eligible[known])
    else:
        assert applies.all()


@pytest.mark.parametrize("name", LABELS)
def test_where_a_label_applies_is_the_same_asked_product_by_product(
    panel: Panel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.labels.eligible._CELLS_PER_BLOCK", 1)
    np.testing.assert_array_equal(eligible_rows(label(name), panel), label(name).eligible(panel))


@pytest.mark.parametrize("pair", LEARNED, ids="+".join)
def test_every_model_answers_for_the_callers_own_stock(panel: Panel, pair: tuple[str, str]) -> None:
    contract = contract_of(*pair)
    eligible = label(pair[0]).eligible(panel)
    snapshot = Snapshot("made-up", dt.datetime.now(dt.UTC), ModelReference("m", "1", "r"), panel, eligible, Path())
    assessor = Assessor(snapshot, cast(Bundle, EvenChance(contract)))
    rows = np.arange(len(assessor))
    counted, none_left, plenty = (
        assessor.answers(rows, assessor.newest, assessor.scorer, given).scores.states == State.SCORED
        for given in (None, given_to_all(len(rows), 0.0), given_to_all(len(rows), 50.0))
    )
    if pair[0] == "inventory":
        assert not none_left.any()
        assert plenty.all()  # also where the last count in the data is too old
        assert not counted.all()
    else:
        np.testing.assert_array_equal(none_left, counted)
        np.testing.assert_array_equal(plenty, counted)


def test_a_contract_that_tells_by_a_feature_it_does_not_take_is_refused() -> None:
    contract = contract_of("zero_sales", "sales-2")
    text = contract.to_json().replace('"feature": "weeks_since_sale"', '"feature": "weeks_since_moonrise"')
    with pytest.raises(BundleError, match="weeks_since_moonrise"):
        Contract.from_json(text)
