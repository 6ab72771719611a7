"""The check that rows hold both outcomes, without which nothing can be learned or measured."""

import numpy as np

from feature_service.kernel.arrays import FloatArray
from training.errors import OneSidedOutcomeError


def check_both_outcomes(name: str, outcome: FloatArray) -> None:
    """Refuse rows that all have the same outcome.

    Args:
        name: Of the block of rows, for the message.
        outcome: 1 or 0, shape ``(rows,)``.
    Raises:
        OneSidedOutcomeError: If all outcomes are the same, or there is none.
    """
    positives = int(np.count_nonzero(outcome == 1))
    if not 0 < positives < len(outcome):
        raise OneSidedOutcomeError(name, positives, len(outcome))
