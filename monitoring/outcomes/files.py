"""Parquet files with a note on what they hold, written in one step: a reader sees the old one, the new one or none."""

import dataclasses
import datetime as dt
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.ingest.parquet_file import DAMAGE
from feature_service.json_record import read_json
from monitoring.outcomes.errors import OutcomesError

PREDICTIONS, OUTCOMES = "predictions", "outcomes"
"""The folders below that of a question."""

Note = TypeVar("Note")

Schema = Mapping[str, type[pl.DataType]]

_NOTE = "stockout"
_KEPT_AGAIN = "what a snapshot that is still there said is then kept again"


def outcomes_folder(work_dir: Path, question: str) -> Path:
    """Where what is kept of a question's past weeks lies."""
    return work_dir / "outcomes" / question


def write_file(rows: pl.DataFrame, note: object, path: Path) -> None:
    """Write rows with a dataclass that tells of them, or replace them."""
    content = io.BytesIO()
    # what there is nothing to say of is left out, so that a program of before reads it
    said = {name: value for name, value in dataclasses.asdict(note).items() if value is not None}  # type: ignore[call-overload]
    text = json.dumps(said, default=_text)
    rows.write_parquet(content, compression="zstd", metadata={_NOTE: text})
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.partial")
    draft.write_bytes(content.getbuffer())
    draft.replace(path)


def read_note(note: type[Note], path: Path) -> Note:
    """What a file tells of its rows.

    Raises:
        OutcomesError: If it cannot be read.
    """
    try:
        found = pq.read_metadata(path).metadata
        return read_json(note, found[_NOTE.encode()])
    except (*DAMAGE, KeyError) as error:
        raise _damaged(path, error) from error


def column_names(path: Path) -> list[str]:
    """The names of a file's columns.

    Raises:
        OutcomesError: If it cannot be read.
    """
    try:
        names: list[str] = pq.read_schema(path).names
    except DAMAGE as error:
        raise _damaged(path, error) from error
    return names


def read_columns(path: Path, schema: Schema) -> pl.DataFrame:
    """Some columns of a file, which must be of these types.

    Raises:
        OutcomesError: If they cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=list(schema))
        table.validate(full=True)
        # a frame out of columns by name, without the notes of the file, over which Polars panics where they are damaged
        rows = pl.from_arrow(pa.Table.from_arrays(table.columns, names=table.column_names))
        _check(rows, schema)
    except DAMAGE as error:
        raise _damaged(path, error) from error
    return cast(pl.DataFrame, rows)


def damaged(path: Path, what: str) -> OutcomesError:
    """What is to be done with a file that does not hold what it should."""
    again = "it is then told anew by the data" if path.parent.name == OUTCOMES else _KEPT_AGAIN
    return OutcomesError(f"{path} cannot be read ({what}): put back a copy of it, or remove it; {again}")


def _check(rows: object, schema: Schema) -> None:
    if not isinstance(rows, pl.DataFrame) or dict(rows.schema) != dict(schema):
        raise ValueError("its columns are of other types")


def _damaged(path: Path, error: Exception) -> OutcomesError:
    return damaged(path, " ".join(str(error).split())[:200])


def _text(value: object) -> str:
    if isinstance(value, dt.date):  # a datetime, too
        return value.isoformat()
    raise TypeError(f"{value!r} is no part of a note")
