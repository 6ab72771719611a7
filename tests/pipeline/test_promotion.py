"""Decisions on real registered versions: the aliases, the ledger, and the way back."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from data.panel import Panel
from data.snapshots import MODEL_NAME
from feature_service.bundle import CONTRACT_FILE
from orchestration.published_runs import SNAPSHOT_FILE
from tests.support.processes import run
from tests.support.stores import ZERO_SALES, Store
from tests.support.training_fixtures import Trained, run_training_stages, training_panel
from training.errors import RegistryError
from training.recipes import Recipe
from training.registry.aliases import CHALLENGER, CHAMPION, set_aliases
from training.registry.ledger import KEPT, PROMOTED, ROLLED_BACK
from training.registry.question import Question
from training.registry.versions import register


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


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_better_model_takes_over(store: Store, poor: Trained, good: Trained) -> None:
    first, second = store.decide(poor), store.decide(good)
    assert "first model" in first.reasons[0]
    assert second.action == PROMOTED, second.reasons
    assert "above the champion's by more than the noise" in second.reasons[0]
    assert store.champion == "2"


def test_a_poorer_model_stays_challenger_and_the_champion_is_still_what_is_fetched(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(good)
    second = store.decide(poor)
    assert second.action == KEPT
    assert (store.version(CHAMPION), store.version(CHALLENGER)) == ("1", "2")
    assert store.champion == "1"


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


def test_each_question_has_a_champion_of_its_own_and_the_alias_of_all_keeps_its_question(
    store: Store, poor: Trained, trained: Trained
) -> None:
    store.decide(poor)
    assert store.decide(trained, Question("zero_sales", 2)).action == PROMOTED
    assert store.version("champion-zero_sales") == "1"
    assert store.version("champion-zero_sales-2-weeks") == "2"
    assert store.version(CHAMPION) == "1"


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
    stale = store.folder / "models" / "zero_sales-2018-W34-0" / "published" / "here" / SNAPSHOT_FILE
    stale.parent.mkdir(parents=True)
    stale.touch()
    completed = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", store.folder])
    assert completed.returncode == 0, completed.stdout
    assert "version 1 is the champion of zero_sales again" in completed.stdout
    assert completed.stdout.splitlines()[-1] == (
        "no run of this question has published from this work dir: "
        f"run the pipeline with --label zero_sales --work-dir {store.folder}"
    )
    assert not stale.exists()


def test_a_rollback_in_a_copied_work_dir_says_where_the_decisions_were_made(
    store: Store, poor: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store.decide(poor)
    copy = shutil.copytree(store.folder, tmp_path_factory.mktemp("elsewhere") / "copy")
    completed = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", copy])
    assert completed.returncode == 1
    assert f"were made in the registry {store.uri}, not in sqlite:///{copy}" in completed.stdout
    assert "if the work dir was copied or moved, roll back where it was then" in completed.stdout
    assert store.version(CHAMPION) == "1"


def test_two_questions_with_different_alphas_are_two(store: Store, poor: Trained, trained: Trained) -> None:
    names = [Question("unusual_zero", 4, alpha).name for alpha in (0.05, 0.5, 1e-07)]
    assert names == ["unusual_zero-4-weeks", "unusual_zero-4-weeks-alpha-0_5", "unusual_zero-4-weeks-alpha-1e-07"]
    store.decide(poor, Question("unusual_zero", 4))
    assert "first model" in store.decide(trained, Question("unusual_zero", 4, 0.5)).reasons[0]
    assert store.version("champion-unusual_zero-4-weeks-alpha-0_5") == "2"


def test_a_champion_that_answers_another_question_gives_way(store: Store, trained: Trained, good: Trained) -> None:
    reference = register(trained.candidate, trained.evaluation, trained.predictions, "zero_sales 2018-W34", store.uri)
    set_aliases({"champion-inventory": reference.version}, store.uri)
    entry = store.decide(good, Question("inventory"))
    assert entry.reasons[0] == "version 1, the champion so far, answers another question"
    assert store.version("champion-inventory") == "2"


def test_a_champion_whose_features_are_not_computed_any_more_gives_way(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(good)
    for kept in store.folder.rglob(CONTRACT_FILE):
        kept.write_text(kept.read_text(encoding="utf-8").replace('"seed-18"', '"seed-17"'), encoding="utf-8")
    entry = store.decide(poor)
    assert entry.reasons[0] == (
        "version 1, the champion so far, takes the feature set 'seed-17', which is not computed any more"
    )
    assert store.champion == store.version(CHAMPION) == "2"


def test_what_another_work_dir_has_promoted_since_stays(store: Store, poor: Trained, trained: Trained) -> None:
    store.decide(poor)
    reference = register(trained.candidate, trained.evaluation, trained.predictions, "zero_sales 2018-W34", store.uri)
    set_aliases({"champion-zero_sales": reference.version}, store.uri)
    store.decide(poor)
    assert store.champion == "2"
    with_an_earlier_champion(store)
    with pytest.raises(RegistryError, match="version 2 is the champion of 'zero_sales', and the ledger"):
        store.rollback(ZERO_SALES)


def with_an_earlier_champion(store: Store) -> None:
    (line,) = store.lines()
    with store.ledger.open("a") as file:
        file.write(json.dumps({**line, "version": "9", "champion_after": "9"}) + "\n")


def test_a_ledger_of_before_is_read_and_its_question_can_be_rolled_back(
    store: Store, poor: Trained, good: Trained
) -> None:
    asked = Question("zero_sales", 4)
    store.decide(poor, asked)
    store.decide(good, asked)
    old = [
        {**{name: value for name, value in line.items() if name not in ("question", "horizon_weeks", "alpha")}}
        | {"label": "zero_sales-4-weeks"}
        for line in store.lines()
    ]
    store.ledger.write_text("".join(f"{json.dumps(line)}\n" for line in old))
    command = [sys.executable, "-m", "orchestration.rollback", "--work-dir", str(store.folder), "--label", "zero_sales"]
    completed = run([*command, "--horizon-weeks", "4"])
    assert completed.returncode == 0, completed.stdout
    assert "--label zero_sales --horizon-weeks 4 --work-dir" in completed.stdout
    assert store.version("champion-zero_sales-4-weeks") == "1"


def test_a_ledger_that_begins_with_a_rollback_says_that_it_knows_no_earlier_champion(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(poor)
    store.decide(good)
    store.rollback()
    store.ledger.write_text(store.ledger.read_text().splitlines(keepends=True)[-1])
    with pytest.raises(RegistryError, match="names no earlier champion"):
        store.rollback()


def test_a_line_that_a_dying_run_left_half_written_is_cut_off(store: Store, poor: Trained, good: Trained) -> None:
    store.decide(poor)
    with store.ledger.open("a") as file:
        file.write('{"action": "prom')
    assert store.decide(good).action == PROMOTED
    assert [line["version"] for line in store.lines()] == ["1", "2"]


def test_a_decision_whose_run_was_killed_before_it_acted_is_carried_out_before_the_next(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(poor)
    client = MlflowClient(store.uri)
    client.delete_registered_model_alias(MODEL_NAME, "champion-zero_sales")
    client.delete_model_version_tag(MODEL_NAME, "1", "promotion")
    assert store.decide(good).champion_before == "1"


def test_rollback_without_a_champion_is_one_sentence(tmp_path: Path) -> None:
    completed = run([sys.executable, "-m", "orchestration.rollback", "--work-dir", tmp_path])
    assert completed.returncode == 1
    assert "has no champion: there is nothing to go back from" in completed.stdout
    assert "Traceback" not in completed.stdout
