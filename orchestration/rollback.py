"""``python -m orchestration.rollback --work-dir DIR``: back to the champion before."""

import getpass
import os
import shutil
from pathlib import Path

import click

from feature_service.kernel import StockoutError
from orchestration.registry_places import ledger_in, tracking_uri_of

_STAGES_AFTER_THE_CHAMPION = ("registered", "packaged", "published")


@click.command()
@click.option("--work-dir", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--label", help="Of the champion to roll back; by default that of the model that is published.")
def main(work_dir: Path, label: str | None) -> None:
    """Make the champion before the present one the champion again, and say how to publish it."""
    from training.registry.decisions import rollback  # noqa: PLC0415 - MLflow takes seconds, --help should not

    work_dir = work_dir.absolute()
    uri = tracking_uri_of(work_dir, os.environ.get("MLFLOW_TRACKING_URI"))
    try:
        entry = rollback(label, tracking_uri=uri, ledger=ledger_in(work_dir), who=getpass.getuser())
    except StockoutError as error:
        raise click.ClickException(str(error)) from error
    # what these stages did rests on the champion of before; the next run does them again
    for stage in _STAGES_AFTER_THE_CHAMPION:
        for folder in work_dir.glob(f"models/*/{stage}"):
            shutil.rmtree(folder)
    click.echo(
        f"version {entry.champion_after} is the champion of {entry.label} again, no longer {entry.champion_before}\n"
        "to publish it, run the pipeline again as you ran it last (luigi --module orchestration StockoutPipeline "
        f"--label {entry.label} --work-dir {work_dir} ...): it trains nothing, packages version "
        f"{entry.champion_after} and publishes it"
    )


if __name__ == "__main__":
    main()
