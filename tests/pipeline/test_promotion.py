"""Decisions on real registered versions: the aliases, the ledger, and the way back."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from data.panel import Panel
from tests.support.processes import run
from tests.support.training_fixtures import Trained, run_training_stages, training_panel
from training.errors import RegistryError
from training.evaluation.figures import read_evaluation
from training.recipes import Recipe
from training.registry.aliases import CHALLENGER, CHAMPION, at_alias
from training.registry.client import MODEL_NAME
from training.registry.decisions import decide, rollback
from training.registry.ledger import KEPT, PROMOTED, ROLLED_BACK, Entry
from training.registry.versions import fetch_champion, register


def two_on_two_off() -> Panel:
    """Products that sell for two weeks and rest for two: the last two weeks tell the next, and no simple rule does."""
    panel = training_panel()
    random = np.random.default_rng(5)
    shape = panel.fields["units_sold"].shape
    on = (np.arange(shape[1]) + random.integers(0, 4, (shape[0], 1))) % 4 < 2
    units = np.where(on ^ (random.random(shape) < 0.1), 1, 0).astype(np.float32)
    return dataclasses.replace(panel, fields={"units_sold": units, "price_mean": units * 5})


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that has hardly learned anything."""
    recipe = Recipe("lightgbm", {"num_iterations": 1, "num_leaves": 2, "feature_fraction": 0.06})
    return run_training_stages(two_on_two_off(), tmp_path_factory.mktemp("poor"), recipe=recipe)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that beats every rule."""
    return run_training_stages(two_on_two_off(), tmp_path_factory.mktemp("good"))


class Store:
    """A work dir with its registry and ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}"
        self.ledger = folder / "promotion" / "ledger.jsonl"

    def decide(self, trained: Trained, question: str = "zero_sales") -> Entry:
        reference = register(trained.candidate, trained.evaluation, trained.predictions, self.uri)
        figures = read_evaluation(trained.evaluation)
        return decide(
            reference, question, figures, trained.predictions, tracking_uri=self.uri, ledger=self.ledger, who="me"
        )

    def rollback(self) -> Entry:
        return rollback(None, tracking_uri=self.uri, ledger=self.ledger, who="me")

    def version(self, alias: str) -> str | None:
        reference = at_alias(alias, self.uri)
        return None if reference is None else reference.version

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_better_model_takes_over(store: Store, poor: Trained, good: Trained, tmp_path: Path) -> None:
    first, second = store.decide(poor), store.decide(good)
    assert "first model" in first.reasons[0]
    assert second.action == PROMOTED, second.reasons
    assert "above the champion's by more than the noise" in second.reasons[0]
    assert fetch_champion(store.uri, tmp_path).reference.version == "2"


def test_a_poorer_model_stays_challenger_and_the_champion_is_still_what_is_fetched(
    store: Store, poor: Trained, good: Trained, tmp_path: Path
) -> None:
    store.decide(good)
    second = store.decide(poor)
    assert second.action == KEPT
    assert (store.version(CHAMPION), store.version(CHALLENGER)) == ("1", "2")
    assert fetch_champion(store.uri, tmp_path).reference.version == "1"


def test_every_decision_is_one_line_that_says_who_when_what_and_why(store: Store, poor: Trained) -> None:
    entry = store.decide(poor)
    (line,) = store.lines()
    assert (line["who"], line["version"], line["champion_after"], line["label"]) == ("me", "1", "1", "zero_sales")
    assert str(line["at"]).endswith("+00:00")
    figures = line["figures"]
    assert isinstance(figures, dict)
    assert "all origins: average_precision" in figures
    client = MlflowClient(store.uri)
    version = client.get_model_version(MODEL_NAME, "1")
    assert version.tags["promotion"] == PROMOTED
    assert version.tags["promotion_reasons"] == "; ".join(entry.reasons)
    assert [file.path for file in client.list_artifacts(str(version.run_id), "promotion")] == [
        "promotion/decision.json"
    ]


def test_a_version_is_decided_on_once(store: Store, poor: Trained) -> None:
    assert store.decide(poor) == store.decide(poor)
    assert len(store.lines()) == 1


def test_a_run_that_was_killed_before_the_aliases_moved_is_put_right_by_the_next(store: Store, poor: Trained) -> None:
    store.decide(poor)
    MlflowClient(store.uri).delete_registered_model_alias(MODEL_NAME, CHAMPION)
    store.decide(poor)
    assert store.version(CHAMPION) == "1"


def test_each_question_has_a_champion_of_its_own_and_the_last_one_asked_is_published(
    store: Store, poor: Trained, trained: Trained
) -> None:
    store.decide(poor, "zero_sales")
    assert store.decide(trained, "zero_sales-2-weeks").action == PROMOTED
    assert store.version("champion-zero_sales") == "1"
    assert store.version("champion-zero_sales-2-weeks") == "2"
    assert store.version(CHAMPION) == "2"


def test_rollback_goes_back_to_the_champion_before_and_no_further(store: Store, poor: Trained, good: Trained) -> None:
    store.decide(poor)
    store.decide(good)
    entry = store.rollback()
    assert (entry.action, entry.champion_before, entry.champion_after) == (ROLLED_BACK, "2", "1")
    assert store.version(CHAMPION) == store.version("champion-zero_sales") == "1"
    assert [line["action"] for line in store.lines()] == [PROMOTED, PROMOTED, ROLLED_BACK]
    with pytest.raises(RegistryError, match="no earlier champion"):
        store.rollback()


def test_a_version_that_was_rolled_back_does_not_come_back_by_running_again(
    store: Store, poor: Trained, good: Trained
) -> None:
    for trained in (poor, good):
        store.decide(trained)
    store.rollback()
    store.decide(good)
    assert store.version(CHAMPION) == "1"


def test_rollback_is_one_command_that_says_how_to_publish(store: Store, poor: Trained, good: Trained) -> None:
    store.decide(poor)
    store.decide(good)
    stale = store.folder / "models" / "zero_sales-2018-W34-0" / "published"
    stale.mkdir(parents=True)
    completed = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", store.folder])
    assert completed.returncode == 0, completed.stdout
    assert "version 1 is the champion of zero_sales again" in completed.stdout
    assert "luigi --module orchestration StockoutPipeline" in completed.stdout
    assert not stale.exists()


def test_rollback_without_a_champion_is_one_sentence(tmp_path: Path) -> None:
    completed = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", tmp_path])
    assert completed.returncode == 1
    assert "has no champion: there is nothing to go back from" in completed.stdout
    assert "Traceback" not in completed.stdout
