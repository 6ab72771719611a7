"""Answers as tables for people: what it is about, the figures, and in words what they do not say themselves."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from feature_service.client.output.fitting import Column, FittingTable
from feature_service.client.output.order_table import order_in_words
from feature_service.client.results import (
    FeatureAnswer,
    ProductFeatures,
    ProductRisk,
    Provenance,
    RankedAnswer,
    RankedRisk,
    RiskAnswer,
)
from feature_service.terminal import visible

FigureColumn = tuple[str, int, Literal["left", "right"], Callable[[ProductRisk], str]]
"""A column: its header, how little it is needed, where it stands, and what it says of a product."""

EXPLAINED = 5
"""Up to so many products each get their reasons in words."""


def risk_table(answer: RiskAnswer) -> Group:
    """One line per product, in the order of the request; of few products also why."""
    return Group(
        *_heading(answer.provenance),
        _risks(answer.results, answer.provenance),
        *_marks(answer.results, answer.provenance),
        *(_explained(answer.results, answer.provenance) if len(answer.results) <= EXPLAINED else ()),
        *_unanswered(answer.results),
        _source(answer.provenance),
    )


def ranked_table(answer: RankedAnswer) -> Group:
    """One line per product, in the list's order."""
    risks = [each.risk for each in answer.results if each.out_of_stock is None]
    return Group(
        *_heading(answer.provenance, f": first {len(answer.results)} of {answer.total_size}"),
        *_out_of_stock(answer.results),
        *([_risks(risks, answer.provenance)] if risks or not answer.results else []),
        *_marks(risks, answer.provenance),
        _source(answer.provenance),
    )


def _out_of_stock(results: Sequence[RankedRisk]) -> list[RenderableType]:
    """Products that have run out already: since when, and what each loses."""
    gone = [(each.risk, each.out_of_stock) for each in results if each.out_of_stock is not None]
    if not gone:
        return []
    columns = [
        Column("product", [_text(risk.product_id) for risk, _ in gone], folds=True),
        Column("category", [_text(risk.category) for risk, _ in gone], folds=True, room=1),
        Column("out since", [Text(str(out.since or "")) for _, out in gone], room=4),
        Column("units lost\na week", [Text(_figure(out.units_lost_per_week, ".1f")) for _, out in gone], room=2),
        Column("revenue lost\na week", [Text(_figure(out.revenue_lost_per_week, ",.0f")) for _, out in gone], room=3),
    ]
    known = [column for column in columns if any(column.cells)]
    return [_bold("out of stock already"), FittingTable(known), ""]


def feature_table(answer: FeatureAnswer) -> Group:
    """One line per product and feature: feature sets are wider than screens."""
    ids: list[Text] = []
    names: list[Text] = []
    values: list[Text] = []
    dim: set[int] = set()
    last_of_section: set[int] = set()
    for result in answer.results:
        rows = [("unknown", Text())]
        if result.values is None:
            dim.add(len(ids))
        else:
            known = zip(answer.feature_names, result.values, strict=True)
            rows = [(f"{value:g}", _text(name)) for name, value in known]
        for number, (value, name) in enumerate(rows):
            ids.append(_text(result.product_id if number == 0 else ""))
            names.append(name)
            values.append(Text(value))
        last_of_section.add(len(ids) - 1)
    columns = [Column("product", ids, folds=True), Column("feature", names, folds=True), Column("value", values)]
    heading = _bold(f"features {answer.provenance.feature_set}")
    table = FittingTable(columns, frozenset(dim), frozenset(last_of_section))
    return Group(heading, table, *_unanswered(answer.results), _source(answer.provenance))


