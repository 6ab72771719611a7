"""How many weeks of history a model of a label needs: training and its backtest ask it, and the check of a folder."""

MIN_TRAIN_WEEKS = 4
LEAST_CALIBRATION_WEEKS = 2
LEAST_ORIGINS = 8

_WEEKS_BEFORE_ROWS = {"zero_sales": 3}
"""Before a label's first row: the features of zero_sales look at four weeks, those of the others take what there is."""


def least_weeks_of_rows(
    outcome_weeks: int,
    *,
    min_train_weeks: int = MIN_TRAIN_WEEKS,
    least_calibration_weeks: int = LEAST_CALIBRATION_WEEKS,
    least_origins: int = LEAST_ORIGINS,
) -> int:
    """Weeks of rows whose outcome is known that a backtest cannot do without.

    Args:
        outcome_weeks: Weeks that an outcome takes.
        min_train_weeks: Weeks of rows that the first fit needs.
        least_calibration_weeks: Origins that serve calibration alone.
        least_origins: Origins that are evaluated.
    """
    return min_train_weeks + outcome_weeks - 1 + least_calibration_weeks + least_origins


def least_weeks(label: str, outcome_weeks: int = 1) -> int:
    """Weeks of history up to and including ``as_of`` that a label needs, of its own feature set.

    Args:
        label: E.g. ``zero_sales``.
        outcome_weeks: Weeks that an outcome takes, of which the last is not known yet.
    """
    return _WEEKS_BEFORE_ROWS.get(label, 0) + least_weeks_of_rows(outcome_weeks) + outcome_weeks
