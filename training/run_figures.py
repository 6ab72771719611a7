"""What a training run is recorded with: parameters and metrics under the names that people compare runs by."""

from dataclasses import asdict
from typing import Any

from training.bundle import Contract
from training.candidate import TrainingRecord
from training.evaluate import Evaluation


def parameters(contract: Contract, record: TrainingRecord) -> dict[str, Any]:
    """What the run was told."""
    settings = {name: value for name, value in asdict(record.settings).items() if name != "estimator"}
    blocks = {f"{name}_block": f"{b['first_week']}..{b['last_week']}" for name, b in asdict(record.split).items()}
    return {
        **settings,
        **{f"{contract.estimator}.{name}": value for name, value in record.estimator_parameters.items()},
        **blocks,
        "estimator": contract.estimator,
        "label": contract.label.name,
        "horizon_weeks": contract.label.horizon_weeks,
        "feature_set": contract.feature_set,
    }


def metrics(contract: Contract, record: TrainingRecord, figures: Evaluation) -> dict[str, float]:
    """What came out: ``model.brier`` and, beside it, ``exp_-4-week_mean.brier``."""
    measured = {
        "threshold": contract.threshold,
        "base_rate": figures.base_rate,
        "parity": record.parity,
        "fit_seconds": record.fit_seconds,
        "validation.recall": record.operating_point.recall,
        "validation.precision": record.operating_point.precision,
        **{f"rows.{block}": float(rows) for block, rows in record.rows.items()},
    }
    for score in figures.scores:
        # the names may hold letters, digits and some marks, but no brackets
        scorer = "".join(c if c.isalnum() or c == "-" else "_" for c in score.scorer).strip("_")
        measured |= {f"{scorer}.{name}": value for name, value in asdict(score).items() if isinstance(value, float)}
    return measured
