"""Answers as tables for people, and as JSON or CSV for programs."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from feature_service.client.results import (
    FeatureAnswer,
    ProductProblem,
    ProductRisk,
    Provenance,
    RankedAnswer,
    RiskAnswer,
    ServiceInfo,
)
from feature_service.terminal import json_escaped, visible

RISK_COLUMNS = tuple(field.name for field in dataclasses.fields(ProductRisk) if field.name not in ("error", "reasons"))


def risk_table(answer: RiskAnswer) -> Table:
    """One line per product, in the order of the request."""
    table = Table(title=_title(_heading(answer.provenance)), caption=_caption(_source(answer.provenance)))
    table.add_column("product id", overflow="fold", min_width=_id_width(each.product_id for each in answer.results))
    table.add_column("probability", justify="right")
    table.add_column("alert")
    table.add_column("evidence, or why there is no answer", overflow="fold")
    for result in answer.results:
        if result.probability is None:
            table.add_row(_text(result.product_id), "", "", _why(result.error), style="dim")
        else:
            grounds = "; ".join([answer.provenance.evidence, *_figures(result)])
            table.add_row(_text(result.product_id), f"{result.probability:.3f}", _alert(result), grounds)
    return table


def ranked_table(answer: RankedAnswer) -> Table:
    """One line per product, in the list's order; the planner's figures where a stock is known."""
    first = f"first {len(answer.results)} of {answer.total_size}"
    table = Table(
        title=_title(f"{_heading(answer.provenance)}: {first}"),
        caption=_caption(f"* alert; {_source(answer.provenance)}"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    stock_aware = answer.provenance.evidence == "STOCK_AWARE"
    width = _id_width(each.risk.product_id for each in answer.results)
    table.add_column("product", overflow="fold", min_width=width)
    table.add_column("category", no_wrap=True)
    table.add_column("proba-\nbility", justify="right")
    for column, least in _PLANNER_COLUMNS.items() if stock_aware else ():
        table.add_column(column, justify="right", min_width=least)
    for each in answer.results:
        risk = each.risk
        planned = _planner_cells(risk) if stock_aware else ()
        row: tuple[Text | str, ...] = (
            _text(risk.product_id),
            _text(risk.category),
            f"{risk.probability:.3f}{'*' if risk.alert else ' '}",
            *planned,
        )
        table.add_row(*row)
    return table


_PLANNER_COLUMNS = {"on\nhand": 4, "cover,\nweeks": 6, "runs out": 10, "reorder by": 10, "revenue\nat risk": 7}


def _planner_cells(risk: ProductRisk) -> tuple[str, ...]:
    figures = ((risk.units_on_hand, "g"), (risk.weeks_of_cover, ".1f"))
    dates = (risk.expected_stockout_date, risk.reorder_by_date)
    return (
        *("" if value is None else format(value, style) for value, style in figures),
        *("" if day is None else str(day) for day in dates),
        "" if risk.revenue_at_risk is None else f"{risk.revenue_at_risk:,.0f}",
    )


def feature_table(answer: FeatureAnswer) -> Table:
    """One line per product and feature: feature sets are wider than screens."""
    title = _title(f"features {answer.provenance.feature_set}")
    table = Table(title=title, caption=_caption(_source(answer.provenance)))
    table.add_column("product id", overflow="fold", min_width=_id_width(each.product_id for each in answer.results))
    table.add_column("feature")
    table.add_column("value", justify="right")
    for result in answer.results:
        if result.values is None:
            table.add_row(_text(result.product_id), _why(result.error), "", style="dim", end_section=True)
            continue
        last = len(result.values) - 1
        for position, (name, value) in enumerate(zip(answer.feature_names, result.values, strict=True)):
            id_cell = _text(result.product_id if position == 0 else "")
            table.add_row(id_cell, _text(name), f"{value:g}", end_section=position == last)
    return table


def info_table(info: ServiceInfo) -> Table:
    """One line per fact."""
    table = Table(show_header=False)
    facts = dataclasses.asdict(info)
    for name, value in {**facts.pop("provenance"), **facts}.items():
        table.add_row(name.replace("_", " "), _text(str(value)))
    return table


def as_json(answer: RiskAnswer | RankedAnswer | FeatureAnswer | ServiceInfo, indent: int | None = 2) -> str:
    """One document: the provenance, and the results in the order of the request."""
    return json_escaped(json.dumps(dataclasses.asdict(answer), default=str, indent=indent, ensure_ascii=False))


def risks_as_csv(answer: RiskAnswer, header: bool = True) -> str:
    """A row for each product; an empty cell means "not known", and ``error`` says why."""
    rows = [[*_cells(each), each.error.reason if each.error else ""] for each in answer.results]
    return _csv([[*RISK_COLUMNS, "error"]] * header + rows)


def ranked_as_csv(answer: RankedAnswer) -> str:
    """A row for each product."""
    return _csv([["rank", *RISK_COLUMNS], *([each.rank, *_cells(each.risk)] for each in answer.results)])


def features_as_csv(answer: FeatureAnswer) -> str:
    """A row for each product; ``error`` is the reason why there are no features."""
    unknown: tuple[object, ...] = ("",) * len(answer.feature_names)
    rows = [
        [each.product_id, *(each.values or unknown), each.error.reason if each.error else ""] for each in answer.results
    ]
    return _csv([["product_id", *answer.feature_names, "error"], *rows])


def _cells(risk: ProductRisk) -> list[Any]:
    values = [getattr(risk, name) for name in RISK_COLUMNS]
    return ["" if value is None else value for value in values]


_FORMULA_STARTS = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""


def _csv(rows: Iterable[Sequence[object]]) -> str:
    """Numbers as they are; text so that neither a spreadsheet nor a terminal does what it says."""
    text = io.StringIO()
    cells = ([_harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


def _harmless(text: str) -> str:
    return "'" * text.startswith(_FORMULA_STARTS) + visible(text)


def _text(text: str) -> Text:
    return Text(visible(text))


def _title(text: str) -> Text:
    return Text(visible(text), style="table.title")


def _caption(text: str) -> Text:
    return Text(visible(text), style="table.caption")


def _figures(risk: ProductRisk) -> list[str]:
    """The known ones of the figures that a planner decides with."""
    figures = []
    if risk.units_on_hand is not None:
        figures.append(f"{risk.units_on_hand:g} on hand")
    if risk.weeks_of_cover is not None:
        figures.append(f"covers {risk.weeks_of_cover:.1f} weeks")
    if risk.reorder_by_date is not None:
        figures.append(f"reorder by {risk.reorder_by_date}")
    if risk.revenue_at_risk is not None:
        figures.append(f"{risk.revenue_at_risk:.2f} at risk")
    return figures


def _alert(risk: ProductRisk) -> Text:
    return Text("ALERT", style="bold red") if risk.alert else Text("")


def _id_width(product_ids: Iterable[str]) -> int:
    """Columns for the ids: usual ones stay in one piece to be copied, very long ones are folded."""
    return min(36, max((len(visible(each)) for each in product_ids), default=0))


def _heading(provenance: Provenance) -> str:
    weeks = f"{provenance.horizon_weeks} week{'s' * (provenance.horizon_weeks != 1)}"
    return f"risk of {provenance.label} within {weeks} after the week of {provenance.as_of_week}"


def _source(provenance: Provenance) -> str:
    model = f"{provenance.model_name} version {provenance.model_version}"
    stale = ", STALE" * provenance.stale
    return f"{model}, snapshot {provenance.snapshot_id}{stale}, alert from {provenance.threshold:.3f}"


def _why(problem: ProductProblem | None) -> Text:
    return _text("" if problem is None else f"{problem.reason}: {problem.message}")