def _risks(risks: Sequence[ProductRisk], provenance: Provenance) -> FittingTable:
    """The columns that hold something, least needed out first."""
    until_relief = provenance.alerts_until_relief
    probability = Column("proba-\nbility", [_probability(each, starred=not until_relief) for each in risks])
    relief = Column(
        "out before\nrelief", [_relief(each, starred=until_relief) for each in risks], room=0 if until_relief else 2
    )
    figures: list[FigureColumn] = [
        ("on\nhand", 4, "right", lambda risk: _figure(risk.units_on_hand, "g")),
        ("weeks\nleft", 2, "right", lambda risk: _figure(risk.weeks_of_cover, ".1f")),
        ("runs out", 3, "right", lambda risk: str(risk.expected_stockout_date or "")),
        ("reorder by", 6, "left", lambda risk: _reorder_by(risk, provenance)),
        _money(risks),
        ("order", 4, "right", _order),
        ("expedite\nby", 5, "left", lambda risk: str(risk.expedite_by or "")),
    ]
    optional = [
        Column("category", [_text(each.category) for each in risks], folds=True, room=1),
        probability,
        relief,
        Column("chal-\nlenger", [_challenger(each) for each in risks]),
        *(
            Column(header, [Text(cell(each)) for each in risks], room=room, justify=justify)
            for header, room, justify, cell in figures
        ),
    ]
    known = [column for column in optional if column is probability or any(column.cells)]
    dim = frozenset(number for number, each in enumerate(risks) if each.probability is None)
    return FittingTable([Column("product", [_text(each.product_id) for each in risks], folds=True), *known], dim)


def _money(risks: Sequence[ProductRisk]) -> FigureColumn:
    """Lost by relief where that is told, as alerts and lists go by relief; else within the horizon."""
    if all(each.revenue_at_risk_before_relief is None for each in risks):
        return "revenue\nat risk", 5, "right", lambda risk: _figure(risk.revenue_at_risk, ",.0f")
    return "revenue\nlost by\nrelief", 5, "right", lambda risk: _figure(risk.revenue_at_risk_before_relief, ",.0f")


def _probability(risk: ProductRisk, *, starred: bool) -> Text:
    if risk.probability is None:
        return Text("unknown")
    return _risk(f"{risk.probability:.3f}", is_alert=starred and bool(risk.alert))


def _relief(risk: ProductRisk, *, starred: bool) -> Text:
    """The risk until relief; where that comes after the curve's end, that it is at least so much."""
    if risk.relief_probability is None:
        return Text()
    at_least = ">=" * risk.relief_after_curve
    return _risk(f"{at_least}{risk.relief_probability:.3f}", is_alert=starred and bool(risk.alert))


def _risk(number: str, *, is_alert: bool) -> Text:
    return Text(f"{number}{'*' if is_alert else ' '}", style="bold red" if is_alert else "")


def _challenger(risk: ProductRisk) -> Text:
    """What the challenger gives; nothing where it was not asked for."""
    if risk.challenger_probability is None:
        return Text()
    return Text(f"{risk.challenger_probability:.3f}{'*' if risk.challenger_alert else ' '}")


def _figure(value: float | None, style: str) -> str:
    return "" if value is None else format(value, style)


def _order(risk: ProductRisk) -> str:
    return f"{risk.suggested_order.units:g}" if risk.suggested_order else ""


def _reorder_by(risk: ProductRisk, provenance: Provenance) -> str:
    day = risk.reorder_by_date
    return "" if day is None else f"{day}{' overdue' if _is_overdue(day, provenance) else ''}"


def _is_overdue(day: dt.date, provenance: Provenance) -> bool:
    return day <= _last_known_day(provenance)


def _last_known_day(provenance: Provenance) -> dt.date:
    return provenance.as_of_week + dt.timedelta(days=6)


def _heading(provenance: Provenance, more: str = "") -> list[Text]:
    """What the probability is of, and when; for sales alone also what it is not."""
    first = provenance.as_of_week + dt.timedelta(weeks=1)
    last = _last_known_day(provenance) + dt.timedelta(weeks=provenance.horizon_weeks)
    risk = {"STOCK_AWARE": "risk of a stock-out", "SALES_ONLY": "probability of no sale"}.get(
        provenance.evidence, "risk"
    )
    heading = [_bold(f"{risk} ({provenance.label}), {first} to {last}{more}")]
    if provenance.evidence == "SALES_ONLY":
        heading.append(Text("SALES_ONLY: it looks at no stock. A week without a sale need not be a stock-out."))
    return heading


