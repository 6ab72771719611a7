"""Readers of what the stages of training write, for :mod:`tests.support.damaged_files`."""

from collections.abc import Callable
from pathlib import Path

from tests.support.damaged_served_files import Reader
from tests.support.training_fixtures import run_training_stages, training_panel
from training.backtest.predictions import read_predictions
from training.backtest.record import read_backtest
from training.candidate import read_training_record
from training.dataset import read_training_table
from training.evaluation.figures import read_evaluation
from training.registry import ledger

REGISTRY = "sqlite:///registry.db"


def _training(folder: Path) -> Reader:
    """Every file is damaged, and all that read one of them try."""
    trained = run_training_stages(training_panel(products=40), folder)
    reads: dict[Path, Callable[[], object]] = {
        trained.table: lambda: read_training_table(trained.table).features(),
        trained.predictions: lambda: read_predictions(trained.predictions),
        **{path: lambda: read_backtest(trained.backtest) for path in trained.backtest.glob("*.json")},
        **{path: lambda: read_training_record(trained.candidate) for path in trained.candidate.glob("*.json")},
        **{path: lambda: read_evaluation(trained.evaluation) for path in trained.evaluation.glob("*.json")},
    }

    def read() -> object:
        return [each() for each in reads.values()]

    return list(reads), read


def _ledger(folder: Path) -> Reader:
    folder.mkdir()
    file = folder / "ledger.json"
    entry = ledger.Entry(
        ledger.now(),
        "me",
        ledger.PROMOTED,
        REGISTRY,
        "inventory",
        "inventory",
        1,
        "1",
        "",
        "1",
        ("first",),
        {"AP": "0.2"},
    )
    ledger.append(entry, file)
    return [file], lambda: ledger.read_all(file, REGISTRY)


TRAINED: dict[str, Callable[[Path], Reader]] = {"training": _training, "ledger": _ledger}
