"""Plans and decisions as tables and CSV."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

from rich.console import Group
from rich.text import Text

from feature_service.client.output.csv_rows import csv_of
from feature_service.client.output.fitting import Column, FittingTable
from feature_service.client.plans import Decision, DecisionsAnswer, Plan, PlansAnswer
from feature_service.terminal import visible

Row = TypeVar("Row", Plan, Decision)

PLAN_COLUMNS = tuple(each.name for each in dataclasses.fields(Plan))
DECISION_COLUMNS = tuple(each.name for each in dataclasses.fields(Decision))


def plans_table(answer: PlansAnswer) -> Group:
    """One line for each plan."""
    heading = f"plans ({answer.question}) on {answer.today}: {len(answer.results)}"
    return Group(_bold(heading), plans_rows(answer.results))


def plans_rows(plans: Sequence[Plan]) -> FittingTable:
    """The columns that hold something."""
    columns = [
        Column("product", [_text(each.product_id) for each in plans], folds=True),
        Column("state", [_text(each.state) for each in plans], justify="left"),
        Column("until", [Text(str(each.snoozed_until or "")) for each in plans], room=8),
        Column("was", [_text(each.ended_state or "") for each in plans], room=5, justify="left"),
        Column("reason", [_text(each.dismissal_reason) for each in plans], folds=True, room=4),
        Column("by", [_text(each.decided_by) for each in plans], folds=True, room=7),
        Column("at (UTC)", [Text(_minute(each.decided_at)) for each in plans], room=6),
        Column("com-\nments", [Text(str(each.comments or "")) for each in plans], room=3),
        Column("last comment", [_text(each.last_comment) for each in plans], folds=True, room=2),
        Column("etag", [_text(each.etag) for each in plans], room=1),
    ]
    return FittingTable([each for each in columns if any(each.cells) or not each.room])


def decisions_table(answer: DecisionsAnswer) -> Group:
    """One line for each decision."""
    found = answer.results
    columns = [
        Column("at (UTC)", [Text(_minute(each.decided_at)) for each in found]),
        Column("product", [_text(each.product_id) for each in found], folds=True),
        Column("number", [Text(str(each.number)) for each in found], room=2),
        Column("by", [_text(each.author) for each in found], folds=True),
        Column("what", [_text(each.action) for each in found], justify="left"),
        Column("until", [Text(str(each.until or "")) for each in found], room=4),
        Column("text", [_text(each.text) for each in found], folds=True, room=3),
        Column("newest week", [Text(str(each.as_of_week)) for each in found], room=1),
    ]
    shown = [each for each in columns if any(each.cells) or not each.room]
    heading = f"decisions ({answer.question}), the newest first: {len(found)}"
    return Group(_bold(heading), FittingTable(shown))


def plans_as_csv(plans: Sequence[Plan]) -> str:
    """A row for each plan."""
    return csv_of([PLAN_COLUMNS, *(_cells(each, PLAN_COLUMNS) for each in plans)])


def decisions_as_csv(answer: DecisionsAnswer) -> str:
    """A row for each decision."""
    return csv_of([DECISION_COLUMNS, *(_cells(each, DECISION_COLUMNS) for each in answer.results)])


def _cells(row: Row, columns: Sequence[str]) -> list[object]:
    values = [getattr(row, name) for name in columns]
    return ["" if value is None else value for value in values]


def _minute(time: dt.datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _bold(text: str) -> Text:
    return Text(visible(text), style="bold")


def _text(text: str) -> Text:
    return Text(visible(text))
