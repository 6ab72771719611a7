"""A message in words: what its templates are given."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from feature_service.terminal import visible
from monitoring.notifications.digest import Alert, Run
from monitoring.notifications.message import Message

MOST_LINES = 20
"""The most lines of each list; the message says how many more there are."""

_UNKNOWN = "unknown"
_MOST_ID, _MOST_SENTENCE = 80, 400


@dataclass(frozen=True)
class AlertLine:
    """An alert in words."""

    product_id: str
    question: str
    probability: str
    units_on_hand: str
    reorder_by: str
    revenue_at_risk: str


@dataclass(frozen=True)
class Section:
    """A list of alerts or of sentences, cut at :data:`MOST_LINES`; ``more`` are left out."""

    title: str
    alerts: tuple[AlertLine, ...] = ()
    sentences: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class View:
    """What a template is given; none of its texts steers a terminal or breaks a line."""

    headline: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    has_questions: bool


def view_of(message: Message) -> View:
    """The message in words, with what is most urgent at the head of each list."""
    questions = {question for run in message.runs for question in run.questions}
    name = len(questions) > 1
    resolved = [
        f"{_id(each.product_id)}{f' ({_id(each.question)})' if name else ''}: {each.outcome}"
        for each in message.resolved
    ]
    sections = (
        _sentences("Wrong", [f"{each.stage}: {each.sentence}" for each in message.failures]),
        _alerts("New alerts", message.new),
        _alerts("Worse", message.worse),
        _sentences("Drift", [each.sentence for each in message.drift]),
        _sentences("Resolved", resolved),
        _sentences("Warnings", message.warnings),
        _sentences("Runs", [_run(run) for run in message.runs]),
    )
    filled = tuple(section for section in sections if section.alerts or section.sentences)
    return View(headline_of(message), tuple(map(_sentence, message.notes)), filled, name)


def headline_of(message: Message) -> str:
    """What to do, in one line."""
    if message.is_test:
        return "This is a test: nothing to do."
    parts: list[str] = []
    if message.failures:
        stages = ", ".join(dict.fromkeys(_id(each.stage) for each in message.failures[:3]))
        parts.append(f"Put right what is wrong with {stages}.")
    if message.new or message.worse:
        parts.append(_at_risk([*message.new, *message.worse], len(message.new), len(message.worse)))
    if message.drift:
        parts.append(f"Look at the data and the model: {_count(len(message.drift), 'sign')} of drift.")
    if message.resolved:
        resolved = f"{_count(len(message.resolved), 'alert')} resolved."
        parts.append(resolved if parts else f"Nothing to do: {resolved}")
    return " ".join(parts)


def _at_risk(alerts: Sequence[Alert], new: int, worse: int) -> str:
    products = len({alert.product_id for alert in alerts})
    days = [alert.reorder_by for alert in alerts if alert.reorder_by is not None]
    first = "" if not days else f", reorder by {min(days)}" if products == 1 else f", reorder the first by {min(days)}"
    counts = ", ".join([_count(new, "new alert")] * bool(new) + [f"{worse:,} worse"] * bool(worse))
    return f"Check {_count(products, 'product')} at risk{first}: {counts}."


def _alerts(title: str, alerts: Sequence[Alert]) -> Section:
    def urgency(alert: Alert) -> tuple[dt.date, float, float]:
        return alert.reorder_by or dt.date.max, -(alert.revenue_at_risk or 0), -alert.probability

    lines = tuple(map(_alert, sorted(alerts, key=urgency)[:MOST_LINES]))
    return Section(f"{title} ({len(alerts):,})", alerts=lines, more=len(alerts) - len(lines))


def _alert(alert: Alert) -> AlertLine:
    before = alert.probability_before
    return AlertLine(
        product_id=_id(alert.product_id),
        question=_id(alert.question),
        probability=f"{alert.probability:.3f}" + (f" (was {before:.3f})" if before is not None else ""),
        units_on_hand=_figure(alert.units_on_hand, "g"),
        reorder_by=str(alert.reorder_by or _UNKNOWN),
        revenue_at_risk=_figure(alert.revenue_at_risk, ",.0f"),
    )


def _sentences(title: str, sentences: Sequence[str]) -> Section:
    lines = tuple(map(_sentence, sentences[:MOST_LINES]))
    return Section(f"{title} ({len(sentences):,})", sentences=lines, more=len(sentences) - len(lines))


def _run(run: Run) -> str:
    snapshots = [f"{snapshot} ({question})" for question, snapshot in sorted(run.snapshots.items())]
    said = [
        f"run {run.run_id} of {run.at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
        f"as of {run.as_of or _UNKNOWN}",
        f"snapshot {', '.join(snapshots)}"
        if snapshots
        else f"no snapshot of {', '.join(run.questions) or 'any question'}",
    ]
    return ", ".join(said)


def _figure(value: float | None, style: str) -> str:
    return _UNKNOWN if value is None else format(value, style)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _id(text: str) -> str:
    return _cut(text, _MOST_ID)


def _sentence(text: str) -> str:
    return _cut(text, _MOST_SENTENCE)


def _cut(text: str, most: int) -> str:
    """On one line, without anything that steers a terminal, and not longer than ``most``."""
    plain = visible(text[: most + 1])
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
