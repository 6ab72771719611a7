"""Which question has the plain name of a real registry, and what that means for decisions and the way back."""

import dataclasses
from pathlib import Path

import pytest
from mlflow import MlflowClient

from data.snapshots import MODEL_NAME
from tests.support.stores import ZERO_SALES, Store
from tests.support.training_fixtures import Trained
from training.evaluation.figures import read_evaluation
from training.registry.aliases import CHAMPION, at_alias
from training.registry.decisions import decide
from training.registry.judgement import Challenger
from training.registry.ledger import Entry, append
from training.registry.names import claim_model_name
from training.registry.question import Question
from training.registry.versions import register

OTHER = Question("inventory", 4)
OWN_NAME = f"{MODEL_NAME}_inventory-4-weeks"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def claim(store: Store, question: Question, *, is_default: bool = True) -> str:
    return claim_model_name(question, is_default=is_default, tracking_uri=store.uri)


def test_the_first_question_of_a_registry_has_the_plain_name_for_ever(store: Store) -> None:
    assert claim(store, ZERO_SALES) == MODEL_NAME
    assert claim(store, OTHER) == OWN_NAME
    assert claim(store, ZERO_SALES) == MODEL_NAME


def test_a_question_that_is_not_the_default_of_its_work_dir_leaves_the_plain_name_to_others(store: Store) -> None:
    assert claim(store, OTHER, is_default=False) == OWN_NAME
    assert claim(store, ZERO_SALES) == MODEL_NAME


def test_in_a_registry_of_before_the_question_of_the_champion_keeps_the_plain_name(
    store: Store, trained: Trained
) -> None:
    store.decide(trained)  # registers without asking for a name
    assert "question" not in MlflowClient(store.uri).get_registered_model(MODEL_NAME).tags
    assert claim(store, OTHER) == OWN_NAME
    assert claim(store, ZERO_SALES) == MODEL_NAME
    assert MlflowClient(store.uri).get_registered_model(MODEL_NAME).tags["question"] == "zero_sales"


def test_decisions_of_the_shared_model_of_before_are_no_decisions_on_a_questions_own(
    store: Store, trained: Trained
) -> None:
    """Version 1 of the one is not version 1 of the other."""
    shared = store.decide(trained)
    other = dataclasses.replace(shared, question=OTHER.name, label=OTHER.label, horizon_weeks=OTHER.horizon_weeks)
    append(other, store.ledger)
    outcome = decide_under(OWN_NAME, store, trained)
    assert "first model" in outcome.reasons[0]
    assert (outcome.model, outcome.version, outcome.champion_before) == (OWN_NAME, "1", "")
    assert at_alias(CHAMPION, store.uri, OWN_NAME) is not None
    assert store.version(CHAMPION) == "1"


def decide_under(name: str, store: Store, trained: Trained) -> Entry:
    files = trained.candidate, trained.evaluation, trained.predictions
    reference = register(*files, "inventory 2018-W34", store.uri, name)
    challenger = Challenger(reference, read_evaluation(trained.evaluation), trained.predictions, trained.table)
    return decide(challenger, OTHER, tracking_uri=store.uri, ledger=store.ledger, who="me").entry
