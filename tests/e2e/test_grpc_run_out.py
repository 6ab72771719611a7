"""The run-out curve over the wire: as the model gives it, and what is read off it for a lead time."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from google.type import date_pb2
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    Order,
    StockoutRisk,
)

from feature_service.client import Item, ListFilter, RiskClient
from feature_service.kernel import forecast_demand
from feature_service.kernel.arrays import FloatArray, RowNumbers
from feature_service.kernel.run_out import days_until, until_relief
from tests.support.shell import shell
from tests.support.shops import LAST_DAY, WEEKS, Shops


def day(date: date_pb2.Date) -> dt.date:
    return dt.date(date.year, date.month, date.day)


def known_risks(shops: Shops) -> dict[str, StockoutRisk]:
    return {each.product_id: each.risk for each in shops.ask().results if each.HasField("risk")}


def curve_of(risk: StockoutRisk) -> FloatArray:
    return np.array(risk.run_out_probabilities, dtype=np.float32)


def rows_of(shops: Shops, ids: list[str]) -> RowNumbers:
    return np.array([shops.panel.product_ids.index(each) for each in ids])


def test_the_curve_is_the_models_own_and_begins_with_the_probability(shops: Shops) -> None:
    risks = known_risks(shops)
    expected = shops.bundle.predict_run_out(shops.kernel.at(WEEKS - 1, rows_of(shops, list(risks))))
    assert expected.shape[1] == 9
    for risk, curve in zip(risks.values(), expected, strict=True):
        np.testing.assert_array_equal(curve_of(risk), curve)
        assert risk.probability == curve[0]


def test_relief_comes_a_lead_time_and_a_week_after_the_data(shops: Shops) -> None:
    risks = known_risks(shops)
    rows = rows_of(shops, list(risks))
    demand = forecast_demand(shops.panel.fields, WEEKS - 1).of(rows).mean
    losses = 0
    for risk, row, weekly in zip(risks.values(), rows, demand, strict=True):
        days = int(shops.panel.lead_time_days[row]) + 7
        assert day(risk.relief_date) == LAST_DAY + dt.timedelta(days=days)
        curve = curve_of(risk)[None]
        relief = until_relief(curve, np.array([float(days)]))
        assert risk.relief_probability == pytest.approx(relief.probability[0])
        assert risk.probability <= risk.relief_probability <= risk.run_out_probabilities[-1]
        by_curve = relief.days_out[0] * weekly / 7
        assert risk.expected_units_lost_before_relief == pytest.approx(max(by_curve, risk.expected_units_lost))
        losses += risk.HasField("revenue_at_risk_before_relief")
    assert losses


def test_more_stock_lasts_longer(shops: Shops) -> None:
    products = list(known_risks(shops))
    few, many = (
        np.array([list(each.risk.run_out_probabilities) for each in shops.ask(dict.fromkeys(products, units)).results])
        for units in (2.0, 40.0)
    )
    nearer = slice(6)  # later than that, what is there today says nothing any more of these shelves
    assert (many.mean(axis=0) < few.mean(axis=0))[nearer].all()


def test_dates_stand_where_the_curve_gets_there(shops: Shops) -> None:
    known = set()
    for risk in known_risks(shops).values():
        curve = curve_of(risk)[None]
        for name, probability in (("earliest", 0.1), ("median", 0.5), ("latest", 0.9)):
            days, found = days_until(curve, probability)[0], getattr(risk, f"{name}_stockout_date")
            assert bool(found.year) == np.isfinite(days)
            if found.year:
                known.add(name)
                assert day(found) == LAST_DAY + dt.timedelta(days=int(days))
    assert {"earliest", "median"} <= known


def test_another_stock_and_lead_time_are_answered_anew(shops: Shops) -> None:
    product = next(iter(known_risks(shops)))
    asked = [
        AssessmentItem(product_id=product, units_on_hand=units, lead_time_days=days)
        for units, days in ((1, 0), (1, 28), (500, 28), (500, 300))
    ]
    request = AssessStockoutRisksRequest(items=asked)
    soon, late, full, far = (each.risk for each in shops.service.AssessStockoutRisks(request, timeout=20).results)
    assert list(soon.run_out_probabilities) == list(late.run_out_probabilities)
    assert soon.relief_probability == pytest.approx(soon.probability)  # a week: the first point of the curve
    assert late.relief_probability > soon.relief_probability
    assert full.probability < late.probability
    assert day(far.relief_date) == LAST_DAY + dt.timedelta(days=307)
    at_its_end = AssessmentItem(product_id=product, units_on_hand=500, lead_time_days=9 * 7 - 7)
    request = AssessStockoutRisksRequest(items=[at_its_end])
    end = shops.service.AssessStockoutRisks(request, timeout=20).results[0].risk
    assert [each.relief_after_curve for each in (soon, late, end, far)] == [False, False, False, True]
    assert far.relief_probability == end.relief_probability == pytest.approx(far.run_out_probabilities[-1])
    assert far.expected_units_lost_before_relief == end.expected_units_lost_before_relief
    assert far.revenue_at_risk_before_relief == end.revenue_at_risk_before_relief


def test_a_table_says_where_relief_comes_after_the_curve(shops: Shops) -> None:
    product = next(iter(known_risks(shops)))
    with RiskClient(shops.target) as client:
        soon, far = client.assess([Item(product, lead_time_days=days) for days in (7, 300)]).results
    near, late = (
        shell("assess", product, "--lead-time-days", str(days), "--target", shops.target).stdout for days in (7, 300)
    )
    assert f" {soon.relief_probability:.3f}" in near
    assert f" >={far.relief_probability:.3f}" in late
    assert f" {far.revenue_at_risk_before_relief:,.0f} " in late
    after = ">= relief comes after the 9 weeks that the model reaches: up to their end, the least it can be"
    assert (after in " ".join(late.split()), ">=" in near) == (True, False)


@pytest.mark.parametrize(
    ("order", "figure"),
    [
        (Order.ORDER_UNSPECIFIED, lambda risk: risk.relief_probability),
        (Order.ORDER_RELIEF_PROBABILITY, lambda risk: risk.relief_probability),
        (Order.ORDER_REVENUE_AT_RISK_BEFORE_RELIEF, lambda risk: risk.revenue_at_risk_before_relief),
    ],
)
def test_a_list_goes_by_what_is_at_risk_before_relief(
    shops: Shops, order: Order.ValueType, figure: Callable[[StockoutRisk], float]
) -> None:
    request = ListStockoutRisksRequest(order=order, page_size=1000)
    listed = [each.risk for each in shops.service.ListStockoutRisks(request, timeout=20).risks]
    figures = [figure(each) for each in listed]
    assert len(figures) > 100
    assert figures == sorted(figures, reverse=True)


def test_the_client_reads_what_the_server_says(shops: Shops) -> None:
    product, risk = next(iter(known_risks(shops).items()))
    with RiskClient(shops.target) as client:
        (found,) = client.assess([Item(product)]).results
        (first,) = client.list_risks(ListFilter(order="RELIEF_PROBABILITY"), 1).results
    assert found.run_out_probabilities == tuple(risk.run_out_probabilities)
    assert found.relief_date == day(risk.relief_date)
    assert found.relief_probability == risk.relief_probability
    assert found.expected_units_lost_before_relief == risk.expected_units_lost_before_relief
    assert first.risk.relief_probability == max(each.relief_probability for each in known_risks(shops).values())


def test_an_alert_is_raised_where_the_risk_until_relief_reaches_the_threshold(shops: Shops) -> None:
    provenance, risks = shops.ask().provenance, known_risks(shops)
    assert provenance.alerts_until_relief
    assert {each.alert for each in risks.values()} == {True, False}
    for risk in risks.values():
        assert risk.alert == (risk.relief_probability >= provenance.threshold)
    assert any(risk.alert != (risk.probability >= provenance.threshold) for risk in risks.values())
    request = ListStockoutRisksRequest(alert_only=True, page_size=1000)
    listed = [each.product_id for each in shops.service.ListStockoutRisks(request, timeout=20).risks]
    assert sorted(listed) == sorted(product for product, risk in risks.items() if risk.alert)


def test_an_alert_goes_by_the_lead_time_that_is_asked_for(shops: Shops) -> None:
    threshold, days = shops.ask().provenance.threshold, (0, 21, 300)
    products = list(known_risks(shops))
    answers = []
    for each in days:
        items = [AssessmentItem(product_id=product, lead_time_days=each) for product in products]
        response = shops.service.AssessStockoutRisks(AssessStockoutRisksRequest(items=items), timeout=20)
        answers.append([result.risk for result in response.results])
    soon, late, beyond = ([risk.alert for risk in of_days] for of_days in answers)
    assert sum(soon) < sum(late) < sum(beyond)
    for of_days in answers:
        assert all(risk.alert == (risk.relief_probability >= threshold) for risk in of_days)
    assert [{risk.relief_after_curve for risk in of_days} for of_days in answers] == [{False}, {False}, {True}]
