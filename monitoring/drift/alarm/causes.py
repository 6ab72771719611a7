"""Of all columns that drifted together, those to look at: an input before what is made of it, a shop before the sum.

- A change of all products that is gone once some locations (or categories) are left out came from these.
- Columns of one table that change together are one cause, told by the first of them.
- A feature follows an input that drifted, or was out of the ordinary within the last months, if it is made from that
  input's table; what is sold leaves the shelf, so that sales, counts and flags count as one. Probabilities follow all.
- A feature that became constant is a cause of its own, and so is what happens to the outcomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.drift.alarm.alarms import DRIFTED, Alarms
from monitoring.drift.columns.column import (
    AVAILABILITY,
    FEATURE,
    INPUT,
    INVENTORY,
    OLDEST_REFERENCE_WEEKS,
    OUTCOME,
    PRICES,
    PURCHASE_ORDERS,
    SALES,
    SCORE,
    Column,
    distance_without,
    is_constant,
)

_SOURCE_ORDER = (PRICES, SALES, INVENTORY, AVAILABILITY, PURCHASE_ORDERS)
_SHELF = frozenset({SALES, INVENTORY, AVAILABILITY, PURCHASE_ORDERS})
_FOLLOW = dict.fromkeys((INVENTORY, AVAILABILITY, PURCHASE_ORDERS), _SHELF)
_FOLLOW |= {SALES: _SHELF | {PRICES}, PRICES: frozenset({PRICES})}
"""What is made from these tables follows a change of the first; where nothing is sold, there is no price."""

_MOST_LEFT = 0.5
"""Of a change of all products, once the groups are left out from which it is said to come."""


@dataclass
class Cause:
    """A column to look at.

    Attributes:
        column: Its place among the columns.
        followers: Places of those that drifted with it.
        is_passing: Whether the column itself did not drift, and was only out of the ordinary for a week lately.
    """

    column: int
    followers: list[int]
    is_passing: bool = False


def causes(columns: Sequence[Column], groups: Sequence[Column], found: Alarms, week: int) -> list[Cause]:
    """The causes of what drifted up to a week, those of inputs first.

    Args:
        columns: What is watched; inputs in the order in which they are to be named.
        groups: Every measure of every group that is watched.
        found: Their alarms.
        week: Column of the week.
    """
    return _Causes(columns, groups, found, week).all()


class _Causes:
    def __init__(self, columns: Sequence[Column], groups: Sequence[Column], found: Alarms, week: int) -> None:
        self._columns, self._groups, self._found, self._week = columns, groups, found, week
        self._distance = found.distances.values[:, week]
        self._p = found.p[:, week]
        measured = {each.name for each in groups}
        self._wholes = {
            each.name: place
            for place, each in enumerate(columns)
            if each.about == INPUT and each.name in measured and not each.group
        }
        self._drifted = [place for place, state in enumerate(found.states(week)) if state == DRIFTED]
        self._first_lately = max(0, week - OLDEST_REFERENCE_WEEKS + 1)
        lately = found.is_alarming[:, self._first_lately : week + 1]
        self._lately: list[int] = np.flatnonzero(lately.any(axis=1)).tolist()

    def all(self) -> list[Cause]:
        by_input = self._of_inputs()
        by_feature, passing = self._of_features(by_input)
        others = [*by_input, *by_feature, *passing]
        of_scores = self._of(SCORE)
        if others:
            others[0].followers += of_scores
            of_scores = []
        alone = [Cause(each, []) for each in (*of_scores, *self._of(OUTCOME))]
        return [*by_input, *by_feature, *alone, *passing]

    def _of(self, about: str) -> list[int]:
        return [place for place in self._drifted if self._columns[place].about == about]

    def _of_inputs(self) -> list[Cause]:
        of_groups = self._blamed_groups()
        names = {self._columns[cause.column].group for cause in of_groups}
        rest = [place for place in self._of(INPUT) if not any(_is_among(place, cause) for cause in of_groups)]
        explained = [place for place in rest if self._is_explained(place, names)]
        for place in explained:
            of_groups[0].followers.append(place)
        alone = self._one_for_each_source([place for place in rest if place not in explained])
        return [*of_groups, *alone]

    def _blamed_groups(self) -> list[Cause]:
        """The groups from which changes come: each a cause, with all that changed in it."""
        blamed: dict[str, Cause] = {}
        for measure in self._wholes:
            of_measure = [place for place in self._of(INPUT) if self._columns[place].measure == measure]
            chosen = self._in_the_strongest_grouping([place for place in of_measure if self._columns[place].group])
            is_of_all = any(self._is_constant(place) for place in of_measure)
            if not chosen or is_of_all or self._is_shared(measure, chosen):
                continue
            for place in chosen:
                cause = blamed.setdefault(self._columns[place].group, Cause(place, []))
                cause.followers += [place] if cause.column != place else []
            others = [place for place in of_measure if place not in chosen]
            blamed[self._columns[chosen[0]].group].followers += others
        return list(blamed.values())

    def _in_the_strongest_grouping(self, places: Sequence[int]) -> list[int]:
        """Those of the grouping (location or category) in which one group changed most; the strongest first."""
        strongest_first = sorted(places, key=lambda place: -abs(self._distance[place]))
        if not strongest_first:
            return []
        grouping = _grouping(self._columns[strongest_first[0]])
        return [place for place in strongest_first if _grouping(self._columns[place]) == grouping]

    def _is_shared(self, measure: str, places: Sequence[int]) -> bool:
        """Whether the others changed as some groups did, be it too little to be told apart, or are the fewer."""
        first = self._columns[places[0]]
        among = [each for each in self._groups if each.name == first.name and _grouping(each) == _grouping(first)]
        if 2 * len(places) > len(among):
            return True
        left = self._left(self._wholes[measure], {self._columns[place].group for place in places})
        least = max(first.statistic.floor, _MOST_LEFT * abs(self._distance[places[0]]))
        return bool(left * np.sign(self._distance[places[0]]) >= least)

    def _is_explained(self, place: int, names: set[str]) -> bool:
        """Whether most of a change of all products is gone without some groups."""
        column = self._columns[place]
        if column.group or not names:
            return False
        if column.name not in self._wholes:
            return "missing" in column.note  # groups that are gone are what is named
        left = abs(self._left(place, names))
        return bool(left < max(column.statistic.floor, _MOST_LEFT * abs(self._distance[place])))

    def _left(self, place: int, names: set[str]) -> float:
        """The distance of a column without some groups; NaN where nothing is left."""
        column, reference = self._columns[place], self._found.reference(place, self._week)
        left_out = [each for each in self._groups if each.name == column.name and each.group in names]
        return distance_without(column, left_out, self._week, reference)

    def _one_for_each_source(self, places: Sequence[int]) -> list[Cause]:
        """The first of each table, a constant one before others, and the rest of the table behind it."""
        found: dict[frozenset[str], Cause] = {}
        for place in sorted(places, key=lambda place: (not self._is_constant(place), bool(self._columns[place].group))):
            column = self._columns[place]
            whole = self._wholes[column.measure] if column.group else place
            cause = found.setdefault(column.sources, Cause(whole, []))
            cause.followers += [place] if cause.column != place else []
        return [found[key] for key in sorted(found, key=_source_place)]

    def _of_features(self, by_input: Sequence[Cause]) -> tuple[list[Cause], list[Cause]]:
        """Those that no input explains, and inputs that were out of the ordinary lately, with what still follows."""
        alone: list[Cause] = []
        passing: dict[int, Cause] = {}
        for place in sorted(self._of(FEATURE), key=lambda place: (not self._is_constant(place), self._p[place])):
            feature = self._columns[place]
            before = [cause for cause in by_input if self._comes_from(feature, self._columns[cause.column])]
            lately = None if self._is_constant(place) else self._input_lately(feature)
            beside = [cause for cause in alone if feature.sources & self._columns[cause.column].sources]
            if before and (not self._is_constant(place) or self._is_constant(before[0].column)):
                before[0].followers.append(place)
            elif lately is not None:
                passing.setdefault(lately, Cause(lately, [], is_passing=True)).followers.append(place)
            elif beside:
                beside[0].followers.append(place)
            else:
                alone.append(Cause(place, []))
        return alone, list(passing.values())

    def _input_lately(self, feature: Column) -> int | None:
        for place in self._lately:
            column = self._columns[place]
            if column.about == INPUT and not column.group and self._comes_from(feature, column):
                return self._group_behind(place)
        return None

    def _group_behind(self, place: int) -> int:
        """The group from which a change of all products came that went by; the column itself if it came from all."""
        alarming = self._found.is_alarming
        went_by = self._first_lately + int(np.flatnonzero(alarming[place, self._first_lately : self._week + 1])[-1])
        then = _Causes(self._columns, self._groups, self._found, went_by)
        then._drifted = np.flatnonzero(alarming[:, went_by]).tolist()
        measure = self._columns[place].measure
        blamed = (cause.column for cause in then._blamed_groups())
        return next((each for each in blamed if self._columns[each].measure == measure), place)

    def _comes_from(self, feature: Column, source: Column) -> bool:
        return any(feature.sources & _FOLLOW[table] for table in source.sources)

    def _is_constant(self, place: int) -> bool:
        return is_constant(self._columns[place], self._week, self._found.reference(place, self._week))


def _is_among(place: int, cause: Cause) -> bool:
    return place == cause.column or place in cause.followers


def _grouping(column: Column) -> str:
    return column.group.partition(" ")[0]


def _source_place(sources: frozenset[str]) -> int:
    return min(_SOURCE_ORDER.index(each) for each in sources)
