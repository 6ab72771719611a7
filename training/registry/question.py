"""What champions are compared by: a label with its settings. Models of two questions are never compared."""

import re
from dataclasses import dataclass

from feature_service.bundle import LabelContract, question_name
from training.labels import DEFAULT_ALPHA, Label, label, variant_of

_OLD_NAME = re.compile(r"(?P<label>.+?)(?:-(?P<weeks>\d)-weeks)?")


@dataclass(frozen=True)
class Question:
    """A label, how far ahead it looks, and what is unusual to it.

    Attributes:
        label: Name of the label.
        horizon_weeks: Weeks ahead.
        alpha: Of the labels that have such a setting, else the default.
    """

    label: str
    horizon_weeks: int = 1
    alpha: float = DEFAULT_ALPHA

    @classmethod
    def of(cls, target: Label) -> "Question":
        """The question that a label with its settings asks; an ``alpha`` that the label does not have is left out."""
        return cls(target.name, target.horizon_weeks, getattr(target, "alpha", DEFAULT_ALPHA))

    @classmethod
    def of_old_name(cls, name: str) -> "Question":
        """The question that a ledger of before means by ``inventory-4-weeks``."""
        parts = _OLD_NAME.fullmatch(name)
        return cls(name) if parts is None else cls(parts["label"], int(parts["weeks"] or 1))

    @property
    def name(self) -> str:
        """What it is called in aliases and in the ledger, e.g. ``inventory-4-weeks`` or ``unusual_zero-alpha-0_5``."""
        return question_name(self.label, self.horizon_weeks, variant_of(self.alpha))

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a pipeline run that asks it."""
        horizon = () if self.horizon_weeks == 1 else ("--horizon-weeks", str(self.horizon_weeks))
        alpha = () if self.alpha == DEFAULT_ALPHA else ("--alpha", repr(self.alpha))
        return ("--label", self.label, *horizon, *alpha)

    def is_about(self, label_name: str, horizon_weeks: int) -> bool:
        """Whether that is its label and its horizon, whatever words describe it by now."""
        return (self.label, self.horizon_weeks) == (label_name, horizon_weeks)

    def is_answered_by(self, contract: LabelContract) -> bool:
        """Whether a model with this contract predicts what is asked."""
        target = label(self.label, horizon_weeks=self.horizon_weeks, alpha=self.alpha)
        asked = LabelContract(target.name, target.description, target.evidence, target.horizon_weeks)
        return asked.predicts_the_same_as(contract)
