"""A work dir with its registry and its ledger."""

import json
from collections.abc import Sequence
from pathlib import Path

from data.snapshots import MODEL_NAME
from data.snapshots.track_record import ChallengerRecord
from orchestration.registry_places import ledger_in, tracking_uri_of
from tests.support.training_fixtures import Trained
from training.evaluation.figures import read_evaluation
from training.registry.aliases import at_alias
from training.registry.decisions import decide
from training.registry.judgement import Challenger
from training.registry.ledger import Entry
from training.registry.pins import pin_of
from training.registry.question import Question
from training.registry.rollback import lift_pin, rollback
from training.registry.versions import register

ZERO_SALES = Question("zero_sales")


class Store:
    """A work dir with its registry and ledger."""

    def __init__(self, folder: Path, uri: str | None = None) -> None:
        self.folder = folder
        self.uri = tracking_uri_of(folder, uri)
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