def _marks(risks: Sequence[ProductRisk], provenance: Provenance) -> list[Text]:
    """What the marks mean that are in the table."""
    marks = []
    if any(each.alert for each in risks):
        relief = " before relief" if provenance.alerts_until_relief else ""
        marks.append(f"* alert: at least {provenance.threshold:.3f}{relief}")
    longest = max((len(each.run_out_probabilities) for each in risks if each.relief_after_curve), default=0)
    if longest:
        marks.append(
            f">= relief comes after the {longest} weeks that the model reaches: up to their end, the least it can be"
        )
    if any(each.reorder_by_date and _is_overdue(each.reorder_by_date, provenance) for each in risks):
        marks.append(
            f"overdue: the day to order by was over with the data's newest week, on {_last_known_day(provenance)}"
        )
    challenger = provenance.challenger
    if challenger and any(each.challenger_probability is not None for each in risks):
        relief = " before relief" if challenger.alerts_until_relief else ""
        would = f"it would alert from {challenger.threshold:.3f}{relief}"
        marks.append(f"challenger: version {challenger.model_version}, which changes nothing; {would}")
    newest = max((each.counted_on for each in risks if each.count_recorded and each.counted_on), default=None)
    if newest:
        number = sum(each.count_recorded for each in risks)
        marks.append(f"on hand: {number} of them counted since the snapshot, the last on {newest}")
    return list(map(Text, marks))


def _source(provenance: Provenance) -> Text:
    model = f"{provenance.model_name} version {provenance.model_version}"
    stale = ", STALE" * provenance.stale
    until = f", data until {provenance.data_until}" if provenance.data_until else ""
    count = provenance.data_warnings
    warned = f", {count} warning{'s' * (count > 1)} about the data: see stockout info" if count else ""
    return Text(visible(f"{model}, snapshot {provenance.snapshot_id}{until}{stale}{warned}"), style="dim")


def _explained(risks: Iterable[ProductRisk], provenance: Provenance) -> list[RenderableType]:
    """For each product what is there against what is expected to go, and what moved its probability most."""
    parts: list[RenderableType] = []
    for risk in risks:
        lines = [] if risk.units_on_hand is None else [("stock:", _stock_against_demand(risk, provenance))]
        lines += [("delivery:", _delivery_in_words(risk))] if risk.next_delivery else []
        lines += [("order:", order_in_words(risk.suggested_order))] if risk.suggested_order else []
        lines += [("more risk:" if each.contribution > 0 else "less risk:", each.text) for each in risk.reasons]
        if lines:
            parts += ["", _bold(f"why {risk.product_id}"), _indented(lines)]
    return parts


def _delivery_in_words(risk: ProductRisk) -> str:
    said = risk.next_delivery.in_words() if risk.next_delivery else ""
    return f"{said}; needed by {risk.expedite_by}: expedite it" if risk.expedite_by else said


def _indented(lines: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid("", "", "", padding=(0, 1))
    for what, text in lines:
        grid.add_row("", Text(what), _text(text))
    return grid


def _stock_against_demand(risk: ProductRisk, provenance: Provenance) -> str:
    """E.g. "15 on hand; about 25.6 are expected to go in the coming week"."""
    weeks = "week" if provenance.horizon_weeks == 1 else f"{provenance.horizon_weeks} weeks"
    stock = f"{risk.units_on_hand:g} on hand{f' on {risk.counted_on}' if risk.count_recorded else ''}"
    if risk.expected_demand_units is None:
        return stock
    return f"{stock}; about {risk.expected_demand_units:.1f} are expected to go in the coming {weeks}"


def _unanswered(results: Iterable[ProductRisk | ProductFeatures]) -> list[RenderableType]:
    """Why there is no answer, for each product without one."""
    why = [(each.product_id, each.error) for each in results if each.error]
    return ["", *(_text(f"{product_id}: {each.reason}: {each.message}") for product_id, each in why)] if why else []


def _bold(text: str) -> Text:
    return Text(visible(text), style="bold")


def _text(text: str) -> Text:
    return Text(visible(text))
