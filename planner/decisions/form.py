"""A decision as a form has it."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from feature_service.client import Acknowledgement, Comment, Dismissal, Reopening, Snooze

Action = Acknowledgement | Snooze | Dismissal | Comment | Reopening
ACTIONS = ("acknowledgement", "snooze", "dismissal", "comment", "reopening")


class Missing(StrEnum):
    """What a form lacks."""

    ACTION = "action"
    DAY = "day"
    TEXT = "text"


def action_of(form: Mapping[str, str]) -> Action | Missing:
    """What is decided, or what is missing for it; whether it may be is the risk server's to say."""
    text = " ".join(form.get("text", "").split())  # a server takes one line
    match form.get("action"):
        case "acknowledgement":
            return Acknowledgement()
        case "reopening":
            return Reopening()
        case "snooze":
            day = _day(form.get("until", ""))
            return Missing.DAY if day is None else Snooze(day)
        case "dismissal":
            return Dismissal(text) if text else Missing.TEXT
        case "comment":
            return Comment(text) if text else Missing.TEXT
        case _:
            return Missing.ACTION


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
