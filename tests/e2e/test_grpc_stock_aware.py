"""A model that looks at stock, trained on counted shelves, from a server of its own: the caller's stock included."""

import datetime as dt
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from google.type import date_pb2
from stockout.v1.provenance_pb2 import EVIDENCE_STOCK_AWARE
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    StockoutRisk,
)

from data.panel import PRICE_MEAN, UNITS_ON_HAND
from data.snapshots import load
from feature_service.kernel import forecast_demand
from tests.support.answers import reason_of
from tests.support.shops import AS_OF_WEEK, CHOSEN, LABEL, LAST_DAY, WEEKS, Shops, counts_of


def risks_of(answer: AssessStockoutRisksResponse) -> dict[str, StockoutRisk]:
    return {each.product_id: each.risk for each in answer.results if each.HasField("risk")}


def rows_of(shops: Shops, risks: Mapping[str, StockoutRisk]) -> npt.NDArray[np.intp]:
    place = {product_id: row for row, product_id in enumerate(shops.panel.product_ids)}
    return np.array([place[each] for each in risks], dtype=np.intp)


def probabilities(risks: Mapping[str, StockoutRisk]) -> npt.NDArray[np.float32]:
    return np.array([each.probability for each in risks.values()], dtype=np.float32)


def day(date: date_pb2.Date) -> dt.date:
    return dt.date(date.year, date.month, date.day)


def test_the_answer_says_that_it_rests_on_stock(shops: Shops) -> None:
    found = shops.ask().provenance
    assert (found.evidence, found.label, found.feature_set) == (EVIDENCE_STOCK_AWARE, "inventory", "stock-1")
    alerts = load(shops.root, shops.snapshot_id).alerts
    assert alerts is not None
    assert (found.snapshot_id, found.threshold) == (shops.snapshot_id, alerts.threshold)
    assert day(found.as_of_week) == AS_OF_WEEK


def test_only_what_is_on_the_shelf_has_a_risk_of_running_out(shops: Shops) -> None:
    answer = shops.ask()
    eligible = LABEL.eligible(shops.panel)[:, -1]
    assert 0 < eligible.sum() < len(eligible)
    for result, applies in zip(answer.results, eligible, strict=True):
        assert reason_of(result) == ("" if applies else "OUT_OF_STOCK"), result.product_id


def test_reasons_name_the_features_that_the_model_was_asked_with(shops: Shops) -> None:
    risks = risks_of(shops.ask())
    features = shops.kernel.at(WEEKS - 1, rows_of(shops, risks))
    for risk, row in zip(risks.values(), features, strict=True):
        assert 1 <= len(risk.reasons) <= 3
        moved = [abs(reason.contribution) for reason in risk.reasons]
        assert moved == sorted(moved, reverse=True)
        assert min(moved) > 0
        for reason in risk.reasons:
            assert reason.text
            np.testing.assert_equal(np.float32(reason.value), row[CHOSEN.feature_names.index(reason.feature)])
    assert any("stock" in reason.text for risk in risks.values() for reason in risk.reasons)


def test_a_planner_reads_cover_and_dates_from_counts_demand_and_lead_times(shops: Shops) -> None:
    panel, risks = shops.panel, risks_of(shops.ask())
    rows = rows_of(shops, risks)
    counts = panel.fields[UNITS_ON_HAND][rows, -1].astype(np.float64)
    demand = forecast_demand(panel.fields, WEEKS - 1).of(rows)
    lost = demand.expected_units_lost(counts)
    dated = 0
    last_count = {product: rows[-1][0] for product, rows in counts_of(shops).items()}
    for risk, row, count, mean, short in zip(risks.values(), rows, counts, demand.mean, lost, strict=True):
        assert (risk.units_on_hand, risk.category) == (count, panel.categories[row])
        assert day(risk.counted_on) == last_count[panel.product_ids[row]]
        assert risk.expected_demand_units == pytest.approx(mean)
        assert risk.weeks_of_cover == pytest.approx(count / mean)
        assert risk.expected_units_lost == pytest.approx(short)
        assert risk.HasField("revenue_at_risk") == (panel.fields[PRICE_MEAN][row] > 0).any(), "no sale, no price"
        if risk.HasField("expected_stockout_date"):
            dated += 1
            out = day(risk.expected_stockout_date)
            assert (out - LAST_DAY).days == math.ceil(7 * count / mean)
            assert (out - day(risk.reorder_by_date)).days == panel.lead_time_days[row]
    assert dated


def test_a_probability_is_the_kernels_and_the_models_bit_for_bit(shops: Shops) -> None:
    risks = risks_of(shops.ask())
    expected = shops.bundle.predict(shops.kernel.at(WEEKS - 1, rows_of(shops, risks)))
    assert probabilities(risks).tobytes() == expected.tobytes()
    assert len(set(expected.tolist())) > 10


def test_with_the_callers_stock_it_is_so_as_well(shops: Shops) -> None:
    given_units = np.random.default_rng(3).integers(1, 60, len(shops.panel.product_ids)).astype(np.float32)
    risks = risks_of(shops.ask(dict(zip(shops.panel.product_ids, given_units.tolist(), strict=True))))
    assert len(risks) > len(risks_of(shops.ask())), "what was not on the shelf now is"
    rows = rows_of(shops, risks)
    stocked = shops.kernel.with_stock_at(WEEKS - 1)
    assert stocked is not None
    expected = shops.bundle.predict(stocked.with_units_on_hand(rows, given_units[rows]))
    assert probabilities(risks).tobytes() == expected.tobytes()
    assert [each.units_on_hand for each in risks.values()] == given_units[rows].tolist()
    assert not any(each.HasField("counted_on") for each in risks.values())


def test_a_stock_of_none_has_run_out_already(shops: Shops) -> None:
    answer = shops.ask(dict.fromkeys(risks_of(shops.ask()), 0.0))
    assert {reason_of(each) for each in answer.results} == {"OUT_OF_STOCK"}


def test_ten_times_the_stock_is_less_likely_to_run_out(shops: Shops) -> None:
    risks = risks_of(shops.ask())
    full = risks_of(shops.ask({product_id: 10 * risk.units_on_hand for product_id, risk in risks.items()}))
    assert full.keys() == risks.keys()
    assert probabilities(full).mean() < probabilities(risks).mean()
    for product_id, risk in risks.items():
        assert full[product_id].expected_units_lost <= risk.expected_units_lost
        assert full[product_id].weeks_of_cover == pytest.approx(10 * risk.weeks_of_cover)
