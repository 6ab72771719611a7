"""A work dir with its registry and its ledger."""

import json
from pathlib import Path

from orchestration.registry_places import ledger_in, tracking_uri_of
from tests.support.training_fixtures import Trained
from training.evaluation.figures import read_evaluation
from training.registry.aliases import at_alias
from training.registry.decisions import decide
from training.registry.ledger import Entry
from training.registry.question import Question
from training.registry.rollback import rollback
from training.registry.versions import register

ZERO_SALES = Question("zero_sales")


class Store:
    """A work dir with its registry and ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = tracking_uri_of(folder, None)
        self.ledger = ledger_in(folder)
        self.champion = ""

    def decide(self, trained: Trained, question: Question = ZERO_SALES) -> Entry:
        reference = register(
            trained.candidate, trained.evaluation, trained.predictions, "zero_sales 2018-W34", self.uri
        )
        figures = read_evaluation(trained.evaluation)
        outcome = decide(
            reference, question, figures, trained.predictions, tracking_uri=self.uri, ledger=self.ledger, who="me"
        )
        self.champion = outcome.champion.version
        return outcome.entry

    def rollback(self, question: Question | None = None) -> Entry:
        return rollback(question, tracking_uri=self.uri, ledger=self.ledger, who="me")

    def version(self, alias: str) -> str | None:
        reference = at_alias(alias, self.uri)
        return None if reference is None else reference.version

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
