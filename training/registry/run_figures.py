"""The parameters and metrics of a training run, under the names by which people compare runs in MLflow."""

from typing import Any

from feature_service.bundle import Contract
from training.evaluation.figures import ALL, LOCKED, Evaluation
from training.training_record import TrainingRecord


def parameters(contract: Contract, record: TrainingRecord, figures: Evaluation) -> dict[str, Any]:
    """The settings of the run."""
    blocks = {name: f"{block.first_week}..{block.last_week}" for name, block in figures.blocks.items()}
    return {
        **{f"{contract.estimator}.{name}": value for name, value in record.estimator_parameters.items()},
        **{name.replace(" ", "_"): weeks for name, weeks in blocks.items()},
        "seed": record.seed,
        "alert_policy_of_contract": record.policy.name,
        "estimator": contract.estimator,
        "label": contract.label.name,
        "horizon_weeks": contract.label.horizon_weeks,
        "feature_set": contract.feature_set,
        "row_budget": record.row_budget,
        "calibration_weeks": record.calibration_weeks,
    }


def metrics(contract: Contract, record: TrainingRecord, figures: Evaluation) -> dict[str, float]:
    """The figures: ``model.brier`` and, beside it, ``exp_-4-week_rate.brier``; ``locked.`` for the locked origins."""
    by_name = {
        "threshold": contract.threshold,
        "base_rate": figures.blocks[ALL].base_rate,
        "parity": record.parity,
        "fit_seconds": record.fit_seconds,
        "recall_at_threshold": record.operating_point.recall,
        "precision_at_threshold": record.operating_point.precision,
        "locked.recall_at_threshold": figures.at_threshold.recall,
        "locked.precision_at_threshold": figures.at_threshold.precision,
        "rows": float(record.rows),
        "rows.backtest": float(figures.blocks[ALL].rows),
    }
    for block, prefix in ((ALL, ""), (LOCKED, "locked.")):
        for scorer, of_scorer in figures.blocks[block].figures.items():
            by_name |= {f"{prefix}{_plain(scorer)}.{_plain(name)}": each.value for name, each in of_scorer.items()}
    return by_name


def _plain(name: str) -> str:
    """The names may hold letters, digits and some marks, but no brackets."""
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name).strip("_")
