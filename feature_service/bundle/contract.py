"""The contract of a model: what a caller must know to ask it and to read its answer."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from feature_service.json_record import parse_json, read_record
from feature_service.kernel import FloatArray, StockoutError
from feature_service.kernel.arrays import BoolArray
from feature_service.kernel.fields import COUNT_AGE_DAYS

CONTRACT_SCHEMA = 3
SALES_ONLY, STOCK_AWARE = EVIDENCE = ("SALES_ONLY", "STOCK_AWARE")


class BundleError(StockoutError):
    """A model bundle cannot be read, or is not what its contract says."""


@dataclass(frozen=True)
class Bound:
    """What a feature must be for a label to apply to a row.

    Attributes:
        feature: Its name.
        above: It must be more than this; None if nothing is asked.
        at_most: It must not be more than this; None if nothing is asked.
    """

    feature: str
    above: float | None = None
    at_most: float | None = None

    def holds(self, values: FloatArray) -> BoolArray:
        """Where the values keep it; NaN, "not known", does not."""
        holds: BoolArray = np.isfinite(values)
        if self.above is not None:
            holds &= values > self.above
        if self.at_most is not None:
            holds &= values <= self.at_most
        return holds


def question_name(label_name: str, horizon_weeks: int, variant: str) -> str:
    """What a question is called: label, horizon where that is more than a week, variant where there is one."""
    horizon = "" if horizon_weeks == 1 else f"-{horizon_weeks}-weeks"
    return f"{label_name}{horizon}{variant and f'-{variant}'}"


@dataclass(frozen=True)
class LabelContract:
    """What a probability is the probability of.

    Attributes:
        name: E.g. ``zero_sales``.
        description: One sentence for a planner.
        evidence: ``SALES_ONLY`` or ``STOCK_AWARE``.
        horizon_weeks: Weeks ahead.
        applies_where: The label applies to a row exactly where all of these hold; empty if no feature of the model
            tells where it does. Where it does not apply, a probability means nothing.
        variant: What sets it apart from others of its name and horizon, e.g. ``alpha-0_5``; empty where nothing does.
    """

    name: str
    description: str
    evidence: str
    horizon_weeks: int
    applies_where: tuple[Bound, ...] = ()
    variant: str = ""

    @property
    def question(self) -> str:
        """The question that a model with this contract answers, e.g. ``inventory-4-weeks``."""
        return question_name(self.name, self.horizon_weeks, self.variant)

    def predicts_the_same_as(self, other: "LabelContract") -> bool:
        """Whether the other's probabilities mean the same; by which features it is told where they do may differ.

        Of variants the descriptions differ, and contracts of before name none.
        """
        ours, theirs = (replace(each, applies_where=(), variant="") for each in (self, other))
        return ours == theirs


@dataclass(frozen=True)
class Calibration:
    """From a raw probability to a calibrated one, with straight lines between the points.

    Attributes:
        raw: Rising, from 0 to 1.
        calibrated: Never falling, as many.
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def is_one(self) -> bool:
        """Whether the points are as they must be."""
        raw, calibrated = np.array(self.raw), np.array(self.calibrated)
        if len(raw) != len(calibrated) or len(raw) < 2 or raw[0] != 0 or raw[-1] != 1:
            return False
        in_range = (calibrated >= 0).all() and (calibrated <= 1).all()
        return bool((np.diff(raw) > 0).all() and (np.diff(calibrated) >= 0).all() and in_range)

    def apply(self, probability: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Calibrated probabilities of the same shape."""
        calibrated: npt.NDArray[np.float32] = np.interp(probability, self.raw, self.calibrated).astype(np.float32)
        return calibrated


@dataclass(frozen=True)
class Contract:
    """What a caller must know of a model to ask it and to read its answer.

    Attributes:
        feature_set: Versioned name of the feature set.
        feature_names: Inputs of the graph, in order.
        label: What is predicted.
        threshold: An alert is raised where the probability reaches it.
        training_window: First and last as_of week of the rows it was fitted on, ISO dates.
        metrics: Figures on the untouched block, by name.
        data_fingerprint: SHA-256 of the input files.
        estimator: What was fitted, e.g. ``random_forest``.
        seed: Of every random choice.
        takes_unknown: Whether a feature may be NaN, "not known".
        calibration: Applied to what the graph says; None where that is the probability.
        reach_weeks: The last week ahead by whose end the model gives the probability of a run-out; 1 where it answers
            for its horizon alone.
    """

    feature_set: str
    feature_names: tuple[str, ...]
    label: LabelContract
    threshold: float
    training_window: tuple[str, str]
    metrics: Mapping[str, float]
    data_fingerprint: str
    estimator: str
    seed: int
    takes_unknown: bool = False
    calibration: Calibration | None = None
    reach_weeks: int = 1

    def __post_init__(self) -> None:
        """Raises:
        BundleError: If a figure in it means nothing, or it tells where the label applies by a feature that the model
            does not take.
        """
        for is_right, must in (
            (len(set(self.feature_names)) == len(self.feature_names) > 0, "name its features, each once"),
            (0 <= self.threshold <= 1, f"have a threshold from 0 to 1, not {self.threshold}"),
            (1 <= self.label.horizon_weeks <= 52, f"look 1 to 52 weeks ahead, not {self.label.horizon_weeks}"),
            (self.label.evidence in EVIDENCE, f"rest on one of {', '.join(EVIDENCE)}, not {self.label.evidence!r}"),
            (1 <= self.reach_weeks <= 52, f"reach 1 to 52 weeks ahead, not {self.reach_weeks}"),
            (self.reach_weeks == 1 or self.label.horizon_weeks == 1, "reach further from a horizon of 1 week only"),
            (self.calibration is None or self.calibration.is_one(), "have a calibration that rises from 0 to 1"),
        ):
            if not is_right:
                raise BundleError(f"the contract of a model must {must}; build the bundle anew")
        for bound in self.label.applies_where:
            if bound.feature not in self.feature_names:
                raise BundleError(
                    f"the label {self.label.name} applies by {bound.feature}, which is no feature of "
                    f"{self.feature_set}: train the model anew"
                )

    def applies(self, features: FloatArray, *, counted_now: bool = False) -> BoolArray:
        """Where the label applies, as far as features tell; everywhere if none of them does.

        Args:
            features: Shape ``(rows, features)``, in the contract's order.
            counted_now: The stock in the rows is what a caller counts at this moment, so that the age of the last
                count in the data does not matter.
        Returns:
            Shape ``(rows,)``.
        """
        applies: BoolArray = np.ones(len(features), dtype=np.bool_)
        for bound in self.label.applies_where:
            if not (counted_now and bound.feature == COUNT_AGE_DAYS):
                applies &= bound.holds(features[:, self.feature_names.index(bound.feature)])
        return applies

    def to_json(self) -> str:
        """The contract as the text of its file."""
        return json.dumps({"schema": CONTRACT_SCHEMA, **dataclasses.asdict(self)}, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """Read what :meth:`to_json` wrote.

        Raises:
            BundleError: If it is not such a text, or of another schema.
        """
        try:
            fields = parse_json(text)
            if fields.pop("schema") != CONTRACT_SCHEMA:
                raise BundleError(f"the contract's schema is not {CONTRACT_SCHEMA}; build the bundle anew")
            return read_record(cls, fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(f"the contract cannot be read: {error}") from error
