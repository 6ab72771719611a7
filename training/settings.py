"""What a training run can be told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSettings:
    """Attributes of a training run, each with the default that the pipeline uses.

    Attributes:
        estimator: Name in ``training.estimators``.
        seed: Of every random choice.
        target_recall: The threshold must reach this share of positive outcomes on the validation block.
        min_train_weeks: Fewer weeks than these are too few to train on.
        validation_weeks: Weeks that the threshold is chosen on.
        test_weeks: The newest weeks with a known outcome; only ever measured on.
    """

    estimator: str = "random_forest"
    seed: int = 42
    target_recall: float = 0.90
    min_train_weeks: int = 12
    validation_weeks: int = 12
    test_weeks: int = 12
