"""What a watch found, as a record: ``work_dir/drift/<question>/<week>.json``."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feature_service.json_record import parse_json, read_record
from monitoring.drift.alarm.alarms import DRIFTED, UNKNOWN, WATCH
from monitoring.drift.errors import DriftReportError

DRIFT_SCHEMA = 2
"""Of the record, and of the rules by which columns are judged: another number watches every week anew."""


LEARNED_AFTER = dt.timedelta(weeks=3)
"""From the first week of a drift to the last week that a model must have learned from to know it."""


@dataclass(frozen=True)
class ColumnReport:
    """One column in the newest week in which it is known.

    Attributes:
        name: E.g. ``units_sold``, or ``units_sold of location 3``; unique.
        about: ``input``, ``feature``, ``score`` or ``outcome``.
        state: ``steady``, ``watch`` (out of the ordinary this week), ``drifted`` (and the week before, too, in the same
            direction) or ``unknown``.
        sentence: What was and what is; of ``unknown``, why.
        week: Monday of the week that it is of: of an outcome, the week that was predicted from.
        since: Monday of the first of the weeks that are out of the ordinary; None where none is.
        distance: From the reference weeks; None where not known.
        usual: Mean of the usual distances.
        floor: A smaller distance is of no interest.
        p: The chance of such a distance in a usual week, before the correction over all columns.
        history: The distances up to this week, oldest first; empty of what is steady.
    """

    name: str
    about: str
    state: str
    sentence: str
    week: dt.date
    since: dt.date | None
    distance: float | None
    usual: float | None
    floor: float
    p: float | None
    history: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that drifted, with what drifted along; or, of ``watch``, what only went by and is still felt.

    Attributes:
        id: The same for as long as it lasts.
        state: ``drifted`` or ``watch``.
        column: Name of the column to look at.
        sentence: For people.
        since: Monday of its first week.
        followers: Names of the columns that drifted with it.
    """

    id: str
    state: str
    column: str
    sentence: str
    since: dt.date
    followers: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftReport:
    """What drifted up to a week.

    Attributes:
        schema: ``DRIFT_SCHEMA``.
        question: What the model answers; empty where no model was watched.
        model: Its name and version; empty without one.
        feature_set: Of the features that are watched; empty where none are.
        learned_until: Monday of the last week that the model learned from; None without one.
        as_of_week: Monday of the newest week.
        products: In the panel.
        sampled: Of these, how many stand for all where products are looked at one by one.
        seed: Of the sample and of the resampling.
        findings: What to look at, the most telling first.
        columns: Everything that is watched.
    """

    schema: int
    question: str
    model: str
    feature_set: str
    learned_until: dt.date | None
    as_of_week: dt.date
    products: int
    sampled: int
    seed: int
    findings: tuple[Finding, ...]
    columns: tuple[ColumnReport, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """What drifted."""
        return tuple(each for each in self.findings if each.state == DRIFTED)

    @property
    def asks_for_refresh(self) -> bool:
        """Whether a model should be trained anew; whether it is promoted is decided as ever."""
        return any(not self._is_learned(each) for each in self.drifted)

    def _is_learned(self, finding: Finding) -> bool:
        """Whether the model learned from enough weeks of a drift to know it."""
        return self.learned_until is not None and finding.since + LEARNED_AFTER <= self.learned_until

    @property
    def counts(self) -> Mapping[str, int]:
        """How many columns are in each state."""
        states = [each.state for each in self.columns]
        return {state: states.count(state) for state in dict.fromkeys(states)}

    def summary(self) -> str:
        """In a line."""
        counts = self.counts
        if self.drifted:
            more = f" (and {len(self.drifted) - 1} more)" if len(self.drifted) > 1 else ""
            ask = "a refresh is asked for" if self.asks_for_refresh else "which the model has learned from"
            return f"DRIFT, {ask}: {self.drifted[0].sentence}{more}"
        known = len(self.columns) - counts.get(UNKNOWN, 0)
        if not known:
            return "whether anything drifted is unknown: there are too few products or weeks"
        return f"no drift in {known} columns, {counts.get(WATCH, 0)} to watch, {counts.get(UNKNOWN, 0)} unknown"

    def to_json(self) -> str:
        """The report as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=1, default=dt.date.isoformat) + "\n"

    @classmethod
    def read(cls, path: Path) -> "DriftReport":
        """Read what :meth:`to_json` gave.

        Raises:
            DriftReportError: If the file is missing, broken, or of another schema.
        """
        try:
            fields = parse_json(path.read_text(encoding="utf-8"))
            if fields["schema"] != DRIFT_SCHEMA:
                raise DriftReportError(path, f"its schema is {fields['schema']}, not {DRIFT_SCHEMA}")
            return read_record(cls, fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DriftReportError(path, str(error)) from error
