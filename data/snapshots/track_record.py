"""The track record of a question: how what was said of past weeks turned out, in a file beside the snapshots' pointer.

    snapshots/TRACK_RECORD.json     of the default question; of another one in its own folder

It is written by the weekly run and told by the gRPC server, which needs no more than this module for it.
"""

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feature_service.json_record import parse_json, read_record
from feature_service.kernel import StockoutError

TRACK_RECORD = "TRACK_RECORD.json"
SCHEMA = 1
_MOST_BYTES = 16_000_000


class TrackRecordError(StockoutError):
    """The track record of a question cannot be read."""


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval over products."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ScorerRecord:
    """How a scorer did: the model, or a simple rule with as many alerts in each week. None: there was not enough.

    Attributes:
        is_probability: Whether it gives probabilities; otherwise ranks only.
        alerts: How many.
        precision: Share of the alerts that came true.
        precision_undisturbed: The same without alerts whose product only a delivery kept from running out.
        recall: Share of what happened that had an alert.
        average_precision: Area under the precision-recall curve.
        brier: Mean squared error of the probability.
        calibration_error: Mean distance of predicted and observed share over ten bins with equal numbers of rows.
        warning_days: The alerts' lead time: the median of the days from the end of the week of an episode's first alert
            to the day on which it came true.
        warning_days_quartiles: A quarter of them have no more than the first, three quarters no more than the second.
        units_lost_after_alert: Units that empty shelves cost in the weeks after, with an alert before.
        units_lost_without_alert: Without one.
        revenue_lost_after_alert: The same in the currency of the data.
        revenue_lost_without_alert: Without one.
    """

    is_probability: bool
    alerts: int
    precision: Figure | None = None
    precision_undisturbed: Figure | None = None
    recall: Figure | None = None
    average_precision: Figure | None = None
    brier: Figure | None = None
    calibration_error: Figure | None = None
    warning_days: Figure | None = None
    warning_days_quartiles: tuple[float, float] | None = None
    units_lost_after_alert: Figure | None = None
    units_lost_without_alert: Figure | None = None
    revenue_lost_after_alert: Figure | None = None
    revenue_lost_without_alert: Figure | None = None


FIGURES = tuple(field.name for field in dataclasses.fields(ScorerRecord) if field.type == Figure | None)
"""Names of the figures of a scorer."""


@dataclass(frozen=True)
class AlertFates:
    """What became of the model's weekly alerts; all but the last attribute add up to the alerts.

    Attributes:
        came_true: It happened.
        did_not: It did not.
        received: It did not, and would have without what came in.
        unknown: Nothing tells.
        acknowledged: Somebody acted upon it before it was over, so that it is in no figure.
        acknowledged_came_true: Of these, those that came true all the same.
    """

    came_true: int = 0
    did_not: int = 0
    received: int = 0
    unknown: int = 0
    acknowledged: int = 0
    acknowledged_came_true: int = 0

    @property
    def alerts(self) -> int:
        """All of them."""
        return self.came_true + self.did_not + self.received + self.unknown + self.acknowledged


@dataclass(frozen=True)
class Period:
    """Figures over some weeks.

    Attributes:
        first_week: First ``as_of`` week whose predictions are in it.
        last_week: Last one.
        weeks: How many weeks with predictions there are in it.
        product_weeks: Product-weeks with a known outcome that nobody acted upon; the figures are of these.
        positives: Of these, those in which it happened.
        product_weeks_unknown: Product-weeks with a probability whose outcome nothing tells.
        fates: What became of the alerts.
        model: How the model did.
        rules: How the simple rules did, by name.
    """

    first_week: dt.date
    last_week: dt.date
    weeks: int
    product_weeks: int
    positives: int
    product_weeks_unknown: int
    fates: AlertFates
    model: ScorerRecord
    rules: Mapping[str, ScorerRecord]


@dataclass(frozen=True)
class WeekRecord:
    """Figures of one week's predictions.

    Attributes:
        snapshot_id: Who made them.
        model_name: Of the registered model.
        model_version: Of the registered model.
        figures: Of this week.
    """

    snapshot_id: str
    model_name: str
    model_version: str
    figures: Period


@dataclass(frozen=True)
class TrackRecord:
    """How what was said of past weeks turned out.

    Attributes:
        schema: Of the file.
        question: By name.
        written_at: UTC, in whole seconds.
        data_until: The last day of the data that told it.
        open_alerts: Alert episodes whose outcome is not known yet.
        weeks: The newest weeks whose outcome is known, oldest first.
        recent: The newest ones of them together; None if there is no week.
        all: All of them together; None if there is no week.
    """

    schema: int
    question: str
    written_at: dt.datetime
    data_until: dt.date
    open_alerts: int
    weeks: tuple[WeekRecord, ...]
    recent: Period | None
    all: Period | None

    def to_json(self) -> str:
        """The record as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=1, default=lambda date: date.isoformat()) + "\n"


def write_track_record(record: TrackRecord, root: Path) -> None:
    """Put a record beside the pointer in ``root``; a reader sees the old one or the new one, never half."""
    root.mkdir(parents=True, exist_ok=True)
    draft = root / f".{TRACK_RECORD}-{os.getpid()}"
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(record.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(root / TRACK_RECORD)
    finally:
        draft.unlink(missing_ok=True)


def read_track_record(root: Path) -> TrackRecord | None:
    """The record beside the pointer in ``root``; None if there is none yet.

    Raises:
        TrackRecordError: If it cannot be read, or is of a schema that this program does not read.
    """
    path = root / TRACK_RECORD
    try:
        with path.open("rb") as file:
            return _parsed(file.read(_MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise TrackRecordError(f"{path} cannot be read: {error}; run ScoreOutcomes, which writes it again") from error


def _parsed(text: bytes) -> TrackRecord:
    values = parse_json(text)
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"it has schema {schema}, and this program reads {SCHEMA}")
    return read_record(TrackRecord, values)
