"""A past week is answered by the model that answered when the week was new, where it is still here."""

import asyncio
import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse, StreamStockoutRisksResponse

from data.panel import Panel
from data.snapshots import AlertRule, ModelReference, load, publish
from data.snapshots.published_models import PublishedModel, model_of_week
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bound, Bundle, Contract, LabelContract
from feature_service.server.scoring.queries import RiskQuery
from feature_service.server.serving.snapshot import ServingSnapshot
from tests.support.snapshots import publish_snapshot, synthetic_panel

PANEL = synthetic_panel(products=60)
WEEKS_THEN = 9
THEN, NOW = ModelReference("stockout_risk", "1", "then"), ModelReference("stockout_risk", "2", "now")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot of a past week with one model, and today's with another."""
    base = tmp_path_factory.mktemp("replay")
    for name, trees in (("then", 3), ("now", 20)):
        publish_snapshot(base / name / "snapshots", PANEL, trees=trees)
    eligible = eligible_of(base)
    root = base / "snapshots"
    publish(cut(PANEL), eligible[:, :WEEKS_THEN], base / "then" / "bundle", THEN, root)
    publish(PANEL, eligible, base / "now" / "bundle", NOW, root)
    return base


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder of snapshots, to be changed."""
    return shutil.copytree(made / "snapshots", tmp_path / "snapshots")


def eligible_of(base: Path) -> np.ndarray:
    root = base / "now" / "snapshots"
    return load(root, (root / "CURRENT").read_text().strip()).eligible


def cut(panel: Panel) -> Panel:
    fields = {name: matrix[:, :WEEKS_THEN] for name, matrix in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[:WEEKS_THEN], fields=fields)


def sunday(weeks: int) -> dt.date:
    monday: dt.date = PANEL.weeks[weeks - 1].item()
    return monday + dt.timedelta(days=6)


def answers_of(root: Path, as_of: dt.date | None) -> AssessStockoutRisksResponse:
    answer = ServingSnapshot.load(root).risks(RiskQuery(PANEL.product_ids, as_of, 0))
    if isinstance(answer, bytes):
        return AssessStockoutRisksResponse.FromString(answer)

    async def waited_for() -> bytes:
        return await answer

    return AssessStockoutRisksResponse.FromString(asyncio.run(waited_for()))


def probabilities(response: AssessStockoutRisksResponse) -> list[float | None]:
    return [each.risk.probability if each.HasField("risk") else None for each in response.results]


def folder_of(root: Path, model: ModelReference) -> Path:
    (found,) = (path.parent for path in root.glob("*/manifest.json") if f'"{model.run_id}"' in path.read_text())
    return found


@pytest.mark.parametrize(
    ("weeks", "version"), [(WEEKS_THEN - 1, "2"), (WEEKS_THEN, "1"), (WEEKS_THEN + 1, "1"), (len(PANEL.weeks), "2")]
)
def test_the_model_of_then_answers_from_its_first_week_until_the_next_one_came(
    made: Path, weeks: int, version: str
) -> None:
    """Before the first snapshot there was no model: then today's answers."""
    assert answers_of(made / "snapshots", sunday(weeks)).provenance.model_version == version


def test_a_past_week_is_answered_as_it_was_then(made: Path, tmp_path: Path) -> None:
    publish(cut(PANEL), eligible_of(made)[:, :WEEKS_THEN], made / "then" / "bundle", THEN, tmp_path)
    then, replayed = answers_of(tmp_path, None), answers_of(made / "snapshots", sunday(WEEKS_THEN))
    assert list(replayed.results) != list(answers_of_todays_model(made, tmp_path).results)
    assert list(replayed.results) == list(then.results)
    assert replayed.provenance.threshold == then.provenance.threshold
    assert replayed.provenance.as_of_week == then.provenance.as_of_week


def answers_of_todays_model(made: Path, tmp_path: Path) -> AssessStockoutRisksResponse:
    alone = tmp_path / "alone"
    publish(PANEL, eligible_of(made), made / "now" / "bundle", NOW, alone)
    response = answers_of(alone, sunday(WEEKS_THEN))
    assert response.provenance.model_version == "2"
    return response


