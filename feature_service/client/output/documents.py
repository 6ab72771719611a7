"""Answers as JSON or CSV, for programs."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from feature_service.client.orders import OrderList, SuggestedOrder, Supplier
from feature_service.client.output.csv_rows import csv_of
from feature_service.client.performance import Figure, Performance, PerformanceAnswer, ScorerPerformance
from feature_service.client.plans import DecisionsAnswer, PlansAnswer, RecordedDecision
from feature_service.client.results import (
    FeatureAnswer,
    OutOfStock,
    ProductRisk,
    Provenance,
    RankedAnswer,
    RiskAnswer,
    ServiceInfo,
)
from feature_service.terminal import json_escaped

_CHALLENGER = ("challenger_probability", "challenger_alert")
"""Columns of answers that were asked for them."""

RISK_COLUMNS = tuple(
    field.name
    for field in dataclasses.fields(ProductRisk)
    if field.name not in ("error", "reasons", "suggested_order", "next_delivery", *_CHALLENGER)
)

_SUPPLY = ("order_units", "next_delivery_on", "next_delivery_units")
_LOSSES = ("out_of_stock_since", "units_lost_per_week", "revenue_lost_per_week")


Answer = (
    RiskAnswer
    | RankedAnswer
    | FeatureAnswer
    | ServiceInfo
    | PerformanceAnswer
    | OrderList
    | PlansAnswer
    | DecisionsAnswer
)


def as_json(answer: Answer | Sequence[RecordedDecision], indent: int | None = 2) -> str:
    """One document: what the answer rests on, and the results in the order of the request."""
    plain = (
        [dataclasses.asdict(each) for each in answer] if isinstance(answer, Sequence) else dataclasses.asdict(answer)
    )
    return json_escaped(json.dumps(plain, default=str, indent=indent, ensure_ascii=False))


def risks_as_csv(answer: RiskAnswer, header: bool = True) -> str:
    """A row for each product; an empty cell means "not known", and ``error`` says why."""
    columns = _columns(answer.provenance)
    rows = [
        [*_cells(each, columns), *_supply(each), each.error.reason if each.error else ""] for each in answer.results
    ]
    return csv_of([[*columns, *_SUPPLY, "error"]] * header + rows)


def ranked_as_csv(answer: RankedAnswer) -> str:
    """A row for each product; one that has run out has no probability, but what it loses."""
    columns = _columns(answer.provenance)
    rows = (
        [each.rank, *_cells(each.risk, columns), *_losses(each.out_of_stock), *_supply(each.risk)]
        for each in answer.results
    )
    return csv_of([["rank", *columns, *_LOSSES, *_SUPPLY], *rows])


def orders_as_csv(orders: OrderList) -> str:
    """A row for each product, in the order in which a budget is spent; an empty cell means "not known"."""
    rows = ([line.product_id, *_supplier_cells(line.order.supplier), *_of_order(line.order)] for line in orders.lines)
    return csv_of([["product_id", *_OF_SUPPLIER, *_OF_ORDER], *rows])


def totals_as_csv(orders: OrderList) -> str:
    """A row for each supplier."""
    rows = ([*_supplier_cells(each.supplier), *(getattr(each, name) for name in _TOTALS)] for each in orders.suppliers)
    return csv_of([[*_OF_SUPPLIER, *_TOTALS], *rows])


_OF_SUPPLIER = ("supplier_id", "supplier_name", "supplier_minimum_order_value")
_TOTALS = ("products", "units", "cost", "cost_unknown", "is_below_minimum")
_OF_ORDER = tuple(field.name for field in dataclasses.fields(SuggestedOrder) if field.name != "supplier")


def _supplier_cells(supplier: Supplier | None) -> list[object]:
    values = dataclasses.astuple(supplier) if supplier else ("", "", None)
    return ["" if value is None else value for value in values]


def _of_order(order: SuggestedOrder) -> list[object]:
    values = (getattr(order, name) for name in _OF_ORDER)
    return ["" if value is None else value for value in values]


def _supply(risk: ProductRisk) -> list[object]:
    """An inferred delivery is none that anybody ordered, so it is left out."""
    order, coming = risk.suggested_order, risk.next_delivery
    known = coming if coming and not coming.inferred else None
    return [order.units if order else "", *((known.expected_on, known.units) if known else ("", ""))]


def features_as_csv(answer: FeatureAnswer) -> str:
    """A row for each product; ``error`` is the reason why there are no features."""
    unknown: tuple[object, ...] = ("",) * len(answer.feature_names)
    rows = [
        [each.product_id, *(each.values or unknown), each.error.reason if each.error else ""] for each in answer.results
    ]
    return csv_of([["product_id", *answer.feature_names, "error"], *rows])


def performance_as_csv(answer: PerformanceAnswer) -> str:
    """A row for each scorer in each week, and over the recent and over all weeks; an empty cell means "not known".

    Challengers are in the JSON document: they are of other rows.
    """
    periods = [(str(each.performance.first_week), each.performance) for each in answer.weeks]
    periods += [(name, found) for name, found in (("recent", answer.recent), ("all", answer.all)) if found]
    rows = [[over, *_of_period(found), *_of_scorer(each)] for over, found in periods for each in _scorers(found)]
    return csv_of([["over", *_OF_PERIOD, "scorer", "alerts", *_FIGURE_COLUMNS], *rows])


_OF_PERIOD = ("first_week", "last_week", "weeks", "product_weeks", "positives", "product_weeks_unknown")
_OF_SCORER = tuple(
    field.name
    for field in dataclasses.fields(ScorerPerformance)
    if field.name not in ("name", "is_probability", "alerts")
)
_QUARTILES = ("warning_days_lower_quartile", "warning_days_upper_quartile")
_FIGURE_COLUMNS = tuple(
    column
    for name in _OF_SCORER
    for column in ((name,) if name in _QUARTILES else (name, f"{name}_low", f"{name}_high"))
)


def _scorers(period: Performance) -> tuple[ScorerPerformance, ...]:
    return (period.model, *period.rules)


def _of_period(period: Performance) -> list[object]:
    return [getattr(period, name) for name in _OF_PERIOD]


def _of_scorer(scorer: ScorerPerformance) -> list[object]:
    cells: list[object] = [scorer.name, scorer.alerts]
    for name in _OF_SCORER:
        figure = getattr(scorer, name)
        if name in _QUARTILES:
            cells.append("" if figure is None else figure)
        else:
            cells += dataclasses.astuple(figure) if isinstance(figure, Figure) else ("", "", "")
    return cells


def _losses(out: OutOfStock | None) -> list[Any]:
    values = dataclasses.astuple(out) if out else (None,) * len(_LOSSES)
    return ["" if value is None else value for value in values]


def _columns(provenance: Provenance) -> tuple[str, ...]:
    return RISK_COLUMNS if provenance.challenger is None else (*RISK_COLUMNS, *_CHALLENGER)


def _cells(risk: ProductRisk, columns: Sequence[str]) -> list[Any]:
    values = [getattr(risk, name) for name in columns]
    return [
        "" if value is None else " ".join(map(str, value)) if isinstance(value, tuple) else value for value in values
    ]
