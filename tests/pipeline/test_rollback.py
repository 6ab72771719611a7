"""The way back, in real registries: to the champion before, which is pinned until somebody lifts the pin."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from data.snapshots import MODEL_NAME
from feature_service.bundle import CONTRACT_FILE
from orchestration.published_runs import SNAPSHOT_FILE
from tests.support.preloaded import run_preloaded
from tests.support.stores import ZERO_SALES, Store
from tests.support.training_fixtures import Trained
from training.errors import RegistryError
from training.registry.aliases import CHAMPION, set_aliases
from training.registry.ledger import KEPT, LIFTED, PROMOTED, ROLLED_BACK, Entry
from training.registry.question import Question
from training.registry.versions import register


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


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


def test_a_rollback_pins_until_the_pin_is_lifted(
    store: Store, poor: Trained, good: Trained, four_weeks_before: Trained
) -> None:
    store.decide(poor)
    store.decide(good)
    store.rollback()
    kept = store.decide(four_weeks_before)
    assert (kept.action, store.champion) == (KEPT, "1")
    rolled_back = store.lines()[2]
    assert kept.reasons[0] == (
        f"the champion is version 1, pinned since {rolled_back['at']} by me: lift the pin with "
        "python -m orchestration.rollback --lift --work-dir DIR --label zero_sales"
    )
    assert kept.reasons[1].startswith("without the pin: promoted: its average precision is above the champion's")
    lifted = store.lift_pin()
    assert (lifted.action, lifted.champion_after) == (LIFTED, "1")
    assert [line["action"] for line in store.lines()] == [PROMOTED, PROMOTED, ROLLED_BACK, KEPT, LIFTED]
    assert store.decide(four_weeks_before).action == KEPT  # decided on once
    with pytest.raises(RegistryError, match="the champion of 'zero_sales' is not pinned: there is nothing to lift"):
        store.lift_pin()


def test_after_a_pin_is_lifted_promotions_and_rollbacks_go_on(
    store: Store, poor: Trained, good: Trained, four_weeks_before: Trained
) -> None:
    for trained in (four_weeks_before, good):  # twice, so that a version has had its pin lifted before
        store.decide(poor)
        assert store.decide(trained).action == PROMOTED
        assert store.rollback().champion_after == "1"
        assert store.lift_pin().champion_after == "1"
        assert not store.pinned
    with pytest.raises(RegistryError, match="no earlier champion"):
        store.rollback()


def test_a_pin_holds_for_every_work_dir_of_the_registry_and_can_be_lifted_from_each(
    store: Store, poor: Trained, good: Trained, four_weeks_before: Trained, tmp_path: Path
) -> None:
    other = Store(tmp_path / "other", store.uri)
    store.decide(poor)
    store.decide(good)
    store.rollback()
    kept = other.decide(four_weeks_before)
    assert (kept.action, other.champion) == (KEPT, "1")
    assert "pinned since" in kept.reasons[0]
    assert other.lift_pin(ZERO_SALES).action == LIFTED
    assert not store.pinned


def test_a_rollback_that_was_killed_is_finished_by_the_next_decision_and_pins(
    store: Store, poor: Trained, good: Trained, four_weeks_before: Trained
) -> None:
    store.decide(poor)
    store.decide(good)
    undo_all_but_the_ledger(store, store.rollback)
    assert (store.version("champion-zero_sales"), store.pinned) == ("2", False)
    assert store.decide(four_weeks_before).action == KEPT
    assert (store.version(CHAMPION), store.pinned) == ("1", True)


def test_a_rollback_that_was_killed_and_is_asked_for_again_goes_one_step_back_and_not_two(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(poor)
    store.decide(good)
    undo_all_but_the_ledger(store, store.rollback)
    assert store.rollback().champion_after == "1"
    assert [line["action"] for line in store.lines()] == [PROMOTED, PROMOTED, ROLLED_BACK]
    assert (store.version(CHAMPION), store.pinned) == ("1", True)


def undo_all_but_the_ledger(store: Store, rollback: Callable[[], Entry]) -> None:
    """As if the process had died as soon as the line was written."""
    client = MlflowClient(store.uri)
    tags = client.get_model_version(MODEL_NAME, "2").tags
    rollback()
    client.delete_registered_model_tag(MODEL_NAME, "pinned-zero_sales")
    set_aliases({CHAMPION: "2", "champion-zero_sales": "2"}, store.uri)
    for name in ("promotion", "promotion_at"):
        client.set_model_version_tag(MODEL_NAME, "2", name, tags[name])


def test_a_pinned_champion_that_cannot_be_published_any_more_is_told_and_not_replaced(
    store: Store, poor: Trained, good: Trained, four_weeks_before: Trained
) -> None:
    store.decide(poor)
    store.decide(good)
    store.rollback()
    for kept in store.folder.rglob(CONTRACT_FILE):
        kept.write_text(kept.read_text(encoding="utf-8").replace('"seed-18"', '"seed-17"'), encoding="utf-8")
    with pytest.raises(RegistryError, match="'seed-17', which is not computed any more, so nothing can be published"):
        store.decide(four_weeks_before)
    assert store.version(CHAMPION) == "1"


def test_rollback_is_one_command_that_says_how_to_publish(store: Store, poor: Trained, good: Trained) -> None:
    store.decide(poor)
    store.decide(good)
    stale = store.folder / "models" / "zero_sales-2018-W34-0" / "published" / "here" / SNAPSHOT_FILE
    stale.parent.mkdir(parents=True)
    stale.touch()
    completed = run_preloaded([sys.executable, "-m", "orchestration.rollback", "--work-dir", store.folder])
    assert completed.returncode == 0, completed.stdout
    assert "version 1 is the champion of zero_sales again" in completed.stdout
    lift = f"python -m orchestration.rollback --lift --work-dir {store.folder} --label zero_sales"
    assert f"it is pinned: no run promotes another until {lift}" in completed.stdout.splitlines()
    assert completed.stdout.splitlines()[-1] == (
        "no run of this question has published from this work dir: "
        f"run the pipeline with --label zero_sales --work-dir {store.folder}"
    )
    assert not stale.exists()
    assert store.pinned
    lifted = run_preloaded([sys.executable, *lift.split()[1:]])
    assert lifted.returncode == 0, lifted.stdout
    assert lifted.stdout.startswith("the pin of zero_sales is lifted: version 1 is the champion until a run promotes")
    assert not store.pinned


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


def test_a_rollback_in_a_copied_work_dir_says_where_the_decisions_were_made(
    store: Store, poor: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store.decide(poor)
    copy = shutil.copytree(store.folder, tmp_path_factory.mktemp("elsewhere") / "copy")
    completed = run_preloaded([sys.executable, "-m", "orchestration.rollback", "--work-dir", copy])
    assert completed.returncode == 1
    assert f"were made in the registry {store.uri}, not in sqlite:///{copy}" in completed.stdout
    assert "if the work dir was copied or moved, roll back where it was then" in completed.stdout
    assert store.version(CHAMPION) == "1"


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
    completed = run_preloaded([*command, "--horizon-weeks", "4"])
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


def test_rollback_without_a_champion_is_one_sentence(tmp_path: Path) -> None:
    completed = run_preloaded([sys.executable, "-m", "orchestration.rollback", "--work-dir", tmp_path])
    assert completed.returncode == 1
    assert "has no champion: there is nothing to go back from" in completed.stdout
    assert "Traceback" not in completed.stdout
