"""A work dir with its registry and its ledger."""

import functools
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from data.snapshots import MODEL_NAME
from data.snapshots.track_record import ChallengerRecord
from orchestration.registry_places import ledger_in, tracking_uri_of
from tests.support.training_fixtures import Trained
from training.evaluation.figures import read_evaluation
from training.registry.aliases import at_alias
from training.registry.database import database_of, open_registry
from training.registry.decisions import decide
from training.registry.judgement import Challenger
from training.registry.ledger import Entry
from training.registry.pins import pin_of
from training.registry.question import Question
from training.registry.rollback import lift_pin, rollback
from training.registry.versions import register

ZERO_SALES = Question("zero_sales")


@functools.cache
def _first_registry() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory()
    open_registry(tracking_uri_of(Path(folder.name), None))
    return folder


def copy_first_registry(uri: str) -> None:
    """The SQLite file that a first run makes, which takes MLflow a second: a copy of one that was made so."""
    database, first = database_of(uri), database_of(tracking_uri_of(Path(_first_registry().name), None))
    assert database is not None
    assert first is not None
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(first, database)
    with closing(sqlite3.connect(database)) as copied, copied:
        location = (database.resolve().parent / "artifacts").as_uri()
        copied.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", (location, MODEL_NAME))


class Store:
    """A work dir with its registry and ledger."""

    def __init__(self, folder: Path, uri: str | None = None) -> None:
        self.folder = folder
        self.uri = tracking_uri_of(folder, uri)
        if uri is None:
            copy_first_registry(self.uri)
        self.ledger = ledger_in(folder)
        self.champion = ""

    def decide(self, trained: Trained, question: Question = ZERO_SALES, live: Sequence[ChallengerRecord] = ()) -> Entry:
        reference = register(
            trained.candidate, trained.evaluation, trained.predictions, "zero_sales 2018-W34", self.uri
        )
        challenger = Challenger(reference, read_evaluation(trained.evaluation), trained.predictions, trained.table)
        outcome = decide(challenger, question, tracking_uri=self.uri, ledger=self.ledger, who="me", live=live)
        self.champion = outcome.champion.version
        return outcome.entry

    def rollback(self, question: Question | None = None) -> Entry:
        return rollback(question, tracking_uri=self.uri, ledger=self.ledger, who="me")

    def lift_pin(self, question: Question | None = None) -> Entry:
        return lift_pin(question, tracking_uri=self.uri, ledger=self.ledger, who="me")

    @property
    def pinned(self) -> bool:
        return pin_of(ZERO_SALES.name, MODEL_NAME, self.uri) is not None

    def version(self, alias: str) -> str | None:
        reference = at_alias(alias, self.uri)
        return None if reference is None else reference.version

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
