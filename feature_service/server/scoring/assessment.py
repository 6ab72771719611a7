"""What a snapshot's assessor answers of some products."""

from dataclasses import dataclass

from feature_service.kernel.arrays import BoolArray, RowNumbers
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.scorer import Scorer, Scores


@dataclass(frozen=True)
class Assessment:
    """The answers of some products in one week.

    Attributes:
        rows: The snapshot's rows, shape ``(rows,)`` like everything in it.
        column: The week.
        scores: State, probability and alert of each.
        figures: What follows for a planner.
        scorer: The model that they are of.
        recorded: Which rest on a recorded count.
        as_published: Which are as the snapshot was published: of its model, its newest week and its own stock.
        with_reasons: Whether the stored reasons belong to these answers.
    """

    rows: RowNumbers
    column: int
    scores: Scores
    figures: Figures
    scorer: Scorer
    recorded: BoolArray
    as_published: BoolArray
    with_reasons: bool = False
