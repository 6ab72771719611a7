"""What one run has to say: alerts that are new, worse or resolved, drift, and stages that failed."""

import dataclasses
import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NEW, WORSE, RESOLVED, DRIFT, FAILURES = "new", "worse", "resolved", "drift", "failures"
_NUMBER = re.compile(r"\d+")
KINDS = (NEW, WORSE, RESOLVED, DRIFT, FAILURES)
"""The kinds of change that somebody is told of, as the fields of :class:`Facts` are named."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run whose word it is.

    Attributes:
        run_id: The same for a run and its repetition.
        at: When, with its zone.
        questions: The questions that it answers.
        as_of: The last day that it knows of; None where it failed before that was known.
        snapshots: The id of the published snapshot of each question, without those that have none.
    """

    run_id: str
    at: dt.datetime
    questions: tuple[str, ...] = ()
    as_of: dt.date | None = None
    snapshots: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"the time of the run {self.run_id} has no zone")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A product at risk. NaN is unknown, as None is.

    Attributes:
        question: Whose alert it is.
        product_id: The product.
        episode_id: The same from the alert's first week until it is resolved, and of no other alert of the product.
        probability: Between 0 and 1.
        units_on_hand: None: not known.
        reorder_by: The last day on which an order still comes in time; None: not known.
        revenue_at_risk: In currency; None: not known.
        probability_before: Of an alert that is worse, what it was; None: not known.
    """

    question: str
    product_id: str
    episode_id: str
    probability: float
    units_on_hand: float | None = None
    reorder_by: dt.date | None = None
    revenue_at_risk: float | None = None
    probability_before: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"the probability of {self.product_id!r} is {self.probability}: it lies between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class ResolvedAlert:
    """An alert that has ended, and what became of it, in a few words."""

    question: str
    product_id: str
    episode_id: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A finding about data or model, in a sentence; its id stays the same for as long as it lasts."""

    drift_id: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A stage that failed, and why, in a sentence. The same, but for its numbers, is told once for each run."""

    stage: str
    sentence: str


Fact = Alert | ResolvedAlert | Drift | Failure


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is said, by kind. Warnings go along with it, and are no reason to write by themselves."""

    new: tuple[Alert, ...] = ()
    worse: tuple[Alert, ...] = ()
    resolved: tuple[ResolvedAlert, ...] = ()
    drift: tuple[Drift, ...] = ()
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[Fact, ...]:
        """The facts of one of :data:`KINDS`."""
        facts: tuple[Fact, ...] = getattr(self, kind)
        return facts


@dataclass(frozen=True, kw_only=True)
class Digest(Facts):
    """All that one run says. Which alert counts as worse is the caller's to decide."""

    run: Run

    def keys(self, kinds: Collection[str]) -> dict[str, tuple[str, int]]:
        """By the key of each fact, its kind and place: a fact that is said again, by whatever run, has the same key."""
        return {
            _key(kind, fact, self.run.run_id): (kind, place)
            for kind in KINDS
            if kind in kinds
            for place, fact in enumerate(self.of_kind(kind))
        }

    def beginnings(self, place: int) -> tuple[str, ...]:
        """Keys of the facts that told of an alert before it was resolved; ``place`` is that of the resolved one."""
        return tuple(_key(kind, self.resolved[place], self.run.run_id) for kind in (NEW, WORSE))

    def only(self, places: Collection[tuple[str, int]]) -> "Digest":
        """The same run with some of its facts, by kind and place."""
        kept: dict[str, Any] = {
            kind: tuple(fact for place, fact in enumerate(self.of_kind(kind)) if (kind, place) in places)
            for kind in KINDS
        }
        return dataclasses.replace(self, **kept)


def as_record(value: Any) -> Any:
    """A dataclass of this module as what ``json.loads`` gives; ``read_record`` makes the dataclass of it again."""
    return _json(dataclasses.asdict(value))


def _key(kind: str, fact: Fact, run_id: str) -> str:
    return hashlib.sha256(json.dumps([kind, *_identity(fact, run_id)]).encode()).hexdigest()


def _identity(fact: Fact, run_id: str) -> tuple[str, ...]:
    if isinstance(fact, Failure):
        return run_id, fact.stage, _NUMBER.sub("", fact.sentence)
    return (fact.drift_id,) if isinstance(fact, Drift) else (fact.question, fact.product_id, fact.episode_id)


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, float | np.number):
        number = float(value)
        return number if math.isfinite(number) else None
    return value.isoformat() if isinstance(value, dt.date) else value
