"""A look at a seller's files before any run, as far as it goes: one mistake does not hide the next."""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path

from data.command.coverage import coverage_of_table, table_facts
from data.command.facts import DataCheck
from data.command.findings import HERE, Findings, empty_weeks
from data.command.labels import labels
from data.command.lead_times import doubts, lead_times
from data.command.olist_check import check_olist_data, is_olist
from data.command.proposal import propose
from data.ingest.dialect.dates import check_time_zone
from data.ingest.folder import Folder, find_files
from data.ingest.generic import DEFAULT_TIME_ZONE, ingest_generic
from data.ingest.joins import check_joins, joins
from data.ingest.olist import DEFAULT_TIME_ZONE as DEFAULT_OLIST_ZONE
from data.ingest.quarantine import DEFAULT_MAX_BAD_SHARE, check_bad_shares
from data.ingest.read import RawTable
from data.ingest.result import CleanHistory
from data.ingest.source import Source, read_source, source_file
from data.ingest.tables import check_content, check_tables, read_parts
from data.ingest.validate import CheckedTable


def check_data(
    data_dir: Path,
    columns_file: Path | None = None,
    time_zone: str | None = None,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
) -> DataCheck:
    """Look at a folder in the generic or Olist's layout, which is told by its files; nothing is written.

    Args:
        data_dir: The folder.
        columns_file: TOML file that says how the files are read; by default ``source.toml`` in the folder, if any.
        time_zone: The seller's; None: as that file says.
        max_bad_share: Share of bad rows of a file above which it cannot be used.
    """
    if columns_file is None and is_olist(data_dir):
        return check_olist_data(data_dir, time_zone or DEFAULT_OLIST_ZONE, max_bad_share)
    found = Findings()
    source = found.attempt(lambda: read_source(source_file(data_dir, columns_file)), None)
    folder = found.attempt(lambda: find_files(data_dir, source), None) if source else None
    if source is None or folder is None:
        return DataCheck(str(data_dir), tuple(found.problems))
    zone = time_zone or source.time_zone or DEFAULT_TIME_ZONE
    found.attempt(functools.partial(check_time_zone, zone), None)
    if found.problems:
        zone = DEFAULT_TIME_ZONE  # whatever the zone, the rest can be looked at
    found.warn(lambda: folder.check(source))
    raw = _read(folder, source, found)
    checked = _check(raw, source, zone, found)
    found.warn(lambda: check_content(checked, source, time_zone or source.time_zone, max_bad_share))
    for table in checked.values():
        found.attempt(functools.partial(check_bad_shares, [table], max_bad_share, HERE), None)
    found.warn(lambda: check_joins(checked, source.ids))
    history = None
    if not found.problems:  # the last word has what a run would do
        history = found.attempt(lambda: _ingest(data_dir, columns_file, time_zone, max_bad_share), None)
        found.warn(lambda: (*history.report.warnings, *doubts(history)) if history else ())
    tables = {
        table.name: table_facts(checked[table.name], coverage_of_table(checked, table))
        for table in source.tables
        if table.name in checked
    }
    found.warn(lambda: empty_weeks(tables))
    return DataCheck(
        folder=str(data_dir),
        problems=tuple(found.problems),
        warnings=tuple(found.warnings),
        tables=tables,
        unclaimed=tuple(path.name for path in folder.unclaimed),
        ignored=tuple(path.name for path in folder.ignored),
        joins=tuple(join.sentence() for join in joins(checked)),
        labels=labels(checked, history),
        lead_times=lead_times(history) if history else (),
        proposal=propose(folder, source, checked),
    )


def _read(folder: Folder, source: Source, found: Findings) -> dict[str, RawTable]:
    raw = {}
    for table in source.tables:
        if table.name in folder.tables:
            read = found.attempt(functools.partial(read_parts, folder, table), None)
            if read is not None:
                raw[table.name] = read
    return raw


def _check(raw: Mapping[str, RawTable], source: Source, zone: str, found: Findings) -> Mapping[str, CheckedTable]:
    """All tables together, as their ids are looked at together; if one cannot be read, each of the others."""
    together = found.attempt(lambda: check_tables(raw, source, zone), None)
    if together is not None:
        return together
    checked: dict[str, CheckedTable] = {}
    nothing: dict[str, CheckedTable] = {}
    for name, table in raw.items():
        checked |= found.attempt(functools.partial(check_tables, {name: table}, source, zone), nothing)
    return checked


def _ingest(data_dir: Path, columns_file: Path | None, time_zone: str | None, max_bad_share: float) -> CleanHistory:
    with tempfile.TemporaryDirectory() as folder:
        return ingest_generic(
            data_dir,
            quarantine_file=Path(folder) / "quarantine.parquet",
            columns_file=columns_file,
            time_zone=time_zone,
            max_bad_share=max_bad_share,
        )
