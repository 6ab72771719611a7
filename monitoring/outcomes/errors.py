"""What can go wrong with keeping score of alerts.

StockoutError
└── OutcomesError    a file that the score is kept in cannot be read
"""

from feature_service.kernel import StockoutError
from feature_service.terminal import visible


class OutcomesError(StockoutError):
    """A file that the score is kept in cannot be read."""

    def __init__(self, sentence: str) -> None:
        super().__init__(visible(sentence))
