import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse, StockoutRiskResult

from data.snapshot import Snapshot
from feature_service.server import wire
from feature_service.server.assessor import Risk
from feature_service.server.questions import RiskQuestion
from feature_service.server.serving import ServingSnapshot
from feature_service.server.statuses import status_of
from tests.support.snapshots import AS_OF_WEEK, EXCLUDED, product_id
from training.bundle import Bundle

IDS = st.one_of(
    st.integers(0, 199).map(product_id),
    st.sampled_from(sorted(EXCLUDED)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)


@given(st.lists(IDS, max_size=30), st.sampled_from([None, dt.date(2018, 8, 26), dt.date(2018, 7, 17)]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_joined_bytes_are_the_message_that_protobuf_would_build(
    serving: ServingSnapshot, snapshot: Snapshot, bundle: Bundle, product_ids: list[str], as_of: dt.date | None
) -> None:
    column = serving.assessor.column(as_of)
    answers = serving.assessor.risks(product_ids, column)
    week = serving.assessor.week(column)
    plain = AssessStockoutRisksResponse(
        provenance=wire.provenance_of(snapshot, bundle.contract, week),
        results=[
            StockoutRiskResult(product_id=each, risk=wire.risk_message(answer))
            if isinstance(answer, Risk)
            else StockoutRiskResult(product_id=each, error=status_of(answer)[1])
            for each, answer in zip(product_ids, answers, strict=True)
        ],
    )
    joined = serving.risks(RiskQuestion(product_ids, as_of, horizon_weeks=0))
    assert AssessStockoutRisksResponse.FromString(joined) == plain
    assert len(joined) == plain.ByteSize()


def test_an_answer_is_kept_only_for_ids_that_the_snapshot_names(serving: ServingSnapshot) -> None:
    entries = wire.RiskEntries(serving.assessor)
    named = [product_id(0), product_id(1), *EXCLUDED]
    for each in (*named, "made up", "made up too"):
        assert entries[each] == entries[each]
    assert set(entries) == set(named)


@pytest.mark.parametrize("as_of", [None, AS_OF_WEEK + dt.timedelta(days=6), AS_OF_WEEK + dt.timedelta(days=12)])
def test_every_day_of_the_newest_week_gets_the_same_bytes(serving: ServingSnapshot, as_of: dt.date | None) -> None:
    product_ids = [product_id(number) for number in range(200)]
    newest = serving.risks(RiskQuestion(product_ids, None, 0))
    assert serving.risks(RiskQuestion(product_ids, as_of, 0)) == newest
