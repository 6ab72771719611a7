"""The track record of a question as it lies beside its snapshots, read again whenever it is another file."""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from data.snapshots.track_record import TRACK_RECORD, TrackRecord, TrackRecordError, read_track_record
from feature_service.server.errors import NoTrackRecordError
from feature_service.server.serving.ages import Ages
from feature_service.server.serving.performance import performance_response

_log = structlog.stdlib.get_logger("stockout.reload")

_Mark = tuple[int, int, int]


@dataclass(frozen=True)
class KnownRecord:
    """A track record that was read; none at first.

    Attributes:
        record: The record; None where there is none, or none that could be read.
        encoded: As a GetPerformanceResponse without what is served now.
        ages: How old it is, and its last week.
        failures: How many could not be read since the server started.
        mark: Tells the file from another one.
    """

    record: TrackRecord | None = None
    encoded: bytes = b""
    ages: Ages | None = None
    failures: int = 0
    mark: _Mark | None = None

    def response(self, question: str) -> bytes:
        """As an encoded GetPerformanceResponse without what is served now.

        Raises:
            NoTrackRecordError: If there is none.
        """
        if self.record is None:
            raise NoTrackRecordError(question)
        return self.encoded


def is_another(root: Path, known: KnownRecord) -> bool:
    """Whether there is another file than the one that was read, or none any more."""
    return _mark_of(root) != known.mark


def read_again(root: Path, question: str, known: KnownRecord) -> KnownRecord:
    """What is known by the file that is there now; where it is damaged, what was known before, and a line in the log.

    It harms no answer: a track record tells of the past.
    """
    mark = _mark_of(root)
    try:
        return _known(root, question, known.failures, mark)
    except Exception as error:  # whatever is wrong with it
        _log.error("track record refused", error=str(error), question=question)
        return replace(known, failures=known.failures + 1, mark=mark)


def _known(root: Path, question: str, failures: int, mark: _Mark | None) -> KnownRecord:
    record = read_track_record(root)
    if record is None:
        return KnownRecord(failures=failures, mark=mark)
    if record.question != question:
        raise TrackRecordError(f"{root / TRACK_RECORD} is of the question {record.question!r}, not of {question!r}")
    last_week = record.weeks[-1].figures.last_week if record.weeks else record.data_until
    ages = Ages(record.written_at, last_week + dt.timedelta(days=6), dt.datetime.now(dt.UTC))
    return KnownRecord(record, performance_response(record).SerializeToString(), ages, failures, mark)


def _mark_of(root: Path) -> _Mark | None:
    try:
        found = (root / TRACK_RECORD).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
