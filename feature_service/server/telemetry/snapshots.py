"""What Prometheus reads of the snapshots that are answered from."""

from __future__ import annotations  # NumPy's types

from collections import Counter as CountOf
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from feature_service.kernel import FloatArray
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.snapshot import ServingSnapshot

QUESTION = "question"
PROBABILITIES = tuple(tenth / 10 for tenth in range(1, 11))

_Histogram: TypeAlias = tuple[list[tuple[str, float]], float]
"""How many values lie up to each bound, and the sum of all."""


class SnapshotCollector(Collector):
    """What is answered from: asked anew whenever the page is read, since one snapshot follows another."""

    def __init__(self, questions: ServedQuestions) -> None:
        self._questions = questions
        self._probabilities: dict[str, tuple[str, _Histogram]] = {}
        self._failures: CountOf[str] = CountOf()

    def count_reload_failure(self, question: str) -> None:
        """Count a newer snapshot that could not be served."""
        self._failures[question] += 1

    def collect(self) -> Iterator[Metric]:
        """Of every question; nothing before a snapshot is loaded."""
        info = InfoMetricFamily("stockout_snapshot", "What is answered from.", labels=[QUESTION])
        age = GaugeMetricFamily("stockout_snapshot_age_seconds", "Since it was published.", labels=[QUESTION])
        data_age = GaugeMetricFamily(
            "stockout_data_age_seconds", "Since the end of the last day that the data tells of.", labels=[QUESTION]
        )
        horizon = GaugeMetricFamily("stockout_horizon_weeks", "Weeks ahead that are asked about.", labels=[QUESTION])
        scores = HistogramMetricFamily(
            "stockout_scores", "Probabilities of all products in the newest week.", labels=[QUESTION]
        )
        loaded = [place.get() for place in self._questions.loaded()]
        for each in loaded:
            model = {"model_name": each.model.name, "model_version": each.model.version}
            shard = {"shard": str(each.shard.shard)} if each.shard else {}
            info.add_metric([each.question], {"snapshot_id": each.id, **model, **shard})
            age.add_metric([each.question], each.ages.snapshot_s)
            data_age.add_metric([each.question], each.ages.data_s)
            horizon.add_metric([each.question], each.label.horizon_weeks)
            scores.add_metric([each.question], *self._histogram(each))
        yield from (info, age, data_age, horizon, scores, self._failures_of(loaded)) if loaded else ()

    def _failures_of(self, loaded: Sequence[ServingSnapshot]) -> CounterMetricFamily:
        """From 0 on, so that the first failure is an increase; also of questions that were never loaded."""
        family = CounterMetricFamily(
            "stockout_snapshot_reload_failures", "Newer snapshots that could not be served.", labels=[QUESTION]
        )
        failures = dict(self._failures)
        for question in sorted({each.question for each in loaded} | failures.keys()):
            family.add_metric([question], failures.get(question, 0))
        return family

    def _histogram(self, serving: ServingSnapshot) -> _Histogram:
        """Counted once for each snapshot, and again when counts changed it."""
        kept = self._probabilities.get(serving.question)
        state = f"{serving.id} {serving.counts_version}"
        if kept is None or kept[0] != state:
            kept = self._probabilities[serving.question] = state, _histogram_of(serving.assessor.probabilities)
        return kept[1]


def _histogram_of(probabilities: FloatArray) -> _Histogram:
    """How the newest week's probabilities lie, and their sum; products without one are left out."""
    known = probabilities[np.isfinite(probabilities)].astype(np.float64)
    counts = np.bincount(np.searchsorted(PROBABILITIES, known), minlength=len(PROBABILITIES) + 1)
    bounds = [*map(str, PROBABILITIES), "+Inf"]
    return list(zip(bounds, map(float, accumulate(counts.tolist())), strict=True)), float(known.sum())
