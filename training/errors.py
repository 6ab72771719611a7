"""What can go wrong between the features and a registered model; a bundle has errors of its own.

StockoutError
├── UnknownLabelError          no label of that name
├── LabelInputError            the input lacks what a label is made of
├── LabelSettingError          a label's setting is out of its range
├── SettingError               a setting of the training or of its backtest is out of its range
├── LabelFeaturesError         a label and a feature set that do not go together
├── UnknownEstimatorError      no estimator of that name
├── TrainingHistoryError       too few weeks for the training and its backtest
├── OneSidedOutcomeError       a block of rows holds one outcome only, so nothing can be learned or measured
├── TrainingFileError          a file of an earlier stage is missing or not what it should be
├── ParityError                the ONNX model does not give the probabilities of the model it was made from
└── RegistryError              the MLflow registry cannot be reached, is empty, or holds something else
"""

from collections.abc import Iterable

from feature_service.kernel import StockoutError


class UnknownLabelError(StockoutError):
    """No label has this name."""

    def __init__(self, name: str, available_names: Iterable[str]) -> None:
        self.name, self.available_names = name, tuple(available_names)
        super().__init__(f"no label is named {name!r}; there is {', '.join(self.available_names)}")


class LabelInputError(StockoutError):
    """The panel has no field that the label is made of, since the input had no such file."""

    def __init__(self, label: str, file: str) -> None:
        self.label, self.file = label, file
        super().__init__(
            f"the label {label} needs an {file} file, and the input has none: "
            "use --source generic with such a file, or the label zero_sales"
        )


class LabelSettingError(StockoutError):
    """A label's setting is out of its range."""


class SettingError(StockoutError):
    """A setting of the training or of its backtest is out of its range.

    Attributes:
        name: As the option of the pipeline has it, e.g. ``alert-budget``.
    """

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name, self.value = name, value
        super().__init__(f"--{name} is {value}; it must be {allowed}")


class LabelFeaturesError(StockoutError):
    """A label and a feature set do not go together."""

    def __init__(self, label: str, feature_set: str, cause: str) -> None:
        self.label, self.feature_set = label, feature_set
        super().__init__(
            f"the label {label} cannot be learned from the feature set {feature_set}: {cause}; "
            "leave --feature-set away, or name another one"
        )


class UnknownEstimatorError(StockoutError):
    """No estimator has this name."""

    def __init__(self, name: str, available_names: Iterable[str]) -> None:
        self.name, self.available_names = name, tuple(available_names)
        super().__init__(f"no estimator is named {name!r}; there is {', '.join(self.available_names)}")


class TrainingHistoryError(StockoutError):
    """The rows span too few weeks for the training and, after it, the backtest."""

    def __init__(self, needed_weeks: int, found_weeks: int) -> None:
        self.needed_weeks, self.found_weeks = needed_weeks, found_weeks
        super().__init__(
            f"training and its backtest need {needed_weeks} weeks whose outcome is known, found {found_weeks}: "
            "give a longer history or a later as_of"
        )


class OneSidedOutcomeError(StockoutError):
    """A block of rows holds only positive, only negative, or no outcomes at all."""

    def __init__(self, block: str, positives: int, rows: int) -> None:
        self.block, self.positives, self.rows = block, positives, rows
        happened = "never happened" if not positives else "always happened"
        super().__init__(
            f"what the label asks {happened} in the {rows:,} rows of the {block} block, and a model learns from both "
            "kinds: give more products or a longer history, in which it did and did not"
        )


class TrainingFileError(StockoutError):
    """A file that an earlier stage should have written is missing or of another kind."""


class ParityError(StockoutError):
    """The ONNX model gives other probabilities than the model it was made from."""

    def __init__(self, difference: float, allowed: float, rows: int) -> None:
        self.difference, self.allowed, self.rows = difference, allowed, rows
        super().__init__(
            f"the ONNX model differs from the fitted one by up to {difference:.2g} in probability on {rows} real rows "
            f"({allowed:.0e} is allowed); it must not be registered"
        )


class RegistryError(StockoutError):
    """The MLflow registry cannot be reached, is empty, or does not hold what was registered."""
