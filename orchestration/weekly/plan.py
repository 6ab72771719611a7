"""What a weekly run does about a question: a pure rule on what is served and what the data hold."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.weeks import iso_name
from orchestration.weekly.ledger import NOTHING, SCORED, TRAINED

if TYPE_CHECKING:
    from monitoring.drift import Finding

DUE, NOW, NEVER = "due", "now", "never"
TRAIN = (DUE, NOW, NEVER)
"""When a model is trained: when its weeks are over or drift asks for it, in this run, or not in this run."""


@dataclass(frozen=True)
class Standing:
    """Where a question stands before a run.

    Attributes:
        served_week: Monday of the week that is served; None: none is, or it cannot be read.
        served_version: Version of the model in it.
        champion_version: Version of the question's champion; empty: it has none.
        trained_week: Monday of the week up to which a model was trained last; None: never.
        drift: What drifted since a model was trained last; empty: nothing did.
    """

    served_week: dt.date | None = None
    served_version: str = ""
    champion_version: str = ""
    trained_week: dt.date | None = None
    drift: str = ""


@dataclass(frozen=True)
class Step:
    """What is done: ``trained``, ``scored`` or ``nothing to do``, and why."""

    action: str
    why: str


def next_step(standing: Standing, latest_week: dt.date, *, train: str, train_every_weeks: int) -> Step:
    """What a run does about a question.

    Args:
        standing: Where it stands.
        latest_week: Monday of the latest week that the data complete.
        train: ``due``, ``now`` or ``never``.
        train_every_weeks: Weeks after which a model is trained again.
    """
    if not standing.champion_version:
        return Step(TRAINED, "there is no champion yet")
    if train == NOW:
        return Step(TRAINED, "it was asked for")
    if not is_new(standing, latest_week):
        if standing.served_version != standing.champion_version:
            return Step(SCORED, f"version {standing.champion_version} is the champion, not the served one")
        return Step(NOTHING, f"week {iso_name(latest_week)} is served, and no newer one is whole")
    if train == DUE and standing.drift:
        return Step(TRAINED, f"drift: {standing.drift}")
    if train == DUE and _is_due(standing.trained_week, latest_week, train_every_weeks):
        return Step(TRAINED, f"the last model was trained {_ago(standing.trained_week, latest_week)}")
    return Step(SCORED, f"week {iso_name(latest_week)} is whole")


def drift_to_learn(drifted: "Iterable[Finding]", trained_week: dt.date | None) -> str:
    """What drifted since a model was trained last, in a sentence; empty: nothing did.

    What began before asks for no training: else a market that stays as it turned would be trained on every week.
    """
    return next((each.sentence for each in drifted if trained_week is None or each.since > trained_week), "")


def is_new(standing: Standing, latest_week: dt.date) -> bool:
    """Whether the latest week is none that was served."""
    return standing.served_week is None or latest_week > standing.served_week


def missed_weeks(standing: Standing, latest_week: dt.date) -> list[dt.date]:
    """Mondays of the weeks between the served one and the latest, of which no snapshot was ever the newest."""
    if standing.served_week is None:
        return []
    count = (latest_week - standing.served_week).days // 7
    return [standing.served_week + dt.timedelta(weeks=number) for number in range(1, count)]


def _is_due(trained_week: dt.date | None, latest_week: dt.date, train_every_weeks: int) -> bool:
    return trained_week is None or latest_week >= trained_week + dt.timedelta(weeks=train_every_weeks)


def _ago(trained_week: dt.date | None, latest_week: dt.date) -> str:
    if trained_week is None:
        return "nobody knows when"
    return f"{(latest_week - trained_week).days // 7} weeks ago"
