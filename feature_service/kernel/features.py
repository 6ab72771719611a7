"""What is declared about a feature."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One column of a feature set.

    Attributes:
        name: As clients send it and models know it.
        unit: E.g. ``units`` or ``currency per unit``.
        history_weeks: Known weeks, up to and including ``as_of``, without which it is unknown.
    """

    name: str
    unit: str
    history_weeks: int
