"""``drift WORK_DIR``: what drifted up to the newest week that was watched, and Evidently's own page if asked for."""

import sys
from pathlib import Path

import click

from data.command.render import print_lines, print_table
from data.errors import MissingInputError
from data.weeks import iso_name
from feature_service.kernel import StockoutError
from monitoring.drift import DRIFTED, UNKNOWN, WATCH, ColumnReport, DriftReport
from orchestration.drift_tasks import DRIFT_DIR
from orchestration.history_tasks import PANEL_DIR

_COLUMNS = ("column", "of", "state", "since", "distance", "usual", "chance", "what was and what is")
_DRIFTED, _UNTOLD = 1, 2


@click.command()
@click.argument("work_dir", type=click.Path(path_type=Path))
@click.option("--question", help="Of this question alone, e.g. inventory-4-weeks.")
@click.option(
    "--evidently",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write Evidently's own report of the week to this file, too, as a page; it is an extra to install.",
)
def drift(work_dir: Path, question: str | None, page: Path | None) -> None:
    """Print what drifted up to the newest week that was watched in WORK_DIR: inputs, features, scores and outcomes.

    \b
    Exit status: 0  nothing drifted, or nothing that the model has not learned from
                 1  something did, and a refresh is asked for
                 2  it cannot be told
    """  # noqa: D301 - click reads the character \b as "leave these lines as they are"
    try:
        reports = newest_reports(work_dir, question)
        if page is not None:
            _write_evidently_page(work_dir, reports[0], page)
    except StockoutError as error:
        click.echo(f"drift: {error}", err=True)
        sys.exit(_UNTOLD)
    for report in reports:
        _print(report)
    sys.exit(_DRIFTED if any(report.asks_for_refresh for report in reports) else 0)


def newest_reports(work_dir: Path, question: str | None = None) -> list[DriftReport]:
    """Of each question the report of the newest week that was watched.

    Raises:
        MissingInputError: If there is none.
        DriftReportError: If one cannot be read.
    """
    return [DriftReport.read(file) for file in newest_report_files(work_dir, question)]


def newest_report_files(work_dir: Path, question: str | None = None) -> list[Path]:
    """Of each question the file of the report of the newest week that was watched.

    Raises:
        MissingInputError: If there is none.
    """
    root = work_dir / DRIFT_DIR
    folders = [root / question] if question else sorted(root.glob("*"))
    weeks = [sorted(folder.glob("*.json")) for folder in folders]
    if not any(weeks):
        of_question = f" of {question}" if question else ""
        raise MissingInputError(
            f"{work_dir} holds no drift report{of_question}: run luigi --module orchestration WatchDrift there"
        )
    return [of_question[-1] for of_question in weeks if of_question]


def _print(report: DriftReport) -> None:
    click.echo(f"{report.question}, week of {report.as_of_week}, {report.model}")
    rows = [_row(each) for each in report.columns if each.state in (DRIFTED, WATCH)]
    if rows:
        print_table("columns that are out of the ordinary", _COLUMNS, rows)
    print_lines("Findings", (each.sentence for each in report.findings))
    counts = report.counts
    told = len(report.columns) - counts.get(UNKNOWN, 0)
    click.echo(f"\n{told} columns are told, {counts.get(UNKNOWN, 0)} have too few products or weeks")
    click.echo(report.summary())


def _row(column: ColumnReport) -> tuple[object, ...]:
    figures = (column.distance, column.usual)
    chance = "" if column.p is None else f"{column.p:.0e}"
    shown = ("" if each is None else f"{each:.3f}" for each in figures)
    return (column.name, column.about, column.state, column.since, *shown, chance, column.sentence)


def _write_evidently_page(work_dir: Path, report: DriftReport, to: Path) -> None:
    from data.panel.file import read_panel  # noqa: PLC0415 - only where it is asked for
    from monitoring.drift.report.evidently_page import write_evidently_page  # noqa: PLC0415

    week = iso_name(report.as_of_week)
    panels = sorted(work_dir.glob(f"panel/*/{week}"), key=lambda panel: panel.stat().st_mtime)
    if not panels:
        raise MissingInputError(f"{work_dir} holds no panel of {week} any more: run WatchDrift again")
    write_evidently_page(read_panel(panels[-1] / PANEL_DIR), report.feature_set, to, report.seed)
    click.echo(f"Evidently's report: {to}")
