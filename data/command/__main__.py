"""``stockout-data`` (or ``python -m data.command``): look at a seller's files, and at what a run made of them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from data.command.facts import UNUSABLE
from data.command.render import as_csv, print_lines, print_table
from data.command.report import as_json, print_check
from data.command.stored import QUARANTINE_COLUMNS, newest_panel, panel_rows, quarantine_rows
from data.errors import DataError, OutputFileError
from feature_service.terminal import UNWRITABLE, command_output

_NAME = "stockout-data"
_FOLDER = click.Path(path_type=Path)
_LIMIT = click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Rows to print.")
_CSV = click.option("--csv", "is_csv", is_flag=True, help="Everything as CSV.")


class _Commands(click.Group):
    """Turns errors that the user can put right, and output that cannot be written, into one sentence and a status."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        with command_output(_NAME):
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with command_output(_NAME):
                return super().invoke(ctx)
        except DataError as error:
            click.echo(f"{_NAME}: {error}", err=True)
            sys.exit(UNWRITABLE if isinstance(error, OutputFileError) else UNUSABLE)


@click.group(cls=_Commands)
def main() -> None:
    """Look at a seller's files before a run, and at what a run made of them."""


@main.command()
@click.argument("data_dir", type=_FOLDER)
@click.option("--columns", type=_FOLDER, help="TOML file that says how the files are read; by default DIR/source.toml.")
@click.option("--time-zone", help="IANA name of the seller's time zone.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document.")
@click.option("--html", type=_FOLDER, help="Write the report to this file too, as a page to open and read.")
def check(data_dir: Path, columns: Path | None, time_zone: str | None, is_json: bool, html: Path | None) -> None:
    """Look at the files in DATA_DIR (generic or Olist's layout) and write nothing, but for --html.

    \b
    Exit status: 0  a run would read them, and nothing is uncertain
                 1  a run would read them, with warnings
                 2  they cannot be used
                 4  the output, or the page of --html, could not be written
    """  # noqa: D301 - click reads the character \b as "leave these lines as they are"
    from data.command.check import check_data  # noqa: PLC0415 - Polars, which the help does without

    found = check_data(data_dir, columns, time_zone)
    if html is not None:
        from data.command.page import write_page  # noqa: PLC0415 - Jinja, which nothing else here needs

        write_page(found, html)
    if is_json:
        click.echo(as_json(found))
    else:
        print_check(found)
    sys.exit(found.status)


@main.command()
@click.argument("work_dir", type=_FOLDER)
@_LIMIT
@_CSV
def quarantine(work_dir: Path, limit: int, is_csv: bool) -> None:
    """Print the bad rows in WORK_DIR: the value, the reason, what would have been right.

    They are those of every load of its history, or of the newest ingest of files where that came later.
    """
    from data.command.loads import BAD_ROWS_COLUMNS, bad_rows  # noqa: PLC0415 - as below

    loaded = bad_rows(work_dir)
    rows: Sequence[Sequence[object]] = list(quarantine_rows(work_dir)) if loaded is None else loaded
    columns: Sequence[str] = QUARANTINE_COLUMNS if loaded is None else BAD_ROWS_COLUMNS
    what = "bad rows" if loaded is None else "bad rows of all loads"
    if is_csv:
        click.echo(as_csv(columns, rows), nl=False)
    else:
        print_table(_title(what, len(rows), limit), columns, rows[:limit])


@main.command()
@click.argument("work_dir", type=_FOLDER)
@click.option("--field", default="units_sold", show_default=True, help="Which figure.")
@click.option("--weeks", type=click.IntRange(1), default=8, show_default=True, help="Newest weeks to print.")
@_LIMIT
@_CSV
def panel(work_dir: Path, field: str, weeks: int, limit: int, is_csv: bool) -> None:
    """Print the newest panel in WORK_DIR: a line for each product, a column for each week."""
    columns, rows = panel_rows(newest_panel(work_dir), field, None if is_csv else weeks)
    if is_csv:
        click.echo(as_csv(columns, rows), nl=False)
    else:
        print_table(_title(f"{field} of the products", len(rows), limit), columns, rows[:limit], right=len(columns) - 1)


@main.command()
@click.argument("work_dir", type=_FOLDER)
@_LIMIT
@_CSV
def loads(work_dir: Path, limit: int, is_csv: bool) -> None:
    """Print the deliveries that make the history in WORK_DIR, newest first, with what was uncertain about them."""
    from data.command.loads import LOADS_COLUMNS, load_rows  # noqa: PLC0415 - SQL and Delta, which the others do without

    rows, warnings = load_rows(work_dir, is_folded=not is_csv)
    if is_csv:
        click.echo(as_csv(LOADS_COLUMNS, rows), nl=False)
        return
    print_table(_title("tables of loads", len(rows), limit), LOADS_COLUMNS, rows[:limit], right=4)
    print_lines("warnings", warnings[:limit])


@main.command()
@click.argument("work_dir", type=_FOLDER)
@_LIMIT
@_CSV
def reconcile(work_dir: Path, limit: int, is_csv: bool) -> None:
    """Prove that every row ever delivered to the history in WORK_DIR is accounted for, to the row and the cent.

    \b
    Exit status: 0  it is
                 2  rows or amounts are missing
    """  # noqa: D301
    from data.command.loads import ACCOUNT_COLUMNS, account_rows  # noqa: PLC0415

    rows, is_even = account_rows(work_dir, is_folded=not is_csv)
    if is_csv:
        click.echo(as_csv(ACCOUNT_COLUMNS, rows), nl=False)
    else:
        print_table(_title("tables of loads", len(rows), limit), ACCOUNT_COLUMNS, rows[:limit], right=8)
        click.echo("every row and cent is accounted for" if is_even else "NOT every row and cent is accounted for")
    sys.exit(0 if is_even else UNUSABLE)


def _title(what: str, count: int, limit: int) -> str:
    return f"{what}: {count:,}" if count <= limit else f"{what}: first {limit:,} of {count:,}; --csv prints all"


if __name__ == "__main__":
    main(prog_name=_NAME)
