"""Watch a panel, and a model over it: which inputs, features, scores and outcomes are not what they were."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.panel import Panel
from feature_service.kernel import feature_set
from feature_service.kernel.arrays import BoolArray, RowNumbers
from monitoring.drift.alarm.alarms import Alarms, alarms
from monitoring.drift.alarm.causes import causes
from monitoring.drift.columns.column import Column
from monitoring.drift.columns.features import feature_columns, features_of_sample, sources_of, spread_of_inputs
from monitoring.drift.columns.inputs import input_columns
from monitoring.drift.columns.outcomes import WatchedModel, outcome_columns, probabilities
from monitoring.drift.report.record import DRIFT_SCHEMA, DriftReport
from monitoring.drift.report.words import column_reports, findings
from monitoring.drift.statistics.clusters import (
    DEFAULT_SEED,
    clusters_of,
    draws_of,
    panel_of,
    resampling_weights,
    sample_of,
)
from training.labels import Label, eligible_rows

WATCHED_WEEKS = 60
"""Of which the newest are judged by those before; more would add next to nothing."""


@dataclass(frozen=True)
class Watched:
    """What is watched beside the inputs.

    Attributes:
        target: The label: where it applies, and how it turned out.
        feature_set: Name of the features.
        model: Whose scores are watched; None where there is none yet.
    """

    target: Label
    feature_set: str
    model: WatchedModel | None = None


@dataclass(frozen=True)
class Observed:
    """Every column, and what was found of it in every week.

    Attributes:
        columns: What is watched.
        groups: Every measure of every group that is watched.
        alarms: Of the columns.
        sampled: How many products stand for all.
    """

    columns: tuple[Column, ...]
    groups: tuple[Column, ...]
    alarms: Alarms
    sampled: int


def watch(panel: Panel, watched: Watched | None = None, *, seed: int = DEFAULT_SEED) -> DriftReport:
    """What drifted up to the panel's last week; the same panel, model and seed give the same report.

    Args:
        panel: Products x weeks; to look at an earlier week, one that ends there.
        watched: The features and the model; None: the inputs alone.
        seed: Of the sample of products and of their resampling.
    Raises:
        MissingFieldsError, LabelInputError: If the panel lacks what features or label are made of.
        InsufficientHistoryError: If it is shorter than the features look back.
        TrainingFileError: If the model's out-of-fold predictions cannot be read.
    """
    observed = observe(panel, watched, seed)
    week = min(WATCHED_WEEKS, len(panel.weeks)) - 1
    found = causes(observed.columns, observed.groups, observed.alarms, week)
    model = watched.model if watched else None
    newest = panel.weeks[-week - 1 :]
    return DriftReport(
        schema=DRIFT_SCHEMA,
        question=model.bundle.contract.label.question if model else "",
        model=model.name if model else "",
        feature_set=watched.feature_set if watched else "",
        learned_until=model.learned_until if model else None,
        as_of_week=panel.as_of_week,
        products=len(panel.product_ids),
        sampled=observed.sampled,
        seed=seed,
        findings=findings(found, observed.columns, observed.alarms, newest),
        columns=column_reports(observed.columns, observed.alarms, newest),
    )


def observe(panel: Panel, watched: Watched | None, seed: int) -> Observed:
    """Measure every column in every week that is watched, and judge each week by those before it."""
    draws = draws_of(panel.product_ids, seed)
    rows = sample_of(draws)
    weeks = min(WATCHED_WEEKS, len(panel.weeks))
    inputs = input_columns(panel, clusters_of(draws), weeks)
    columns = [*inputs.columns, *_of_sample(panel, rows, clusters_of(draws[rows]), watched, weeks)]
    return Observed(tuple(columns), inputs.groups, alarms(columns, resampling_weights(seed)), len(rows))


def _of_sample(
    panel: Panel, rows: RowNumbers, clusters: RowNumbers, watched: Watched | None, weeks: int
) -> Sequence[Column]:
    sample = panel_of(panel, rows)
    columns = list(spread_of_inputs(sample, clusters, weeks))
    if watched is None:
        return columns
    chosen = feature_set(watched.feature_set)
    eligible = _eligible(watched.target, panel, sample, rows)[:, -weeks:]
    values = features_of_sample(panel, rows, chosen, weeks)
    columns += feature_columns(values, eligible, clusters, chosen, sources_of(chosen, panel))
    probability = None
    if watched.model is not None:
        probability = probabilities(watched.model, values, eligible, sample.product_ids, panel.weeks[-weeks:])
    columns += outcome_columns(eligible, probability, watched.target, sample, clusters)
    return columns


def _eligible(target: Label, panel: Panel, sample: Panel, rows: RowNumbers) -> BoolArray:
    """Where the label applies to the sample, as it does among all products."""
    return eligible_rows(target, panel)[rows] if target.pools_products else target.eligible(sample)
