"""Locations and categories that are watched by themselves, and which of all are there in a week."""

from dataclasses import dataclass

import numpy as np

from data.panel import LOCATION, Panel
from feature_service.kernel.arrays import BoolArray, DoubleArray, GroupNumbers
from monitoring.drift.columns.column import INPUT, REFERENCE_WEEKS, SALES, Column
from monitoring.drift.statistics.clusters import CLUSTERS
from monitoring.drift.statistics.kinds import GAP_WEEKS, Total

_CATEGORY = "category"
_PLURALS = {LOCATION: "locations", _CATEGORY: "categories"}
_MOST_WATCHED, _FEWEST_PRODUCTS = 50, 10
_MOST_NAMED = 5


@dataclass(frozen=True)
class Grouping:
    """What products share.

    Attributes:
        name: ``location`` or ``category``.
        groups: All of them, sorted.
        codes: Of each product the place in ``groups``; -1 for one that has none.
        watched: Places of those that are watched by themselves, the ones with the most products.
    """

    name: str
    groups: tuple[str, ...]
    codes: GroupNumbers
    watched: tuple[int, ...]


def groupings_of(panel: Panel) -> list[Grouping]:
    """Locations and categories, where products have them and there are several."""
    values = {LOCATION: panel.groups.get(LOCATION, ()), _CATEGORY: panel.categories}
    found = (_grouping(name, np.array(of_products, dtype=np.str_)) for name, of_products in values.items())
    return [each for each in found if len(each.groups) > 1]


def present_groups(grouping: Grouping, records: DoubleArray) -> Column:
    """How many groups have any record in a week; the note names those that had some in every week before.

    Args:
        grouping: What products share.
        records: Of each group, shape ``(groups, weeks)``.
    """
    is_there: BoolArray = records > 0
    count = is_there.sum(axis=0) / CLUSTERS  # the same, however clusters are drawn
    sums = np.broadcast_to(count[:, None], (CLUSTERS, len(count), 2))
    name = f"{_PLURALS[grouping.name]} with records"
    return Column(
        name,
        INPUT,
        Total(floor=0.0, fewest=2),
        sums,
        frozenset({SALES}),
        measure=name,
        note=_missing(grouping, is_there),
    )


def _grouping(name: str, values: np.ndarray) -> Grouping:
    groups, codes, count = np.unique(values, return_inverse=True, return_counts=True)
    codes = codes.reshape(-1).astype(np.intp)
    if len(groups) and groups[0] == "":
        groups, codes, count = groups[1:], codes - 1, count[1:]
    largest = np.argsort(-count, kind="stable")[:_MOST_WATCHED]
    watched = tuple(sorted(int(each) for each in largest if count[each] >= _FEWEST_PRODUCTS))
    return Grouping(name, tuple(groups.tolist()), codes, watched)


def _missing(grouping: Grouping, is_there: BoolArray) -> str:
    usual = is_there[:, -1 - GAP_WEEKS - REFERENCE_WEEKS : -1 - GAP_WEEKS]
    if usual.shape[1] == 0:
        return ""
    gone = [grouping.groups[each] for each in np.flatnonzero(usual.all(axis=1) & ~is_there[:, -1])]
    more = f" and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
    return f"missing: {', '.join(gone[:_MOST_NAMED])}{more}" if gone else ""
