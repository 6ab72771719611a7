"""Where the models of a work dir are registered, and where the decisions on them are written down."""

from pathlib import Path


def tracking_uri_of(work_dir: Path, configured: str | None) -> str:
    """The configured MLflow server, else a database in the work dir."""
    return configured or f"sqlite:///{work_dir / 'mlflow' / 'mlflow.db'}"


def ledger_in(work_dir: Path) -> Path:
    """The promotion ledger of a work dir."""
    return work_dir / "promotion" / "ledger.jsonl"
