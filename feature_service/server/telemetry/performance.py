"""What Prometheus reads of how past answers turned out."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from data.snapshots.track_record import TrackRecord
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.telemetry.snapshots import QUESTION

_OF_LAST_WEEK = "of the last week whose outcome is known"
_OF_LAST_ALERTS = "of the last week of which an alert is over"
_FIGURES = {
    "precision": f"Share of the alerts that came true, {_OF_LAST_ALERTS}.",
    "recall": f"Share of what happened that had an alert, {_OF_LAST_ALERTS}.",
    "average_precision": f"Area under the precision-recall curve, {_OF_LAST_WEEK}.",
    "calibration_error": f"Mean distance of predicted and observed share, {_OF_LAST_WEEK}.",
}
_OF_ALERTS = ("precision", "recall")


class PerformanceCollector(Collector):
    """Asked anew whenever the page is read; a figure for which there is not enough has no sample."""

    def __init__(self, questions: ServedQuestions) -> None:
        self._questions = questions

    def collect(self) -> Iterator[Metric]:
        """Of every question with a track record; of the others only how often one could not be read."""
        figures = {
            name: GaugeMetricFamily(f"stockout_live_{name}", text, labels=[QUESTION]) for name, text in _FIGURES.items()
        }
        alerts = GaugeMetricFamily(
            "stockout_live_alerts", f"What became of the alerts {_OF_LAST_ALERTS}.", labels=[QUESTION, "fate"]
        )
        age = GaugeMetricFamily("stockout_live_week_age_seconds", f"Since the end {_OF_LAST_WEEK}.", labels=[QUESTION])
        skill = GaugeMetricFamily(
            "stockout_recent_average_precision",
            "Over the last 13 weeks, with its 95 % interval: of the model, and of the simple rule that did best.",
            labels=[QUESTION, "scorer", "bound"],
        )
        open_alerts = GaugeMetricFamily(
            "stockout_open_alerts", "Alert episodes whose outcome is not known yet.", labels=[QUESTION]
        )
        failures = CounterMetricFamily(
            "stockout_track_record_failures", "Track records that could not be read.", labels=[QUESTION]
        )
        for place in self._questions.loaded():
            question, known = place.get().question, place.track_record
            failures.add_metric([question], known.failures)
            if known.record is None or known.ages is None:
                continue
            age.add_metric([question], known.ages.data_s)
            open_alerts.add_metric([question], known.record.open_alerts)
            _add_last_week(known.record, question, figures, alerts)
            _add_skill(known.record, question, skill)
        yield from (*figures.values(), alerts, age, skill, open_alerts, failures)


def _add_last_week(
    record: TrackRecord, question: str, figures: dict[str, GaugeMetricFamily], alerts: GaugeMetricFamily
) -> None:
    if not record.weeks:
        return
    newest = record.weeks[-1].figures
    # alerts of the newest weeks may be about a time that is not over
    of_alerts = next((each.figures for each in reversed(record.weeks) if each.figures.fates.alerts), newest)
    for name, family in figures.items():
        figure = getattr((of_alerts if name in _OF_ALERTS else newest).model, name)
        if figure is not None:
            family.add_metric([question], figure.value)
    for fate in ("came_true", "did_not", "received", "unknown", "acknowledged"):
        alerts.add_metric([question, fate], getattr(of_alerts.fates, fate))


def _add_skill(record: TrackRecord, question: str, family: GaugeMetricFamily) -> None:
    if record.recent is None:
        return
    rules = [rule.average_precision for rule in record.recent.rules.values()]
    best = max((each for each in rules if each is not None), key=lambda each: each.value, default=None)
    for scorer, figure in (("model", record.recent.model.average_precision), ("best_rule", best)):
        if figure is not None:
            for bound in ("value", "low", "high"):
                family.add_metric([question, scorer, bound], getattr(figure, bound))
