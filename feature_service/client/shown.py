"""Answers as tables for people and as JSON for programs."""

import dataclasses
import json

from rich.table import Table
from rich.text import Text

from feature_service.client.answers import FeatureAnswer, ProductProblem, Provenance, RiskAnswer


def risk_table(answer: RiskAnswer) -> Table:
    """One line per product, in the order asked."""
    table = Table(title=_title(answer.provenance), caption=_caption(answer.provenance))
    table.add_column("product id", overflow="fold", min_width=_id_width(answer))
    table.add_column("probability", justify="right")
    table.add_column("alert")
    table.add_column("evidence, or why there is no answer", overflow="fold")
    for result in answer.results:
        if result.probability is None:
            table.add_row(Text(result.product_id), "", "", _why(result.error), style="dim")
        else:
            alert = Text("ALERT", style="bold red") if result.alert else ""
            table.add_row(Text(result.product_id), f"{result.probability:.3f}", alert, answer.provenance.evidence)
    return table


def feature_table(answer: FeatureAnswer) -> Table:
    """One line per product and feature: feature sets are wider than screens."""
    table = Table(title=f"features {answer.provenance.feature_set}", caption=_caption(answer.provenance))
    table.add_column("product id", overflow="fold", min_width=_id_width(answer))
    table.add_column("feature")
    table.add_column("value", justify="right")
    for result in answer.results:
        if result.values is None:
            table.add_row(Text(result.product_id), _why(result.error), "", style="dim", end_section=True)
            continue
        last = len(result.values) - 1
        for position, (name, value) in enumerate(zip(answer.feature_names, result.values, strict=True)):
            shown_id = Text(result.product_id if position == 0 else "")
            table.add_row(shown_id, name, f"{value:g}", end_section=position == last)
    return table


def as_json(answer: RiskAnswer | FeatureAnswer) -> str:
    """One document: the provenance, and the results in the order asked."""
    return json.dumps(dataclasses.asdict(answer), default=str, indent=2, ensure_ascii=False)


def _id_width(answer: RiskAnswer | FeatureAnswer) -> int:
    """Columns for the ids: usual ones stay in one piece to be copied, very long ones are folded."""
    return min(36, max(len(result.product_id) for result in answer.results))


def _title(provenance: Provenance) -> str:
    weeks = f"{provenance.horizon_weeks} week{'s' * (provenance.horizon_weeks != 1)}"
    return f"risk of {provenance.label} within {weeks} after the week of {provenance.as_of_week}"


def _caption(provenance: Provenance) -> str:
    model = f"{provenance.model_name} version {provenance.model_version}"
    return f"{model}, snapshot {provenance.snapshot_id}, alert from {provenance.threshold:.3f}"


def _why(problem: ProductProblem | None) -> Text:
    return Text("" if problem is None else f"{problem.reason}: {problem.message}")
