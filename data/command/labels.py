"""Which labels a folder can answer; which there are is told by what is in ``training/labels``."""

import datetime as dt
from collections.abc import Collection

from data.ingest.contracts import AVAILABILITY, INVENTORY, ITEMS, LATEST, SALES
from data.ingest.result import CleanHistory
from data.least_history import least_weeks
from data.panel.reach import DEFAULT_MAX_MISSING_DAYS, reaches_of, record_days
from data.panel.sparse_counts import density_of
from data.weeks import last_complete_week, monday_of

_SOLD, _COUNTED, _FLAGGED = "weeks of sales", "weeks of counts", "weeks of flags"
_RESTS_ON = {"zero_sales": _SOLD, "unusual_zero": _SOLD, "inventory": _COUNTED, "availability": _FLAGGED}
_TABLES = {
    "sales": _SOLD,
    "orders": _SOLD,
    INVENTORY.name: _COUNTED,
    AVAILABILITY.name: _FLAGGED,
}


def labels(tables: Collection[str], history: CleanHistory | None) -> dict[str, str]:
    """What each label, one week ahead, lacks; empty: nothing.

    Args:
        tables: Those that are there.
        history: What an ingest makes of them; None: it refuses them, and nothing is said of how long it is.
    """
    unsold = (
        "" if {SALES.name, ITEMS.name, INVENTORY.name} & set(tables) else "there are no sales, and no counts that fall"
    )
    absent = {
        "zero_sales": unsold,
        "unusual_zero": unsold,
        "inventory": "" if INVENTORY.name in tables else "there are no counts of the stock (inventory)",
        "availability": "" if AVAILABILITY.name in tables else "there are no in-stock flags (availability)",
    }
    lacks = {} if history is None else _never_out(history) | _too_short(history)
    return {name: missing or lacks.get(name, "") for name, missing in absent.items()}


def _never_out(history: CleanHistory) -> dict[str, str]:
    """Of the labels that ask of stock: that nothing is ever out of it, from which nobody learns when it will be."""
    never = {
        "inventory": (history.counts["units_on_hand"] <= 0, "nothing is ever counted out of stock"),
        "availability": (~history.availability["in_stock"], "no flag says that anything is out of stock"),
    }
    return {name: sentence for name, (is_out, sentence) in never.items() if not is_out.any()}


def _too_short(history: CleanHistory) -> dict[str, str]:
    """Of the labels whose table does not go over as many weeks as a model needs: how many lack, and until when."""
    reaches = reaches_of(record_days(history), LATEST.date())
    known_until = min(each.known_until for each in reaches) + dt.timedelta(days=DEFAULT_MAX_MISSING_DAYS)
    last = last_complete_week(known_until)
    first = {_TABLES[each.table]: monday_of(each.first_day) for each in reaches}
    first.setdefault(_SOLD, first.get(_COUNTED, last))  # falls of the counts
    density = density_of(history, known_until)
    counts_are_late = density is not None and density.is_sparse and not density.is_carried
    short = {}
    for name, rests_on in _RESTS_ON.items():
        if rests_on not in first:
            continue
        needed = least_weeks(name, 1 + (counts_are_late and name == "inventory"))
        found = max(0, (last - first[rests_on]).days // 7 + 1)
        if found < needed:
            sunday = first[rests_on] + dt.timedelta(weeks=needed, days=-1)
            short[name] = f"{found} {rests_on}, {needed} are needed: from {sunday} on"
    return short
