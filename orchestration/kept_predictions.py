"""What every published snapshot says of its newest week, kept for ever: the server's own numbers, and the rules'."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from data.snapshots import Snapshot, is_id, load, shards_of
from data.snapshots.snapshot import MANIFEST, Manifest
from feature_service.bundle import Bundle
from feature_service.kernel import StockoutError
from feature_service.kernel.arrays import DoubleArray, RowNumbers
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.planner import last_price
from feature_service.server.scoring.scorer import State
from feature_service.terminal import visible
from monitoring.outcomes.predictions import (
    CHALLENGER_COLUMNS,
    PREDICTION_COLUMNS,
    RULE,
    PredictionsNote,
    is_kept,
    keep_predictions,
)
from orchestration.console import log
from training.baselines.past_rows import PanelRows
from training.baselines.rules import rules_for


def keep_published(snapshots: Path, folder: Path) -> list[str]:
    """Keep what each snapshot says that is not kept yet, and still there; what was kept stays as it is.

    A snapshot that cannot be read is left out with a warning: the server does not serve it either.

    Args:
        snapshots: What is served of a question.
        folder: Of the question's outcomes.
    Returns:
        The ids of those that are kept now.
    """
    ids = sorted(path.parent.name for path in snapshots.glob(f"[!.]*/{MANIFEST}") if is_id(path.parent.name))
    kept = []
    for snapshot_id in ids:
        try:
            if not is_kept(folder, snapshot_id) and keep_snapshot(snapshots, snapshot_id, folder):
                kept.append(snapshot_id)
        except StockoutError as error:
            log.warning("warning   what %s said is not kept: %s", snapshot_id, visible(str(error)))
    return kept


def keep_snapshot(snapshots: Path, snapshot_id: str, folder: Path) -> bool:
    """Keep what one snapshot says.

    Returns:
        Whether it was not kept before.
    Raises:
        StockoutError: If the snapshot cannot be served.
    """
    published_at = Manifest.of(snapshots / snapshot_id).published_at
    said = [_said(load(snapshots, snapshot_id, shard), published_at) for shard in shards_of(snapshots, snapshot_id)]
    return keep_predictions(pl.concat([rows for rows, _ in said]).sort("product_id"), said[0][1], folder)


def _said(snapshot: Snapshot, published_at: dt.datetime) -> tuple[pl.DataFrame, PredictionsNote]:
    """What a snapshot, or a shard of it, says of its products, and whose words these are."""
    bundle = Bundle.load(snapshot.bundle_dir)
    assessor = Assessor(snapshot, bundle)
    scored = np.flatnonzero(assessor.newest_answers(np.arange(len(assessor))).scores.states == State.SCORED)
    rules, probabilities = _rules(snapshot, scored)
    note = PredictionsNote(
        question=bundle.contract.label.question,
        as_of_week=snapshot.panel.as_of_week,
        snapshot_id=snapshot.id,
        published_at=published_at,
        horizon_weeks=bundle.contract.label.horizon_weeks,
        model=snapshot.model,
        threshold=assessor.scorer.alert_line.threshold,
        policy=snapshot.alerts.policy if snapshot.alerts else "",
        probabilities=probabilities,
        challenger=snapshot.challenger.challenger if snapshot.challenger else None,
    )
    return _rows(assessor, scored).hstack(rules).hstack(_challenger(snapshot, scored)), note


def _rows(assessor: Assessor, scored: RowNumbers) -> pl.DataFrame:
    answers = assessor.newest_answers(scored)
    panel, scores, figures = assessor.panel, answers.scores, answers.figures
    price = last_price(panel.fields, len(panel.product_ids))[scored]
    units_at_risk, revenue_at_risk = answers.at_risk
    columns = {
        "product_id": [panel.product_ids[row] for row in scored.tolist()],
        "probability": scores.probabilities,
        "alert": answers.alerts,
        "alert_probability": answers.alert_risks.astype(np.float32),
        "alert_until": _days_later(assessor, answers.alert_days),
        "units_on_hand": figures.units_on_hand,
        "demand_per_week": figures.expected_demand_units / assessor.label.horizon_weeks,
        "units_at_risk": units_at_risk,
        "revenue_at_risk": revenue_at_risk,
        "price": price,
        "lead_time_days": np.array(panel.lead_time_days, dtype=np.float64)[scored],
        "reorder_by": _days_later(assessor, figures.reorder_in_days),
    }
    rows = pl.DataFrame(columns, schema=PREDICTION_COLUMNS)
    panel.release()
    return rows.with_columns(pl.col(pl.Float64).fill_nan(None))


def _days_later(assessor: Assessor, days: DoubleArray) -> list[dt.date | None]:
    """So many days after the newest week's last day; None where that is not known."""
    return [None if np.isnan(each) else assessor.last_day + dt.timedelta(days=int(each)) for each in days.tolist()]


def _challenger(snapshot: Snapshot, scored: RowNumbers) -> pl.DataFrame:
    """What the challenger gives these rows, null where it gives nothing; no columns where there is none."""
    if snapshot.challenger is None:
        return pl.DataFrame()
    gave = snapshot.challenger
    columns = zip(CHALLENGER_COLUMNS, (gave.probabilities[scored], gave.alerts[scored]), strict=True)
    rows = pl.DataFrame(dict(columns), schema=CHALLENGER_COLUMNS)
    given = pl.col("challenger_probability").is_not_nan()
    return rows.select(pl.when(given).then(pl.col(name)) for name in CHALLENGER_COLUMNS)


def _rules(snapshot: Snapshot, scored: RowNumbers) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """What each rule gives these rows, null where it knows nothing; and which rules give probabilities."""
    newest = np.full(len(scored), len(snapshot.panel.weeks) - 1)
    rows, rules = PanelRows(snapshot.panel, scored, newest), rules_for(snapshot.panel)
    columns = [
        pl.Series(f"{RULE}{rule.name}", rows.take(rule.score).astype(np.float32)).fill_nan(None) for rule in rules
    ]
    return pl.DataFrame(columns), tuple(rule.name for rule in rules if rule.is_probability)
