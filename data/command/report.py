"""A check as people read it, and as JSON."""

import dataclasses
import json

import click

from data.command.facts import Coverage, DataCheck, TableFacts
from data.command.lead_times import COLUMNS, lead_time_rows
from data.command.render import print_lines, print_table
from feature_service.terminal import json_escaped, visible

_EMPTY_WEEKS = 5


def as_json(check: DataCheck) -> str:
    """One document with everything that a check found, and its status."""
    facts = {"status": check.status, **dataclasses.asdict(check)}
    return json_escaped(json.dumps(facts, indent=2, ensure_ascii=False))


def print_check(check: DataCheck) -> None:
    """Print it: how each table was understood, then what is wrong, then what can be done."""
    for name, facts in check.tables.items():
        _print_table(name, facts)
    print_lines("Files that no table reads", check.unclaimed)
    print_lines("Files that are left out, as set", check.ignored)
    print_lines("How ids join", check.joins)
    excluded = (f"{status}: {count:,} items" for status, count in check.excluded_items.items())
    print_lines("Items that are no sale, by the status of their order", excluded)
    labels = (f"{name}: {f'no, {missing}' if missing else 'yes'}" for name, missing in check.labels.items())
    if check.lead_times:
        rows = lead_time_rows(check.lead_times)
        click.echo()
        print_table("Lead times, by the purchase orders that were received", COLUMNS, rows, right=len(COLUMNS) - 1)
    print_lines("Labels that this data can answer", labels)
    print_lines("Warnings", check.warnings)
    print_lines("Problems", check.problems)
    if check.proposal:
        click.echo("\nA source.toml for this folder; what is a guess is a comment\n")
        click.echo("\n".join(f"    {visible(line)}" for line in check.proposal.splitlines()))
    click.echo(f"\n{visible(check.folder)}: {check.verdict}")


def _print_table(name: str, facts: TableFacts) -> None:
    click.echo(f"\n{name}: {facts.rows:,} rows, {facts.used:,} used")
    for file, form in facts.files.items():
        click.echo(f"  {visible(file)}  ({visible(form)})")
    for column, form in facts.forms.items():
        click.echo(f"  {column}: {visible(form)}")
    if facts.coverage:
        _print_coverage(facts.coverage)
    if facts.repeated:
        click.echo(f"  rows that repeat another one in every column: {facts.repeated:,}")
    if facts.returns:
        click.echo(f"  rows with a negative quantity: {facts.returns:,}")
    if facts.sample:
        print_table("first rows as understood", list(facts.sample[0]), [list(row.values()) for row in facts.sample])
    if facts.bad:
        _print_bad_rows(facts)


def _print_bad_rows(facts: TableFacts) -> None:
    rows = [
        (reason, f"{count:,}", each.place, each.column, each.value)
        for reason, count in facts.bad.items()
        for each in facts.bad_rows[reason]
    ]
    print_table("rows in quarantine", ("reason", "rows", "example", "column", "value"), rows)


def _print_coverage(covered: Coverage) -> None:
    click.echo(
        f"  {covered.first_day} to {covered.last_day}, {covered.weeks:,} weeks; {covered.products:,} products, "
        f"{covered.product_share:.0%} of all; {covered.rows_a_week:.1f} rows a week of a product that has any"
    )
    if covered.empty_weeks:
        first = ", ".join(covered.empty_weeks[:_EMPTY_WEEKS])
        click.echo(f"  {len(covered.empty_weeks):,} weeks without a row: {first}")
