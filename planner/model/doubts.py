"""What speaks against believing the list, read off what the service says of itself."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from feature_service.client import Performance, PerformanceAnswer, ScorerPerformance, ServiceInfo

OLD_DAYS = 14
"""Two weekly runs after the data's last day, newer data should be there."""
FEW_POSITIVES = 30
"""Of fewer that happened, shares move by tens of percent with a handful of products."""
FAR_OFF = 0.1
"""Mean distance of what is said and what happens from which probabilities mislead."""


@dataclass(frozen=True)
class Doubt:
    """A reason for care.

    Attributes:
        kind: For the template, which has the words.
        is_grave: Whether the list should not be followed until somebody has looked into it.
        name: What it is about, such as a rule.
        figures: Numbers of the sentence.
    """

    kind: str
    is_grave: bool = False
    name: str = ""
    figures: tuple[float, ...] = ()


def doubts(
    info: ServiceInfo, answer: PerformanceAnswer | None, today: dt.date, *, is_replay: bool, has_money: bool
) -> list[Doubt]:
    """The grave ones first.

    Args:
        info: What is served.
        answer: How past answers turned out; None where nobody knows.
        today: By the calendar of the data.
        is_replay: Whether that calendar is not today's.
        has_money: Whether any product's money at risk is known.
    """
    found = [
        *_of_data(info, today, is_replay=is_replay, has_money=has_money),
        *_of_record(answer.recent if answer else None, answer.all if answer else None),
    ]
    return sorted(found, key=lambda each: not each.is_grave)


def _of_data(info: ServiceInfo, today: dt.date, *, is_replay: bool, has_money: bool) -> Iterator[Doubt]:
    provenance = info.provenance
    until = provenance.data_until or provenance.as_of_week + dt.timedelta(days=6)
    days_old = (today - until).days
    if is_replay:
        yield Doubt("replay")
    elif provenance.stale or days_old > OLD_DAYS:
        yield Doubt("old data", is_grave=True, figures=(days_old,))
    if provenance.evidence != "STOCK_AWARE":
        yield Doubt("no stock", is_grave=True)
    if not has_money:
        yield Doubt("no money")
    if info.data_warnings:
        yield Doubt("data warnings", figures=(len(info.data_warnings),))
    if info.recorded_counts and not info.recorded_counts.connected:
        yield Doubt("counts cut off")


def _of_record(recent: Performance | None, all_weeks: Performance | None) -> Iterator[Doubt]:
    if recent is None:
        yield Doubt("no record")
        return
    if recent.positives < FEW_POSITIVES:
        yield Doubt("few outcomes", figures=(recent.positives,))
    if recent.product_weeks_unknown > recent.product_weeks:
        yield Doubt("mostly unknown", figures=(recent.product_weeks_unknown, recent.product_weeks))
    best = best_rule(recent)
    if best is not None and _ranking(best) > _ranking(recent.model):
        yield Doubt("rule better", is_grave=True, name=best.name, figures=(_ranking(best), _ranking(recent.model)))
    error = recent.model.calibration_error
    if error is not None and error.value > FAR_OFF:
        yield Doubt("far off", is_grave=True, figures=(error.value,))
    now, before = recent.model.precision, all_weeks.model.precision if all_weeks else None
    if now is not None and before is not None and now.high < before.low:
        yield Doubt("worse lately", figures=(now.value, before.value))


def best_rule(period: Performance) -> ScorerPerformance | None:
    """The simple rule that ranked best; None where no ranking is known."""
    ranked = [each for each in period.rules if each.average_precision is not None]
    return max(ranked, key=_ranking, default=None) if period.model.average_precision else None


def _ranking(scorer: ScorerPerformance) -> float:
    return scorer.average_precision.value if scorer.average_precision else 0.0
