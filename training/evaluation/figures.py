"""The figures of an evaluation, as they are kept in ``metrics.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.comparison import MODEL, Comparison
from training.metrics.bootstrap import Interval
from training.metrics.run_out import RunOutFigures
from training.metrics.yardstick import Yardstick
from training.record_file import read_record_file
from training.threshold import OperatingPoint

METRICS_FILE = "metrics.json"
ALL, LOCKED = "all origins", "locked origins"


@dataclass(frozen=True)
class EvaluationBlock:
    """Figures on some of the origins.

    Attributes:
        first_week: First ``as_of`` week, ISO date.
        last_week: Last ``as_of`` week.
        rows: Product-weeks.
        base_rate: Share of positive outcomes.
        figures: By scorer, the model first, then by name: see ``training.metrics``.
    """

    first_week: str
    last_week: str
    rows: int
    base_rate: float
    figures: Mapping[str, Mapping[str, Interval]]


@dataclass(frozen=True)
class Evaluation:
    """The figures of a model.

    Attributes:
        blocks: ``all origins`` and ``locked origins``.
        over_rules: The model less each rule over all origins.
        at_threshold: Recall and precision of the contract's threshold on the locked origins.
        yardstick: Budget, costs and draws.
        run_out: Of the run-out curves; None where there are none.
    """

    blocks: Mapping[str, EvaluationBlock]
    over_rules: Mapping[str, Comparison]
    at_threshold: OperatingPoint
    yardstick: Yardstick
    run_out: RunOutFigures | None = None

    def best_rule(self, metric: str = "average_precision") -> str:
        """The rule with the highest figure over all origins."""
        rules = {name: figures for name, figures in self.blocks[ALL].figures.items() if name != MODEL}
        return max(rules, key=lambda name: rules[name][metric].value)

    def in_words(self) -> str:
        """The main figures in a sentence, beside the best rule's."""
        block = self.blocks[ALL]
        model, best = block.figures[MODEL], self.best_rule()
        return (
            f"{block.rows:,} rows, base rate {block.base_rate:.3f}: average precision "
            f"{model['average_precision'].value:.3f} ({best}: {block.figures[best]['average_precision'].value:.3f}), "
            f"AUC {model['auc'].value:.3f}, Brier {model['brier'].value:.4f}"
        )


def read_evaluation(folder: Path) -> Evaluation:
    """Read the figures that ``training.evaluation.evaluate.evaluate`` wrote.

    Raises:
        TrainingFileError: If they are missing or broken.
    """
    return read_record_file(Evaluation, folder / METRICS_FILE, "evaluate the model again")
