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

from data.snapshots.scorer_record import Figure, ScorerRecord
from feature_service.json_record import parse_json, read_record
from feature_service.kernel import StockoutError

TRACK_RECORD = "TRACK_RECORD.json"
SCHEMA = 1
_MOST_BYTES = 16_000_000


class TrackRecordError(StockoutError):
    """The track record of a question cannot be read."""


@dataclass(frozen=True)
class AlertFates:
    """What became of the model's weekly alerts that are over; all but the last attribute add up to these.

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
class ChallengerRecord:
    """A challenger beside the model that answered at the time, both on the product-weeks that both gave a probability.

    Attributes:
        model_name: Of the registered model of both.
        model_version: The challenger's.
        champion_version: That of the model that answered.
        first_week: First ``as_of`` week in which these two were published together, and whose outcome is known.
        last_week: Last one.
        weeks: How many there are.
        product_weeks: Those with a known outcome that nobody acted upon; the figures are of these.
        positives: Of these, those in which it happened.
        champion: How the model that answered did.
        challenger: How the challenger did, with the alerts that it would have raised.
        average_precision_difference: The challenger's less the champion's on the same draws; above 0 it ranks better.
        brier_difference: The same of the mean squared error; below 0 it is nearer to what happened.
    """

    model_name: str
    model_version: str
    champion_version: str
    first_week: dt.date
    last_week: dt.date
    weeks: int
    product_weeks: int
    positives: int
    champion: ScorerRecord
    challenger: ScorerRecord
    average_precision_difference: Figure | None = None
    brier_difference: Figure | None = None


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
        challengers: The newest challengers beside their champions, over all their weeks; the newest last.
    """

    schema: int
    question: str
    written_at: dt.datetime
    data_until: dt.date
    open_alerts: int
    weeks: tuple[WeekRecord, ...]
    recent: Period | None
    all: Period | None
    challengers: tuple[ChallengerRecord, ...] = ()

    def to_json(self) -> str:
        """The record as the text of its file."""
        said = dataclasses.asdict(self)
        if not self.challengers:
            del said["challengers"]  # a server from before there were any knows no such field
        return json.dumps(said, indent=1, default=lambda date: date.isoformat()) + "\n"


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
