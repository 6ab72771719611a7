"""Where the models of a work dir are registered, and where the decisions on them are written down."""

from pathlib import Path

from feature_service.kernel import StockoutError

LEDGER_FILE = "ledger.jsonl"

# MLflow reads %20 in the address of a database as a space, and takes ? for the end of its path
_NOT_IN_A_DATABASE_ADDRESS = "?%"


class WorkDirError(StockoutError):
    """The work dir cannot hold MLflow's database."""


def tracking_uri_of(work_dir: Path, configured: str | None) -> str:
    """The configured MLflow server, else a database in the work dir.

    Raises:
        WorkDirError: If MLflow would look for that database somewhere else.
    """
    if configured:
        return configured
    for mark in _NOT_IN_A_DATABASE_ADDRESS:
        if mark in str(work_dir):
            raise WorkDirError(
                f"the work dir {work_dir} has a {mark!r} in its path, and MLflow would put its database elsewhere: "
                "choose another --work-dir, or set MLFLOW_TRACKING_URI"
            )
    return f"sqlite:///{work_dir / 'mlflow' / 'mlflow.db'}"


def ledger_in(work_dir: Path) -> Path:
    """The promotion ledger of a work dir."""
    return work_dir / "promotion" / LEDGER_FILE
