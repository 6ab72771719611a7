"""What the challenger gave is told to who asks, changes nothing else, and is not told of what it was not asked."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    ListStockoutRisksResponse,
    StockoutRisk,
    StreamStockoutRisksResponse,
)

from data.snapshots import Challenger, ChallengerScores, ModelReference, Snapshot, load, publish
from feature_service.bundle import Bundle
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.queries import ListQuery, RankFilter, RiskQuery
from feature_service.server.serving.count_log import StockCount
from feature_service.server.serving.snapshot import ServingSnapshot
from orchestration.challenger import newest_scores
from tests.support.snapshots import (
    FEATURE_SET,
    LEAD_TIME_DAYS,
    MODEL,
    fitted_forest,
    publish_snapshot,
    synthetic_panel,
    write_bundle,
)

PANEL = synthetic_panel(products=200)
IDS = [*PANEL.product_ids, "nobody"]
WEEKS_THEN = 11
ANSWERED_THEN, ONLY_KNOWN = (PANEL.weeks[weeks - 1].item() + dt.timedelta(days=6) for weeks in (WEEKS_THEN, 10))


@dataclass(frozen=True)
class Shadowed:
    """The same panel published with a challenger and without, after a past week with another one."""

    alone: ServingSnapshot
    beside: ServingSnapshot
    scores: ChallengerScores


def score(snapshot: Snapshot, bundle: Bundle, version: str) -> ChallengerScores:
    reference = ModelReference(MODEL.name, version, "run")
    return ChallengerScores(Challenger(reference, FEATURE_SET, 0.625), newest_scores(snapshot, bundle).probabilities)


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory) -> Shadowed:
    folder = tmp_path_factory.mktemp("shadowed")
    now = load(folder / "alone", publish_snapshot(folder / "alone", PANEL))
    write_bundle(folder / "other", fitted_forest(PANEL, trees=3, depth=2))
    bundle, root = Bundle.load(folder / "other"), folder / "beside"
    fields = {name: matrix[:, :WEEKS_THEN] for name, matrix in PANEL.fields.items()}
    panel = dataclasses.replace(now.panel, weeks=PANEL.weeks[:WEEKS_THEN], fields=fields)
    then = dataclasses.replace(now, panel=panel, eligible=now.eligible[:, :WEEKS_THEN])
    for each, scores in ((then, score(then, bundle, "8")), (now, score(now, bundle, "9"))):
        publish(each.panel, each.eligible, each.bundle_dir, MODEL, root, challenger=scores)
    return Shadowed(ServingSnapshot.load(folder / "alone"), ServingSnapshot.load(root), scores)


def asked(
    serving: ServingSnapshot,
    ids: Sequence[str] = IDS,
    as_of: dt.date | None = None,
    stock: NewerStock | None = None,
    *,
    challenger: bool = True,
) -> AssessStockoutRisksResponse:
    async def answer() -> bytes:
        given = serving.risks(RiskQuery(ids, as_of, 0, stock, challenger))
        return await given if isinstance(given, Awaitable) else given

    return AssessStockoutRisksResponse.FromString(asyncio.run(answer()))


def without(message: StockoutRisk) -> StockoutRisk:
    """As it would be told to who does not ask."""
    plain = StockoutRisk()
    plain.CopyFrom(message)
    plain.ClearField("challenger_probability")
    plain.ClearField("challenger_alert")
    return plain


def told(response: AssessStockoutRisksResponse) -> dict[str, float | None]:
    """What the challenger gives each product with a risk."""
    risks = {each.product_id: each.risk for each in response.results if each.HasField("risk")}
    return {
        each: risk.challenger_probability if risk.HasField("challenger_probability") else None
        for each, risk in risks.items()
    }


def test_who_does_not_ask_is_answered_as_if_there_were_none(shadowed: Shadowed) -> None:
    plain, beside = (asked(each, challenger=False) for each in (shadowed.alone, shadowed.beside))
    assert not beside.provenance.HasField("challenger")
    for each in (plain, beside):
        each.ClearField("provenance")
    assert beside.SerializeToString(deterministic=True) == plain.SerializeToString(deterministic=True)
    entries = [[serving.now.risks[one] for one in IDS] for serving in (shadowed.alone, shadowed.beside)]
    assert entries[0] == entries[1]


def test_who_asks_is_told_the_kept_scores_and_nothing_else_changes(shadowed: Shadowed) -> None:
    response, plain = asked(shadowed.beside), asked(shadowed.beside, challenger=False)
    challenger = response.provenance.challenger
    assert (challenger.model_version, challenger.feature_set, challenger.threshold) == ("9", FEATURE_SET, 0.625)
    scores, alerts = (
        dict(zip(PANEL.product_ids, values.tolist(), strict=True))
        for values in (shadowed.scores.probabilities, shadowed.scores.alerts)
    )
    risks = [(each, before) for each, before in zip(response.results, plain.results, strict=True)]
    assert len({each.risk.challenger_alert for each, _ in risks if each.HasField("risk")}) == 2
    for each, before in risks:
        assert each.WhichOneof("outcome") == before.WhichOneof("outcome")
        assert without(each.risk) == before.risk
        if each.HasField("risk"):
            assert each.risk.challenger_probability == scores[each.product_id]
            assert each.risk.challenger_alert == alerts[each.product_id]
    assert not asked(shadowed.alone).provenance.HasField("challenger")
    assert set(told(asked(shadowed.alone)).values()) == {None}


def test_lists_and_streams_tell_the_same(shadowed: Shadowed) -> None:
    known = told(asked(shadowed.beside))

    async def streamed() -> list[StreamStockoutRisksResponse]:
        messages = shadowed.beside.all_risks(None, include_challenger=True)
        return [StreamStockoutRisksResponse.FromString(each) async for each in messages]

    first, *others = asyncio.run(streamed())
    assert first.provenance.challenger.model_version == "9"
    in_stream = AssessStockoutRisksResponse(results=[each for part in (first, *others) for each in part.results])
    assert told(in_stream) == known
    pages = [shadowed.beside.page(ListQuery(RankFilter(), 1000, "", each)) for each in (False, True)]
    plain, page = map(ListStockoutRisksResponse.FromString, pages)
    assert {each.product_id: each.risk.challenger_probability for each in page.risks} == known
    assert [(each.rank, each.product_id, without(each.risk)) for each in page.risks] == [
        (each.rank, each.product_id, each.risk) for each in plain.risks
    ]


def test_of_another_stock_or_lead_time_than_the_snapshots_nothing_is_told(shadowed: Shadowed) -> None:
    first, second, third = list(told(asked(shadowed.beside)))[:3]
    stock = NewerStock(np.array([3.0, np.nan, np.nan]), np.array([np.nan, 9.0, LEAD_TIME_DAYS]))
    answer = asked(shadowed.beside, [first, second, third], None, stock)
    assert told(answer) == {first: None, second: None, third: told(asked(shadowed.beside))[third]}
    assert [each.risk.HasField("challenger_alert") for each in answer.results] == [False, False, True]
    monday = PANEL.weeks[-1].item() + dt.timedelta(weeks=1)
    counted = told(asked(shadowed.beside.with_counts([StockCount(1, third, monday, 4.0)])))
    assert counted[third] is None
    assert counted[first] is not None


def test_a_past_week_is_told_with_the_challenger_of_then_and_a_week_that_was_not_published_with_none(
    shadowed: Shadowed,
) -> None:
    then = asked(shadowed.beside, as_of=ANSWERED_THEN)
    assert (then.provenance.challenger.model_version, then.provenance.model_version) == ("8", MODEL.version)
    assert None not in told(then).values()
    known = asked(shadowed.beside, as_of=ONLY_KNOWN)
    assert not known.provenance.HasField("challenger")
    assert set(told(known).values()) == {None}
