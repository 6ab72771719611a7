"""What a version was made from: how, whatever the data, and how far the data reached."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feature_service.bundle import Contract
from training.training_record import TrainingRecord


@dataclass(frozen=True)
class Lineage:
    """What a model of a question was made from. Seed, dates of fits and origins are no part of it.

    Attributes:
        estimator: Its name.
        parameters: All of them.
        feature_set: Versioned name.
        features: Those that the fit could look at; all where empty.
        row_budget: Rows that the fit could learn from; None where a version of before does not say.
        calibration_weeks: Origins that it was calibrated on; None where a version of before does not say.
        last_week: Monday of the newest rows that it learned from.
    """

    estimator: str
    parameters: Mapping[str, Any]
    feature_set: str
    features: tuple[str, ...]
    row_budget: int | None
    calibration_weeks: int | None
    last_week: dt.date

    @classmethod
    def of(cls, contract: Contract, record: TrainingRecord) -> "Lineage":
        """The lineage of a model by its contract and the record of its training."""
        return cls(
            estimator=contract.estimator,
            parameters=record.estimator_parameters,
            feature_set=contract.feature_set,
            features=record.recipe_features,
            row_budget=record.row_budget,
            calibration_weeks=record.calibration_weeks,
            last_week=dt.date.fromisoformat(contract.training_window[1]),
        )

    def differences(self, other: "Lineage") -> tuple[str, ...]:
        """In what the recipes differ, in words; what a version of before does not say is taken to be the same."""
        pairs = {
            "estimator": (self.estimator, other.estimator),
            "parameters": (self.parameters, other.parameters),
            "feature set": (self.feature_set, other.feature_set),
            "features": (self.features, other.features),
            "row budget": (self.row_budget, other.row_budget),
            "weeks of calibration": (self.calibration_weeks, other.calibration_weeks),
        }
        return tuple(name for name, pair in pairs.items() if None not in pair and pair[0] != pair[1])
