"""What is asked of one weekly run, and what it has done so far."""

import datetime as dt
from dataclasses import dataclass, field

from monitoring.notifications.digest import Drift, Failure
from orchestration.weekly.ledger import QuestionEntry


@dataclass(frozen=True)
class Wish:
    """What is asked of one run beside the settings.

    Attributes:
        as_of: A day in the place of the latest week that the data complete.
        train: See :mod:`orchestration.weekly.plan`.
    """

    as_of: dt.date | None
    train: str


@dataclass
class Course:
    """What a run has done so far.

    Attributes:
        number: Of the run.
        failures: What went wrong.
        late: Sources that bring nothing.
        drift: What drifted.
        warnings: Sentences about what the run noticed and went on with.
        questions: What came of each.
    """

    number: int
    failures: list[Failure] = field(default_factory=list)
    late: list[Failure] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    questions: list[QuestionEntry] = field(default_factory=list)

    def summary(self) -> str:
        """What came of the run, in a line."""
        done = [f"{each.question} {each.action}: {each.why}" for each in self.questions]
        return "; ".join([*self.sentences(), *done])

    def sentences(self) -> list[str]:
        """What went wrong, a sentence each."""
        return [f"{each.stage}: {each.sentence}" for each in self.failures]
