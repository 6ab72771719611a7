"""Events out of a file for the shell: a JSON object a line, as the fields of ``Sale`` and ``StockCount``."""

from typing import IO, TypeVar

import click

from feature_service.client.history_client import Sale, StockCount, time_of
from feature_service.json_record import read_json

Event = TypeVar("Event", Sale, StockCount)

_BYTE_ORDER_MARK = "\ufeff"
"""Some programs begin a file with it."""

EVENTS_FILE = click.argument("file", type=click.File(encoding="utf-8"))


def events_in(file: IO[str], event_type: type[Event]) -> list[Event]:
    """The events of a file; empty lines are skipped.

    Raises:
        click.UsageError: If a line holds none.
    """
    try:
        lines = file.readlines()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file.name} is not UTF-8; nothing was sent") from error
    return [
        _event(f"{file.name}, line {number}", line.removeprefix(_BYTE_ORDER_MARK), event_type)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _event(where: str, line: str, event_type: type[Event]) -> Event:
    try:
        event = read_json(event_type, line)
        time_of(event)
    except ValueError as error:
        raise click.UsageError(f"{where}: {error}; nothing was sent") from error
    return event
