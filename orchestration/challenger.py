"""The challenger in the shadow: scored in the run that publishes the champion, and kept beside it in the snapshot.

The champion's answers do not depend on it. So whatever is wrong with it is a warning, and the champion is published
without it.
"""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np

from data.panel import Panel
from data.snapshots import Challenger, ChallengerScores, ModelReference, Snapshot
from feature_service.bundle import STOCK_AWARE, Bundle
from feature_service.kernel import feature_set
from feature_service.kernel.arrays import BoolArray
from feature_service.kernel.ordering import REVIEW_DAYS
from feature_service.kernel.run_out import risk_until_relief
from feature_service.server.scoring.assessor import BLOCK_ROWS
from feature_service.server.scoring.scorer import Inputs, Scorer, Scores
from feature_service.terminal import visible
from orchestration.console import log
from orchestration.stage import Stage
from training.alerts import alert_rule, read_alert_risks
from training.registry.aliases import CHALLENGER, at_alias
from training.registry.versions import contract_of, fetch


def challenger_beside(
    stage: Stage, champion: ModelReference, panel: Panel, eligible: BoolArray
) -> tuple[ChallengerScores | None, str]:
    """What the challenger of the champion's registered model gives the products that are published.

    Args:
        stage: What publishes.
        champion: The model that it publishes.
        panel: Products x weeks up to ``as_of``.
        eligible: Where the label applies, shape ``(products, weeks)``.
    Returns:
        The scores, None where there is no challenger or it cannot be used; and what is to be said of it, which is
        nothing where there is none.
    """
    try:
        reference = _newer_than(champion, stage)
        if reference is None:
            return None, ""
        scores = _scored(stage, reference, panel, eligible)
    except Exception as error:  # whatever it is, the champion is published
        said = visible(str(error) or type(error).__name__)
        log.warning("warning   no challenger is scored beside version %s: %s", champion.version, said)
        return None, f"; without the challenger: {said}"
    count = np.isfinite(scores.probabilities).sum()
    return scores, f"; beside it {count:,} products as version {reference.version}, the challenger, sees them"


def _newer_than(champion: ModelReference, stage: Stage) -> ModelReference | None:
    """The version with the alias, if it came after the champion and answers the same question."""
    reference = at_alias(CHALLENGER, stage.tracking_uri, champion.name)
    if reference is None or int(reference.version) <= int(champion.version):
        return None
    contract = contract_of(reference, stage.tracking_uri)
    return None if contract and not stage.question.is_answered_by(contract.label) else reference


def _scored(stage: Stage, reference: ModelReference, panel: Panel, eligible: BoolArray) -> ChallengerScores:
    with tempfile.TemporaryDirectory() as temporary:
        fetched = fetch(reference, stage.question, stage.tracking_uri, Path(temporary))
        risks = read_alert_risks(fetched.predictions, fetched.run_out, panel, stage.lead_time_days)
        alerts = alert_rule(risks, stage.policy)
        bundle = Bundle.load(fetched.bundle_dir)
        snapshot = Snapshot("", dt.datetime.now(dt.UTC), reference, panel, eligible, fetched.bundle_dir)
        scores = newest_scores(snapshot, bundle)
    challenger = Challenger(reference, bundle.contract.feature_set, alerts.threshold, alerts.until_relief)
    if not alerts.until_relief:
        return ChallengerScores(challenger, scores.probabilities)
    relief_in_days = np.array(panel.lead_time_days, dtype=np.float64) + REVIEW_DAYS
    return ChallengerScores(challenger, scores.probabilities, risk_until_relief(scores.run_out, relief_in_days))


def newest_scores(snapshot: Snapshot, bundle: Bundle) -> Scores:
    """What a server would answer for the newest week of a snapshot if a model were its own, some products at a time.

    Raises:
        StockoutError: If the model's features cannot be computed of the panel.
    """
    panel, contract = snapshot.panel, bundle.contract
    stock_aware = contract.label.evidence == STOCK_AWARE
    scorer = Scorer(Inputs(feature_set(contract.feature_set), snapshot, stock_aware=stock_aware), bundle)
    parts = []
    for first in range(0, max(1, len(panel.product_ids)), BLOCK_ROWS):
        parts.append(scorer.scores_of_block(slice(first, first + BLOCK_ROWS), len(panel.weeks) - 1)[0])
        panel.release()
    return Scores.joined(parts)