def test_a_past_week_has_the_alerts_of_the_policy_of_then_even_of_the_same_model(made: Path, tmp_path: Path) -> None:
    weeks = dt.date(2018, 7, 23), dt.date(2018, 8, 13)
    then, now = (AlertRule(f"probability {each}", each, 9.0, 0.5, 0.4, weeks) for each in (0.25, 0.75))
    bundle, eligible = made / "now" / "bundle", eligible_of(made)
    publish(cut(PANEL), eligible[:, :WEEKS_THEN], bundle, NOW, tmp_path, alerts=then)
    publish(PANEL, eligible, bundle, NOW, tmp_path, alerts=now)
    for as_of, rule in ((None, now), (sunday(WEEKS_THEN), then)):
        answers = answers_of(tmp_path, as_of)
        assert (answers.provenance.threshold, answers.provenance.alert_policy) == (rule.threshold, rule.policy)
        risks = [each.risk for each in answers.results if each.HasField("risk")]
        assert [each.alert for each in risks] == [each.probability >= rule.threshold for each in risks]
        assert any(each.alert for each in risks)


def test_a_stream_of_a_past_week_names_the_model_of_then(made: Path) -> None:
    async def streamed() -> list[bytes]:
        return [each async for each in ServingSnapshot.load(made / "snapshots").all_risks(sunday(WEEKS_THEN))]

    response = StreamStockoutRisksResponse.FromString(b"".join(asyncio.run(streamed())))
    single = answers_of(made / "snapshots", sunday(WEEKS_THEN))
    assert response.provenance == single.provenance
    assert list(response.results) == list(single.results)


def test_a_model_of_then_that_was_tampered_with_is_not_asked(root: Path) -> None:
    graph = folder_of(root, THEN) / "bundle" / MODEL_FILE
    graph.write_bytes(graph.read_bytes() + b"\0")
    assert answers_of(root, sunday(WEEKS_THEN)).provenance.model_version == "2"


def test_a_model_of_then_that_predicts_something_else_is_not_asked(made: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(made / "then" / "bundle", tmp_path / "bundle")
    contract = Bundle.load(bundle).contract
    other = dataclasses.replace(contract, label=dataclasses.replace(contract.label, name="inventory"))
    (bundle / CONTRACT_FILE).write_text(Contract.to_json(other))
    root = tmp_path / "snapshots"
    publish(cut(PANEL), eligible_of(made)[:, :WEEKS_THEN], bundle, THEN, root)
    publish(PANEL, eligible_of(made), made / "now" / "bundle", NOW, root)
    assert answers_of(root, sunday(WEEKS_THEN)).provenance.model_version == "2"


def test_another_way_to_tell_where_the_label_applies_is_no_other_question() -> None:
    label = LabelContract("zero_sales", "no sale", "SALES_ONLY", 1, (Bound("weeks_since_sale", at_most=3),))
    assert label.predicts_the_same_as(dataclasses.replace(label, applies_where=()))
    assert not label.predicts_the_same_as(dataclasses.replace(label, horizon_weeks=2))


def test_a_folder_that_is_no_snapshot_disturbs_nothing(root: Path) -> None:
    (root / "2018-W99-broken").mkdir()
    (root / "2018-W99-broken" / "manifest.json").write_text("{not json")
    shutil.rmtree(folder_of(root, THEN))
    assert answers_of(root, sunday(WEEKS_THEN)).provenance.model_version == "2"


def test_of_several_snapshots_of_a_week_the_last_published_counts() -> None:
    def model(week: int, published: int, version: str) -> PublishedModel:
        days = dt.datetime(2018, 1, published, tzinfo=dt.UTC)
        return PublishedModel(dt.date(2018, 1, week), days, ModelReference("m", version, ""), Path(version))

    models = [model(8, 1, "a"), model(8, 2, "b"), model(1, 3, "late for an old week"), model(22, 4, "c")]
    chosen = {week: model_of_week(models, dt.date(2018, 1, week)) for week in (1, 8, 15, 22)}
    assert {week: each.model.version for week, each in chosen.items() if each} == {
        1: "late for an old week",
        8: "b",
        15: "b",
        22: "c",
    }
    assert model_of_week(models, dt.date(2017, 12, 25)) is None
