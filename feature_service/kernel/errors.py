"""The root of the project's errors, and those of the kernel.

StockoutError
├── InsufficientHistoryError     fewer weeks than a feature set needs
├── UnknownFeatureSetError       no feature set of that name
├── MissingFieldsError           the panel lacks what a feature set is made from
└── (everywhere else)            each package's errors module adds its own
"""

from feature_service.terminal import visible


class StockoutError(Exception):
    """Something the caller can put right. Its text is one sentence that says what is wrong, where, and what to do.

    The sentence may quote a file, a library or a client: it stays on one line, and nothing in it steers a terminal.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(visible(" ".join(sentence.split("\n"))))


class InsufficientHistoryError(StockoutError):
    """The panel holds fewer weeks than a feature set needs."""

    def __init__(self, needed_weeks: int, found_weeks: int) -> None:
        self.needed_weeks, self.found_weeks = needed_weeks, found_weeks
        super().__init__(f"features need {needed_weeks} weeks of history, found {found_weeks}")


class UnknownFeatureSetError(StockoutError):
    """No feature set has that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"unknown feature set {name!r}; known are: {', '.join(known)}")


class MissingFieldsError(StockoutError):
    """The panel lacks fields that a feature set is made from."""

    def __init__(self, feature_set: str, missing: tuple[str, ...]) -> None:
        self.feature_set, self.missing = feature_set, missing
        super().__init__(
            f"the feature set {feature_set!r} is made from {', '.join(missing)}, which the panel lacks: "
            "give the files that hold them, or choose another feature set"
        )
