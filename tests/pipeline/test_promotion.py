"""Decisions on real registered versions: the aliases, and the ledger."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from data.snapshots import MODEL_NAME, ModelReference
from data.snapshots.scorer_record import Figure
from feature_service.bundle import CONTRACT_FILE
from tests.support.outcomes import challenger_record
from tests.support.stores import ZERO_SALES, Store
from tests.support.training_fixtures import Trained
from training.evaluation.figures import read_evaluation
from training.registry.aliases import CHALLENGER, CHAMPION, at_alias, set_aliases
from training.registry.judgement import Challenger, judge
from training.registry.ledger import KEPT, PROMOTED
from training.registry.question import Question
from training.registry.versions import register
from training.training_record import TRAINING_FILE


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_better_model_takes_over(store: Store, poor: Trained, good: Trained) -> None:
    first, second = store.decide(poor), store.decide(good)
    assert "first model" in first.reasons[0]
    assert second.action == PROMOTED, second.reasons
    assert "above the champion's by more than the noise" in second.reasons[0]
    assert store.champion == "2"


def test_the_champions_recipe_on_newer_weeks_takes_over_though_it_is_no_better(
    store: Store, four_weeks_before: Trained, good: Trained
) -> None:
    assert store.decide(four_weeks_before).case == "first"
    second = store.decide(good)
    assert (second.action, second.case, store.champion) == (PROMOTED, "refresh", "2"), second.reasons
    assert "the newest 12 weeks (4 of them later than the champion's training)" in second.reasons[0]
    assert "average_precision less the champion's on 12 weeks, 4 of them newer" in second.figures
    assert store.lines()[-1]["case"] == "refresh"


def test_the_champions_recipe_on_older_weeks_has_to_earn_its_place(
    store: Store, four_weeks_before: Trained, good: Trained
) -> None:
    store.decide(good)
    second = store.decide(four_weeks_before)
    assert (second.action, second.case) == (KEPT, "replacement")
    assert second.reasons[-1] == "it is no refresh: its data reach no later week than the champion's, 2018-08-13"


def test_a_refresh_from_half_of_the_products_is_refused(
    store: Store, four_weeks_before: Trained, half: Trained
) -> None:
    store.decide(four_weeks_before)
    second = store.decide(half)
    assert (second.action, second.case) == (KEPT, "refresh")
    assert "are shops or products missing from the input?" in second.reasons[0]


def test_how_a_version_was_made_is_read_from_the_registry(
    store: Store, four_weeks_before: Trained, good: Trained
) -> None:
    """One of before does not say its row budget, and is refreshed; one of another row budget is not."""
    store.decide(four_weeks_before)
    (record,) = store.folder.rglob(f"artifacts/training/{TRAINING_FILE}")
    fields = json.loads(record.read_text())
    record.write_text(json.dumps({**fields, "row_budget": 1_000}))
    assert store.decide(good).reasons[-1] == "it is no refresh of the champion, from which it differs in row budget"
    del fields["row_budget"], fields["calibration_weeks"]
    record.write_text(json.dumps(fields))
    reference = Challenger(
        ModelReference(MODEL_NAME, "2", str(MlflowClient(store.uri).get_model_version(MODEL_NAME, "2").run_id)),
        read_evaluation(good.evaluation),
        good.predictions,
        good.table,
    )
    champion = at_alias(CHAMPION, store.uri)
    judgement = judge(reference, champion, ZERO_SALES, store.uri)
    assert (judgement.case, judgement.decision.promote) == ("refresh", True)


def test_a_poorer_model_stays_challenger_and_the_champion_is_still_what_is_fetched(
    store: Store, poor: Trained, good: Trained
) -> None:
    store.decide(good)
    second = store.decide(poor)
    assert second.action == KEPT
    assert (store.version(CHAMPION), store.version(CHALLENGER)) == ("1", "2")
    assert store.champion == "1"


def test_a_decision_tells_how_the_challenger_so_far_did_in_weeks_that_are_over(
    store: Store, poor: Trained, good: Trained, half: Trained
) -> None:
    store.decide(good)
    assert store.decide(poor).action == KEPT
    met = replace(challenger_record(Figure(0.25, 0.15, 0.35)), model_version="2", champion_version="1", weeks=4)
    others = [replace(met, champion_version="3"), replace(met, model_version="3"), replace(met, weeks=3)]
    entry = store.decide(half, live=[*others, met])
    assert entry.reasons[-1] == (
        "version 2, the challenger so far, beside version 1 on 4 weeks that are over, up to 2024-W20: average "
        "precision unknown against unknown, difference 0.0120 [-0.0040, 0.0300]; this is told and decides nothing"
    )
    assert sum("the challenger so far" in reason for reason in entry.reasons) == 1


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
